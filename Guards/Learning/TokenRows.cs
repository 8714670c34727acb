namespace Managed.Guards.Learning;

/// <summary>States with the token that follows each: what a head is trained on.</summary>
internal interface ITokenRows
{
    int Width { get; }

    int Count { get; }

    /// <summary>The state of a row, valid as long as the source is.</summary>
    ReadOnlySpan<float> State(int row);

    /// <summary>The token that follows it.</summary>
    int Next(int row);
}

/// <summary>Token rows in memory.</summary>
internal sealed class TokenRowsInMemory(int width) : ITokenRows
{
    private readonly List<float[]> states = [];
    private readonly List<int> next = [];

    public int Width => width;

    public int Count => states.Count;

    public ReadOnlySpan<float> State(int row) => states[row];

    public int Next(int row) => next[row];

    public void Add(float[] state, int token)
    {
        states.Add(state);
        next.Add(token);
    }
}

/// <summary>A text to train on: its tokens, and which of them are learned.</summary>
/// <param name="Ids">Token ids.</param>
/// <param name="Learned">For each token, whether predicting it counts; null: every token counts.</param>
public sealed record TrainingText(int[] Ids, bool[]? Learned = null);
