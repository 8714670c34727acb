namespace Managed.Guards.Learning;

/// <summary>What one hook point held at the chosen tokens of some prompts: rows of float32, prompt after prompt.</summary>
public sealed class States
{
    private readonly List<float[]> rows = [];
    private readonly List<int> firstRow = [0];

    internal States(string hookPoint, int width)
    {
        HookPoint = hookPoint;
        Width = width;
    }

    /// <summary>The hook point's full name.</summary>
    public string HookPoint { get; }

    /// <summary>Elements of a row; heads lie side by side.</summary>
    public int Width { get; }

    /// <summary>Number of rows.</summary>
    public int Count => rows.Count;

    /// <summary>Number of prompts.</summary>
    public int Prompts => firstRow.Count - 1;

    /// <summary>One row.</summary>
    public ReadOnlySpan<float> this[int row] => rows[row];

    /// <summary>The rows of one prompt: the first, and behind the last.</summary>
    public (int First, int End) RowsOf(int prompt) => (firstRow[prompt], firstRow[prompt + 1]);

    /// <summary>All rows, packed: [rows, width].</summary>
    public float[] ToArray()
    {
        var packed = new float[rows.Count * Width];
        for (int row = 0; row < rows.Count; row++)
            rows[row].CopyTo(packed, row * Width);
        return packed;
    }

    internal IReadOnlyList<float[]> Rows => rows;

    /// <summary>Appends a prompt's rows.</summary>
    internal void Add(IEnumerable<float[]> added)
    {
        rows.AddRange(added);
        firstRow.Add(rows.Count);
    }

    /// <summary>Rows that were made elsewhere, each a prompt of its own.</summary>
    internal static States Of(string hookPoint, int width, IEnumerable<float[]> rows)
    {
        var states = new States(hookPoint, width);
        foreach (float[] row in rows)
            states.Add([row.Length == width ? row : throw new GuardException($"{hookPoint}: found a state of {row.Length} elements; expected {width}.")]);
        return states;
    }
}
