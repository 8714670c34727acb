using System.Numerics.Tensors;
using Managed.Kernels.Linear;

namespace Managed.Kernels.Experts;

/// <summary>The rows that experts read, expert by expert: rounded to 8 bits, as they are, or both.</summary>
internal sealed unsafe class ExpertInputWork(WorkerRooms rooms) : RowsWork(rooms)
{
    private Rows input;
    private ExpertSlots slots = null!;
    private QuantisedInput? rounded;
    private Rows? copies;

    /// <param name="input">// [tokens, columns]</param>
    /// <param name="slots">Which row goes where.</param>
    /// <param name="rounded">Null: rounded rows are not wanted. // [slots, columns]</param>
    /// <param name="copies">Null: plain rows are not wanted. // [slots, columns]</param>
    public ExpertInputWork Set(in Rows input, ExpertSlots slots, in QuantisedInput? rounded, in Rows? copies)
    {
        (this.input, this.slots, this.rounded, this.copies) = (input, slots, rounded, copies);
        Set(slots.Total, (long)slots.Total * input.Width);
        return this;
    }

    protected override void Do(int row, int worker)
    {
        float* from = input.Row(slots.Tokens[row]);
        rounded?.QuantiseRow(row, from);
        if (copies is { } plain)
            new Span<float>(from, input.Width).CopyTo(plain.Values(row));
    }
}

/// <summary>output[t] = Σ_j weights[t, j] · parts[slots[t, j]], j ascending.</summary>
internal sealed unsafe class CombineWork(WorkerRooms rooms) : RowsWork(rooms)
{
    private Rows output, parts;
    private ExpertSlots slots = null!;

    public CombineWork Set(in Rows output, in Rows parts, ExpertSlots slots)
    {
        (this.output, this.parts, this.slots) = (output, parts, slots);
        Set(output.Count, (long)output.Count * output.Width * slots.Chosen);
        return this;
    }

    protected override void Do(int row, int worker) =>
        Sum(output.Values(row), parts, slots.Slots.Slice(row * slots.Chosen, slots.Chosen), slots.Weights.Slice(row * slots.Chosen, slots.Chosen));

    /// <summary>One token's sum.</summary>
    public static void Sum(Span<float> sum, in Rows parts, ReadOnlySpan<int> slots, ReadOnlySpan<float> weights)
    {
        sum.Clear();
        for (int j = 0; j < slots.Length; j++)
            TensorPrimitives.MultiplyAdd(parts.Values(slots[j]), weights[j], sum, sum);
    }
}
