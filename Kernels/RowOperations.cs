using System.Numerics.Tensors;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <inheritdoc cref="IDevice.Norm"/>
internal sealed unsafe class NormWork(WorkerRooms rooms) : RowsWork(rooms), IRoundingWork
{
    private Rows output, input;
    private NormSettings settings = null!;
    private QuantisedInput? rounded;

    public NormWork Set(in Rows output, in Rows input, NormSettings settings)
    {
        (this.output, this.input, this.settings, rounded) = (output, input, settings, null);
        Set(input.Count, (long)input.Count * input.Width);
        return this;
    }

    public bool TryRound(in Rows output, in QuantisedInput rounded)
    {
        if (this.output != output)
            return false;
        this.rounded = rounded;
        return true;
    }

    protected override void Do(int row, int worker)
    {
        if (row + 1 < input.Count)
            Lanes.Prefetch(input.Row(row + 1), input.Width); // half of it was written by another core
        Do(output.Row(row), input.Row(row), input.Width, settings);
        rounded?.QuantiseRow(row, output.Row(row));
    }

    /// <summary>All segments of a row.</summary>
    public static void Do(float* output, float* input, int all, NormSettings settings)
    {
        int width = all / settings.Segments;
        for (int s = 0; s < settings.Segments; s++)
            Norm.Apply(output + (s * width), input + (s * width), width, settings, s);
    }
}

/// <inheritdoc cref="IDevice.Add"/>
internal sealed class AddWork(WorkerRooms rooms) : RowsWork(rooms)
{
    private Rows output, a, b;
    private float scale;

    public AddWork Set(in Rows output, in Rows a, in Rows b, float scale)
    {
        (this.output, this.a, this.b, this.scale) = (output, a, b, scale);
        Set(output.Count, (long)output.Count * output.Width);
        return this;
    }

    protected override void Do(int row, int worker)
    {
        if (scale == 1f)
            TensorPrimitives.Add(a.Values(row), b.Values(row), output.Values(row));
        else
            TensorPrimitives.MultiplyAdd(b.Values(row), scale, a.Values(row), output.Values(row));
    }
}

/// <inheritdoc cref="IDevice.Scale"/>
internal sealed class ScaleWork(WorkerRooms rooms) : RowsWork(rooms)
{
    private Rows output, input;
    private float scale;

    public ScaleWork Set(in Rows output, in Rows input, float scale)
    {
        (this.output, this.input, this.scale) = (output, input, scale);
        Set(output.Count, (long)output.Count * output.Width);
        return this;
    }

    protected override void Do(int row, int worker)
    {
        if (scale == 1f)
            input.Values(row).CopyTo(output.Values(row));
        else
            TensorPrimitives.Multiply(input.Values(row), scale, output.Values(row));
    }
}

/// <inheritdoc cref="IDevice.Activate"/>
internal sealed unsafe class ActivateWork(WorkerRooms rooms) : RowsWork(rooms)
{
    private Rows output, gate;
    private Rows? up;
    private ActivationKind kind;
    private float limit;

    public ActivateWork Set(in Rows output, in Rows gate, in Rows? up, ActivationKind kind, float limit)
    {
        (this.output, this.gate, this.up, this.kind, this.limit) = (output, gate, up, kind, limit);
        Set(output.Count, (long)output.Count * output.Width);
        return this;
    }

    protected override void Do(int row, int worker) =>
        Activations.Apply(output.Row(row), gate.Row(row), up is { } rows ? rows.Row(row) : null, output.Width, kind, limit);
}

/// <inheritdoc cref="IDevice.Keep(Memory{float}, Rows)"/>
internal sealed class KeepWork(WorkerRooms rooms) : RowsWork(rooms)
{
    private Memory<float> target;
    private Rows values;
    private int[] chosen = [];
    private bool all;

    /// <summary>What it reads.</summary>
    public DeviceBuffer Buffer => values.Buffer;

    public KeepWork Set(Memory<float> target, in Rows values)
    {
        (this.target, this.values, all) = (target, values, true);
        Set(values.Count, (long)values.Count * values.Width);
        return this;
    }

    public KeepWork Set(Memory<float> target, in Rows values, ReadOnlySpan<int> rows)
    {
        (this.target, this.values, all) = (target, values, false);
        if (chosen.Length < rows.Length)
            chosen = new int[rows.Length];
        rows.CopyTo(chosen);
        Set(rows.Length, (long)rows.Length * values.Width);
        return this;
    }

    /// <summary>Lets go of what was kept, which may be much.</summary>
    public void Forget() => target = default;

    protected override void Do(int row, int worker) =>
        values.Values(all ? row : chosen[row]).CopyTo(target.Span[(row * values.Width)..]);
}
