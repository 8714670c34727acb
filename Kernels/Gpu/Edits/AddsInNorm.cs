using ILGPU;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>
/// The adds of <see cref="AddsPrologue"/>, in a launch of many groups that all read the same rows: each adds for itself, and the rows are left as
/// they are; the first group writes down what they have become, and what the adds did. The bits are those of the prologue.
/// </summary>
/// <param name="items">Item t is token t's.</param>
/// <param name="positions">Of the tokens.</param>
/// <param name="memory">Programs and rows.</param>
/// <param name="edited">Where what the rows have become is written. // [tokens, columns]</param>
internal readonly struct AddsInNorm(ArrayView<EditItem> items, ArrayView<int> positions, EditMemory memory, RowsView edited) : INormEdit
{
    private readonly ArrayView<EditItem> items = items;
    private readonly ArrayView<int> positions = positions;
    private readonly EditMemory memory = memory;
    private readonly RowsView edited = edited;

    public static bool Edits => true;

    public int Count(int token) => items[token].Count;

    public Eight After(Eight x, int token, int column, int instructions)
    {
        EditItem item = items[token];
        int position = positions[token];
        for (int i = 0; i < instructions; i++)
        {
            var op = new EditStep(item, memory, item.First + i);
            if (op.Positions.Contains(position, item.PromptLength))
                x.MultiplyAdd(Eight.LoadAligned(memory.Numbers, op.Vector + column), op.Strength);
        }
        return x;
    }

    public int Settle(ArrayView<float> squares, int token)
    {
        EditItem item = items[token];
        int position = positions[token], applied = item.Count;
        bool reports = Grid.IdxX == 0 && Group.IdxX == 0;
        var state = new RowState(item, memory, position);
        // What this very launch notes is no failure before it: other groups may have been quicker.
        long here = ((long)position << 32) + item.Number;
        bool failed = memory.Failures[item.Failure] < here;
        if (failed)
            applied = 0;
        float before = RowSquares.Total(squares, token, 0);
        for (int i = 0; i < item.Count; i++)
        {
            var op = new EditStep(item, memory, item.First + i);
            float moved = float.NaN, after = RowSquares.Total(squares, token, i + 1);
            if (!failed && op.Positions.Contains(position, item.PromptLength))
            {
                moved = AddsPrologue.Moved(before, after, op.Strength * op.Norm);
                failed = !(MathF.Abs(moved) < float.PositiveInfinity);
                if (failed)
                {
                    applied = i + 1;
                    if (reports)
                        Atomic.Min(ref memory.Failures[item.Failure], here + i);
                }
            }
            before = after;
            if (reports)
                state.Write(op.Slot, moved);
        }
        return applied;
    }

    public void Store(Eight x, int token, int column) => x.StoreAligned(edited.Values, edited.Start(token) + column);
}
