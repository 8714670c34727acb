using ILGPU;

namespace Managed.Kernels.Gpu.Edits;

/// <summary>What is done to a row before it is normed, in the same launch.</summary>
internal interface INormPrologue
{
    /// <summary>Every thread of the group calls. Thread i has columns 8i …, 8(i + threads) …</summary>
    void Run(RowsView values, int token, ArrayView<float> shared);
}

/// <summary>Nothing.</summary>
internal readonly struct NoPrologue : INormPrologue
{
    public void Run(RowsView values, int token, ArrayView<float> shared)
    {
    }
}

/// <summary>
/// Adds of vectors that depend on nothing but the position: item t is token t's. The row has the bits that <see cref="EditKernels{TReduction}"/> gives it.
/// Steering then costs no launches of its own.
/// </summary>
internal readonly struct AddsPrologue(ArrayView<EditItem> items, ArrayView<int> positions, EditMemory memory, bool isAligned) : INormPrologue
{
    private readonly int isAligned = isAligned ? 1 : 0; // rows and vectors, in whole eights
    private readonly ArrayView<EditItem> items = items;
    private readonly ArrayView<int> positions = positions;
    private readonly EditMemory memory = memory;

    public void Run(RowsView values, int token, ArrayView<float> shared)
    {
        EditItem item = items[token];
        int position = positions[token];
        var state = new RowState(item, memory, position);
        bool failed = memory.Failures[item.Failure] != EditMemory.NoFailure;
        for (int i = 0; i < item.Count; i++)
        {
            var op = new EditStep(item, memory, item.First + i);
            float moved = float.NaN;
            if (!failed && op.Positions.Contains(position, item.PromptLength))
            {
                moved = Add(values, token, op, shared);
                failed = !(MathF.Abs(moved) < float.PositiveInfinity);
                if (failed && Group.IdxX == 0)
                    Atomic.Min(ref memory.Failures[item.Failure], ((long)position << 32) + item.Number + i);
            }
            if (Group.IdxX == 0)
                state.Write(op.Slot, moved);
        }
        Group.Barrier(); // who reads the row next may have other columns
    }

    // x += s·v; gives Moved.
    private float Add(RowsView values, int token, EditStep op, ArrayView<float> shared)
    {
        long start = values.Start(token), vector = op.Vector;
        float strength = op.Strength;
        Eight before = default, after = default;
        for (int column = 8 * Group.IdxX; column < values.Width; column += 8 * Group.DimX)
        {
            int rest = values.Width - column;
            Eight x, v;
            if (isAligned != 0)
            {
                x = Eight.LoadAligned(values.Values, start + column);
                v = Eight.LoadAligned(memory.Numbers, vector + column);
            }
            else
            {
                x = Eight.LoadFirst(values.Values, start + column, rest);
                v = Eight.LoadFirst(memory.Numbers, vector + column, rest);
            }
            before.MultiplyAdd(x, x);
            x.MultiplyAdd(v, strength);
            if (isAligned != 0)
                x.StoreAligned(values.Values, start + column);
            else
                x.StoreFirst(values.Values, start + column, rest);
            after.MultiplyAdd(x, x);
        }
        return Moved(WarpReduction.Sum(before.Sum(), shared), WarpReduction.Sum(after.Sum(), shared), strength * op.Norm);
    }

    /// <summary>How far a row moved as a share of its length; infinite where it is no longer finite.</summary>
    /// <param name="before">Its squares before.</param>
    /// <param name="after">And after.</param>
    /// <param name="moved">How far.</param>
    public static float Moved(float before, float after, float moved)
    {
        float length = MathF.Sqrt(before);
        return !(after < float.PositiveInfinity) ? float.PositiveInfinity : moved == 0 ? 0 : length == 0 ? 1 : MathF.Abs(moved) / length;
    }
}
