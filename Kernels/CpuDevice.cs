using System.Numerics.Tensors;
using Managed.Kernels.Guidance;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>The processor: vector instructions, weights in place, threads of its own. Each operation's arithmetic is in its own file.</summary>
internal sealed unsafe class CpuDevice : IDevice
{
    private readonly WorkerPool pool;
    private readonly LinearWork linear;
    private readonly AttentionWork attention;
    private readonly LogitWork logitWork;
    private readonly RowsWork rowsWork;
    private readonly HostMemory hostMemory = new();

    /// <param name="threads">Workers, the caller included; 0: one per core, at most 8.</param>
    public CpuDevice(int threads = 0)
    {
        pool = new WorkerPool(threads);
        linear = new LinearWork(pool.Count);
        attention = new AttentionWork(pool.Count);
        logitWork = new LogitWork(pool.Count);
        rowsWork = new RowsWork(pool.Count);
    }

    public string Name => $"cpu, {pool.Count} threads";

    public DeviceBuffer Allocate(long length) => new CpuBuffer(length);

    public Weight CreateWeight(in WeightSource source) => new CpuWeight(source);

    public void Prepare(IEnumerable<WeightType> types, Precision precision) => Rehearsal.Begin(types, precision);

    public DeviceBuffer Upload(ReadOnlySpan<float> values)
    {
        var buffer = new CpuBuffer(values.Length);
        values.CopyTo(new Span<float>(buffer.Data, values.Length));
        return buffer;
    }

    public void Synchronize()
    {
    }

    public Span<float> Span(DeviceBuffer buffer, long start, int length) => new(((CpuBuffer)buffer).Data + start, length);

    public Memory<float> RentHost(int length) => hostMemory.Rent(length);

    public void ReturnHost(Memory<float> memory) => hostMemory.Return(memory);

    public void Embed(Rows output, StepPlan plan, Weight table, float scale)
    {
        for (int t = 0; t < plan.Count; t++)
            Lookup(output.Row(t), (CpuWeight)table, plan.Tokens[t], scale);
    }

    public void EmbedPositions(Rows output, StepPlan plan, Weight table, int offset)
    {
        for (int t = 0; t < plan.Count; t++)
            Lookup(output.Row(t), (CpuWeight)table, plan.Positions[t] + offset, 1f);
    }

    private static void Lookup(float* output, CpuWeight table, int row, float scale)
    {
        var values = new Span<float>(output, table.Columns);
        table.ReadRow(values, row);
        if (scale != 1f)
            TensorPrimitives.Multiply(values, scale, values);
    }

    public void Norm(Rows output, Rows input, NormSettings settings) => rowsWork.Norm(pool, output, input, settings);

    public void NormScale(Rows scale, Rows input, NormSettings settings)
    {
        int width = input.Width / settings.Segments;
        for (int r = 0; r < input.Count; r++)
            for (int s = 0; s < settings.Segments; s++)
                scale.Row(r)[s] = Kernels.Norm.Scale(input.Row(r) + (s * width), width, settings);
    }

    public void NormDivide(Rows normalized, Rows input, Rows scale, NormSettings settings)
    {
        int width = input.Width / settings.Segments;
        for (int r = 0; r < input.Count; r++)
            for (int s = 0; s < settings.Segments; s++)
                Kernels.Norm.Divide(normalized.Row(r) + (s * width), input.Row(r) + (s * width), width, settings, scale.Row(r)[s]);
    }

    public void NormGain(Rows output, Rows normalized, NormSettings settings)
    {
        int width = normalized.Width / settings.Segments;
        for (int r = 0; r < normalized.Count; r++)
            for (int s = 0; s < settings.Segments; s++)
                Kernels.Norm.Gain(output.Row(r) + (s * width), normalized.Row(r) + (s * width), width, settings, s);
    }

    public void Linear(ReadOnlySpan<Projection> projections, Rows input, Precision precision) => linear.Run(pool, projections, input, precision);

    public void LinearAdd(Rows stream, Projection projection, Rows input, Precision precision)
    {
        if (((CpuWeight)projection.Weight).OutputOrder is null)
            linear.RunAndAdd(pool, stream, projection, input, precision);
        else
            ComposedOperations.LinearAdd(this, stream, projection, input, precision);
    }

    public void LinearGated(Rows output, Projection gate, Projection up, Rows input, ActivationKind kind, float limit, Precision precision)
    {
        if (((CpuWeight)gate.Weight).OutputOrder is null && ((CpuWeight)up.Weight).OutputOrder is null)
            linear.RunGated(pool, output, gate, up, input, kind, limit, precision);
        else
            ComposedOperations.LinearGated(this, output, gate, up, input, kind, limit, precision);
    }

    public void Rope(Rows vectors, StepPlan plan, int heads, int headDimension, int first, ReadOnlySpan<RopeTable> tables)
    {
        for (int t = 0; t < plan.Count; t++)
            for (int head = 0; head < heads; head++)
                Kernels.Rope.Apply(vectors.Row(t) + (head * headDimension) + first, tables[plan.SequenceOf[t]], plan.Positions[t]);
    }

    public void StoreKeyValue(StepPlan plan, in CacheLayout layout, Rows keys, Rows values)
    {
        for (int t = 0; t < plan.Count; t++)
            RowsWork.Store(plan, layout, t, keys.Row(t), values.Row(t));
    }

    public void RotateAndStore(
        StepPlan plan, in CacheLayout layout, Rows queries, Rows keys, Rows values, NormSettings? queryNorm, NormSettings? keyNorm, int first, ReadOnlySpan<RopeTable> tables) =>
        rowsWork.RotateAndStore(pool, plan, layout, queries, keys, values, queryNorm, keyNorm, first, tables);

    public void Attention(Rows output, Rows queries, StepPlan plan, in CacheLayout layout, AttentionSettings settings) =>
        attention.Run(pool, output, queries, plan, layout, settings);

    public void AttentionScores(Rows scores, Rows queries, StepPlan plan, int sequence, in CacheLayout layout, AttentionSettings settings)
    {
        int start = plan.SequenceStart[sequence], count = plan.SequenceStart[sequence + 1] - start;
        for (int head = 0; head < settings.Heads; head++)
            for (int q = 0; q < count; q++)
            {
                int position = plan.Positions[start + q], first = settings.Window > 0 ? Math.Max(0, position - settings.Window + 1) : 0;
                float* row = scores.Row((head * count) + q);
                new Span<float>(row, scores.Width).Fill(float.NegativeInfinity);
                for (int k = first, end; k <= position; k = end)
                {
                    end = Math.Min(layout.PageEnd(k), position + 1);
                    AttentionKernel.Products(row + k, queries.Row(start + q) + (head * settings.KeyDimension),
                        AttentionKernel.Keys(plan.Pages[sequence], layout, head / (settings.Heads / settings.KeyHeads), k), settings.KeyDimension, end - k, null, 0);
                }
                AttentionKernel.Shape(row + first, settings, head, first, position + 1, position);
            }
    }

    public void AttentionPattern(Rows pattern, Rows scores, int queries, AttentionSettings settings)
    {
        for (int r = 0; r < scores.Count; r++)
            AttentionKernel.Softmax(pattern.Row(r), scores.Row(r), scores.Width, settings.Sinks is { } sinks ? sinks[r / queries] : float.NegativeInfinity);
    }

    public void AttentionMix(Rows output, Rows pattern, StepPlan plan, int sequence, in CacheLayout layout, AttentionSettings settings)
    {
        int start = plan.SequenceStart[sequence], count = plan.SequenceStart[sequence + 1] - start;
        for (int head = 0; head < settings.Heads; head++)
            for (int q = 0; q < count; q++)
            {
                float* mixed = output.Row(start + q) + (head * settings.ValueDimension);
                new Span<float>(mixed, settings.ValueDimension).Clear();
                for (int k = 0, end; k < pattern.Width; k = end)
                {
                    end = Math.Min(layout.PageEnd(k), pattern.Width);
                    AttentionKernel.Mix(mixed, pattern.Row((head * count) + q) + k,
                        AttentionKernel.Values(plan.Pages[sequence], layout, head / (settings.Heads / settings.KeyHeads), k), settings.ValueDimension, end - k, null, 0);
                }
            }
    }

    public void Activate(Rows output, Rows gate, Rows? up, ActivationKind kind, float limit = 0)
    {
        for (int r = 0; r < output.Count; r++)
            Activations.Apply(output.Row(r), gate.Row(r), up is { } rows ? rows.Row(r) : null, output.Width, kind, limit);
    }

    public void Add(Rows output, Rows a, Rows b, float scale = 1)
    {
        for (int r = 0; r < output.Count; r++)
            if (scale == 1f)
                TensorPrimitives.Add(Values(a, r), Values(b, r), Values(output, r));
            else
                TensorPrimitives.MultiplyAdd(Values(b, r), scale, Values(a, r), Values(output, r));
    }

    public void Scale(Rows output, Rows input, float scale)
    {
        for (int r = 0; r < output.Count; r++)
            if (scale == 1f)
                Values(input, r).CopyTo(Values(output, r));
            else
                TensorPrimitives.Multiply(Values(input, r), scale, Values(output, r));
    }

    public void Clamp(Rows values, float limit)
    {
        for (int r = 0; r < values.Count; r++)
            foreach (ref float value in Values(values, r))
                value = Math.Clamp(value, -limit, limit);
    }

    public void SoftCap(Rows values, float cap)
    {
        for (int r = 0; r < values.Count; r++)
            Activations.SoftCap(values.Row(r), values.Width, cap);
    }

    public void ScaleRows(Rows values, Rows factors)
    {
        for (int r = 0; r < values.Count; r++)
            TensorPrimitives.Multiply(Values(values, r), factors.Row(r)[0], Values(values, r));
    }

    public void Gather(Rows output, Rows input, ReadOnlySpan<int> indices)
    {
        for (int r = 0; r < output.Count; r++)
            Values(input, indices[r]).CopyTo(Values(output, r));
    }

    public void Route(Span<int> indices, Span<float> weights, Rows logits, RouterSettings settings)
    {
        for (int t = 0; t < logits.Count; t++)
            Routing.Choose(indices.Slice(t * settings.Chosen, settings.Chosen), weights.Slice(t * settings.Chosen, settings.Chosen), Values(logits, t), settings);
    }

    public void Combine(Rows output, Rows parts, ReadOnlySpan<int> slots, ReadOnlySpan<float> weights, int chosen)
    {
        for (int t = 0; t < output.Count; t++)
        {
            Values(output, t).Clear();
            for (int j = 0; j < chosen; j++)
                TensorPrimitives.MultiplyAdd(Values(parts, slots[(t * chosen) + j]), weights[(t * chosen) + j], Values(output, t), Values(output, t));
        }
    }

    public void Edit(Rows values, StepPlan plan, int site) => rowsWork.Edit(pool, values, plan, site);

    public bool TryBest(Span<int> tokens, Rows logits, LogitChoices choices) => logitWork.TryBest(pool, tokens, logits, choices);

    public void Run(IParallelWork work, int parts) => pool.Run(work, parts);

    public void Softmax(Rows output, Rows input)
    {
        for (int r = 0; r < input.Count; r++)
        {
            Values(input, r).CopyTo(Values(output, r));
            Routing.Softmax(Values(output, r));
        }
    }

    public void Dispose()
    {
        pool.Dispose();
        linear.Dispose();
        attention.Dispose();
        logitWork.Dispose();
        rowsWork.Dispose();
    }

    private static Span<float> Values(in Rows rows, int row) => new(rows.Row(row), rows.Width);
}
