namespace Managed.Kernels.Edits;

/// <summary>A hook point of a program and its instructions there, in declared order.</summary>
/// <param name="Site">The hook point's number, ascending in forward order.</param>
/// <param name="First">The first of its instructions.</param>
/// <param name="Count">How many follow it, itself included.</param>
/// <param name="Width">Elements of a row there; 0: not known.</param>
internal readonly record struct EditSite(int Site, int First, int Count, int Width = 0);

/// <summary>
/// What a guard does to one row's forward pass: a table of instructions, hook point by hook point, and the vectors they use.
/// Rows that carry different programs are computed together; a row's instructions act on that row alone.
/// </summary>
internal sealed class EditProgram : IDisposable
{
    private int? addsOfWidth;

    /// <summary>The hook points, ascending.</summary>
    public required EditSite[] Sites { get; init; }

    /// <summary>In forward order.</summary>
    public required EditInstruction[] Instructions { get; init; }

    public required ConditionOp[] Conditions { get; init; }

    /// <summary>Everything that instructions multiply with.</summary>
    public required DeviceBuffer Vectors { get; init; }

    /// <summary>Elements that sparse adds change.</summary>
    public int[] Indices { get; init; } = [];

    /// <summary>A user's own code, by number.</summary>
    public CustomEdit[] Customs { get; init; } = [];

    /// <summary>Columns of a row's state: registers, then one for each edit.</summary>
    public required int Slots { get; init; }

    /// <summary>Of the columns, those that are registers.</summary>
    public required int Registers { get; init; }

    /// <summary>Vectors that a row records, each of this many elements.</summary>
    public int Buffers { get; init; }

    public int BufferWidth { get; init; }

    /// <summary>
    /// Whether a token after the prompt reads what the prompt's last token writes later in the pass, so that the prompt's end must
    /// end a step.
    /// </summary>
    public bool SplitsAtPromptEnd { get; init; }

    /// <summary>Whether every token reads what the one before it writes later in the pass: a step holds one token.</summary>
    public bool SplitsEverywhere { get; init; }

    /// <summary>Where all that it does is to add one vector at each of some hook points with rows of the same width: that width; 0: it is not so.</summary>
    public int AddsOfWidth => addsOfWidth ??=
        Array.TrueForAll(Sites, site => site.Count == 1 && site.Width == Sites[0].Width && Instructions[site.First].IsPlainAdd) && Sites.Length > 0 ? Sites[0].Width : 0;

    /// <summary>The program's instructions at a hook point; none: an empty range.</summary>
    public EditSite At(int site)
    {
        int low = 0, high = Sites.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            if (Sites[middle].Site == site)
                return Sites[middle];
            if (Sites[middle].Site < site)
                low = middle + 1;
            else
                high = middle - 1;
        }
        return default;
    }

    /// <summary>The first position that the program reads or edits, with such a prompt.</summary>
    public int FirstPosition(int promptLength)
    {
        int first = PositionRule.Unbounded;
        foreach (EditInstruction instruction in Instructions)
            first = Math.Min(first, instruction.Positions.FirstIn(promptLength));
        return first;
    }

    /// <summary>Whether it acts on the same positions whatever the prompt's length.</summary>
    public bool DependsOnPrompt => Array.Exists(Instructions, instruction => instruction.Positions.DependsOnPrompt);

    public void Dispose() => Vectors.Dispose();
}
