using System.Numerics.Tensors;
using Managed.Kernels.Experts;
using Managed.Kernels.Guidance;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>
/// The processor: vector instructions, weights in place, threads of its own. Each operation's arithmetic is in its own file. Within a step of
/// few tokens, whose operations are short, they are queued (<see cref="WorkQueue"/>); otherwise each is done when its call returns.
/// </summary>
internal sealed unsafe partial class CpuDevice : IDevice
{
    private const int TokensThatReadWeights = 4; // in one go as fast as one does: what rows are packed for

    private readonly WorkerPool pool;
    private readonly WorkQueue queue;
    private readonly WorkerRooms rooms;
    private readonly LogitWork logitWork;
    private readonly WeightPacking packing = new();
    private readonly HostMemory hostMemory = new();
    private RoundedRows rounded = new(), roundedBefore = new(); // by turns: a layer may read the one while its outputs go to the other
    private CpuBuffer? scores; // of a step of one token

    /// <param name="threads">Workers, the caller included; 0: one per core, at most 8.</param>
    /// <param name="worthSharing">Work that several workers do sooner than one, <see cref="WorkerRooms.WorthSharing"/>; 0: all of it.</param>
    public CpuDevice(int threads = 0, long worthSharing = WorkerPool.WorthSharing)
    {
        pool = new WorkerPool(threads);
        queue = new WorkQueue(pool);
        int workers = pool.Count;
        rooms = new WorkerRooms(workers, worthSharing);
        logitWork = new LogitWork(workers);
        linears = new(() => new LinearWork(rooms));
        roundings = new(() => new RoundingWork(rooms));
        attentions = new(() => new AttentionWork(rooms));
        tokenAttentions = new(() => new TokenAttention(rooms));
        norms = new(() => new NormWork(rooms));
        rotations = new(() => new RotateWork(rooms));
        edits = new(() => new EditWork(rooms));
        notes = new(() => new VectorAddsNote(adds));
        additions = new(() => new AddWork(rooms));
        scalings = new(() => new ScaleWork(rooms));
        activations = new(() => new ActivateWork(rooms));
        keeps = new(() => new KeepWork(rooms));
        gathers = new(() => new ExpertInputWork(rooms));
        experts = new(() => new ExpertWork(rooms));
        combinations = new(() => new CombineWork(rooms));
    }

    public string Name => $"cpu, {pool.Count} threads";

    public DeviceBuffer Allocate(long length) => new CpuBuffer(length, this);

    public Weight CreateWeight(in WeightSource source) => new CpuWeight(source);

    public void Prepare(IEnumerable<WeightType> types, Precision precision) => Rehearsal.Begin(types, precision);

    public DeviceBuffer Upload(ReadOnlySpan<float> values)
    {
        var buffer = new CpuBuffer(values.Length);
        values.CopyTo(new Span<float>(buffer.Data, values.Length));
        return buffer;
    }

    public Span<float> Span(DeviceBuffer buffer, long start, int length)
    {
        Synchronize();
        return new Span<float>(((CpuBuffer)buffer).Data + start, length);
    }

    public void Keep(Memory<float> target, Rows values) => Queue(keeps.Next().Set(target, values));

    public void Keep(Memory<float> target, Rows values, ReadOnlySpan<int> rows) => Queue(keeps.Next().Set(target, values, rows));

    public Memory<float> RentHost(int length) => hostMemory.Rent(length);

    public void ReturnHost(Memory<float> memory) => hostMemory.Return(memory);

    public void Embed(Rows output, StepPlan plan, Weight table, float scale)
    {
        Synchronize();
        for (int t = 0; t < plan.Count; t++)
            Lookup(output.Row(t), (CpuWeight)table, plan.Tokens[t], scale);
    }

    public void EmbedPositions(Rows output, StepPlan plan, Weight table, int offset)
    {
        Synchronize();
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

    public void Norm(Rows output, Rows input, NormSettings settings)
    {
        QueueNormAndRotation();
        bool waits = IsQueueing && input.Count <= LinearWork.FewTokens && settings.Segments == 1 && output.Buffer != input.Buffer;
        if (!waits || waitingKeep?.Buffer == output.Buffer)
            QueueKeep();
        if (waits)
            waitingNorm = (output, input, settings);
        else
            Queue(norms.Next().Set(output, input, settings), rider: null);
    }

    public void NormScale(Rows scale, Rows input, NormSettings settings)
    {
        Synchronize();
        int width = input.Width / settings.Segments;
        for (int r = 0; r < input.Count; r++)
            for (int s = 0; s < settings.Segments; s++)
                scale.Row(r)[s] = Kernels.Norm.Scale(input.Row(r) + (s * width), width, settings);
    }

    public void NormDivide(Rows normalized, Rows input, Rows scale, NormSettings settings)
    {
        Synchronize();
        int width = input.Width / settings.Segments;
        for (int r = 0; r < input.Count; r++)
            for (int s = 0; s < settings.Segments; s++)
                Kernels.Norm.Divide(normalized.Row(r) + (s * width), input.Row(r) + (s * width), width, settings, scale.Row(r)[s]);
    }

    public void NormGain(Rows output, Rows normalized, NormSettings settings)
    {
        Synchronize();
        int width = normalized.Width / settings.Segments;
        for (int r = 0; r < normalized.Count; r++)
            for (int s = 0; s < settings.Segments; s++)
                Kernels.Norm.Gain(output.Row(r) + (s * width), normalized.Row(r) + (s * width), width, settings, s);
    }

    public void Linear(ReadOnlySpan<Projection> projections, Rows input, Precision precision)
    {
        Prepare(projections, input);
        Queue(linears.Next().Set(projections, input, precision), input);
    }

    public void LinearAdd(Rows stream, Projection projection, Rows input, Precision precision)
    {
        if (((CpuWeight)projection.Weight).OutputOrder is not null)
        {
            ComposedOperations.LinearAdd(this, stream, projection, input, precision);
            return;
        }
        Prepare([projection], input);
        Queue(linears.Next().SetAdd(stream, projection, input, precision), input);
    }

    public void LinearGated(Rows output, Projection gate, Projection up, Rows input, ActivationKind kind, float limit, Precision precision)
    {
        if (((CpuWeight)gate.Weight).OutputOrder is not null || ((CpuWeight)up.Weight).OutputOrder is not null)
        {
            ComposedOperations.LinearGated(this, output, gate, up, input, kind, limit, precision);
            return;
        }
        Prepare([gate, up], input);
        Queue(linears.Next().SetGated(output, gate, up, input, kind, limit, precision), input);
    }

    // Weights may come into another order after some steps, while nobody reads them.
    private void Prepare(ReadOnlySpan<Projection> projections, in Rows input)
    {
        if (input.Count > TokensThatReadWeights)
            return;
        foreach (ref readonly Projection projection in projections)
            if (projection.Weight is CpuWeight weight)
                Prepare(weight);
    }

    private void Prepare(CpuWeight weight)
    {
        if (!weight.CountStep())
            return;
        Finish();
        weight.Prepare(pool, packing);
    }

    public void Rope(Rows vectors, StepPlan plan, int heads, int headDimension, int first, ReadOnlySpan<RopeTable> tables)
    {
        Synchronize();
        for (int t = 0; t < plan.Count; t++)
            for (int head = 0; head < heads; head++)
                Kernels.Rope.Apply(vectors.Row(t) + (head * headDimension) + first, tables[plan.SequenceOf[t]], plan.Positions[t]);
    }

    public void StoreKeyValue(StepPlan plan, in CacheLayout layout, Rows keys, Rows values)
    {
        Synchronize();
        for (int t = 0; t < plan.Count; t++)
            RotateWork.Store(plan, layout, t, keys.Row(t), values.Row(t));
    }

    public void RotateAndStore(
        StepPlan plan, in CacheLayout layout, Rows queries, Rows keys, Rows values, NormSettings? queryNorm, NormSettings? keyNorm, int first, ReadOnlySpan<RopeTable> tables)
    {
        QueueWaiting();
        RotateWork work = rotations.Next().Set(plan, layout, queries, keys, values, queryNorm, keyNorm, first, tables);
        if (IsQueueing && plan.Count == plan.SequenceCount)
            waitingRotation = work;
        else
            Queue(work);
    }

    public void Attention(Rows output, Rows queries, StepPlan plan, in CacheLayout layout, AttentionSettings settings)
    {
        RotateWork? rotation = waitingRotation is { IsByHead: true } waiting && waiting.Turns(queries, plan, layout)
            && (plan.Count == 1 || AttentionWork.IsByHead(rooms, plan, settings)) ? waiting : null;
        if (rotation is not null)
            waitingRotation = null;
        if (plan.Count > 1)
        {
            Queue(attentions.Next().Set(output, queries, plan, layout, settings, rotation));
            return;
        }
        long needed = TokenAttention.ScoresLength(plan, settings);
        if (scores is null || scores.Length < needed)
            Synchronize();
        TokenAttention attention = tokenAttentions.Next().Set(output, queries, plan, layout, settings, rotation, CpuBuffer.AtLeast(ref scores, needed).Data);
        Queue(attention.Scores);
        Queue(attention.Sums);
    }

    public void AttentionScores(Rows scores, Rows queries, StepPlan plan, int sequence, in CacheLayout layout, AttentionSettings settings)
    {
        Synchronize();
        int start = plan.SequenceStart[sequence], count = plan.SequenceStart[sequence + 1] - start;
        for (int head = 0; head < settings.Heads; head++)
            for (int q = 0; q < count; q++)
            {
                int position = plan.Positions[start + q], first = settings.FirstSeen(position);
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
        Synchronize();
        for (int r = 0; r < scores.Count; r++)
            AttentionKernel.Softmax(pattern.Row(r), scores.Row(r), scores.Width, settings.Sinks is { } sinks ? sinks[r / queries] : float.NegativeInfinity);
    }

    public void AttentionMix(Rows output, Rows pattern, StepPlan plan, int sequence, in CacheLayout layout, AttentionSettings settings)
    {
        Synchronize();
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
                        AttentionKernel.Values(plan.Pages[sequence], layout, head / (settings.Heads / settings.KeyHeads), k), settings.ValueDimension, settings.ValueDimension, end - k, null, 0);
                }
            }
    }

    public void Activate(Rows output, Rows gate, Rows? up, ActivationKind kind, float limit = 0) =>
        Queue(activations.Next().Set(output, gate, up, kind, limit));

    public void Add(Rows output, Rows a, Rows b, float scale = 1) => Queue(additions.Next().Set(output, a, b, scale));

    public void Scale(Rows output, Rows input, float scale) => Queue(scalings.Next().Set(output, input, scale));

    public void Clamp(Rows values, float limit)
    {
        Synchronize();
        for (int r = 0; r < values.Count; r++)
            foreach (ref float value in values.Values(r))
                value = Math.Clamp(value, -limit, limit);
    }

    public void SoftCap(Rows values, float cap)
    {
        Synchronize();
        for (int r = 0; r < values.Count; r++)
            Activations.SoftCap(values.Row(r), values.Width, cap);
    }

    public void ScaleRows(Rows values, Rows factors)
    {
        Synchronize();
        for (int r = 0; r < values.Count; r++)
            TensorPrimitives.Multiply(values.Values(r), factors.Row(r)[0], values.Values(r));
    }

    public void Gather(Rows output, Rows input, ReadOnlySpan<int> indices)
    {
        Synchronize();
        for (int r = 0; r < output.Count; r++)
            input.Values(indices[r]).CopyTo(output.Values(r));
    }

    public void Route(Span<int> indices, Span<float> weights, Rows logits, RouterSettings settings)
    {
        Synchronize();
        for (int t = 0; t < logits.Count; t++)
            Routing.Choose(indices.Slice(t * settings.Chosen, settings.Chosen), weights.Slice(t * settings.Chosen, settings.Chosen), logits.Values(t), settings);
    }

    public void Combine(Rows output, Rows parts, ReadOnlySpan<int> slots, ReadOnlySpan<float> weights, int chosen)
    {
        Synchronize();
        for (int t = 0; t < output.Count; t++)
            CombineWork.Sum(output.Values(t), parts, slots.Slice(t * chosen, chosen), weights.Slice(t * chosen, chosen));
    }

    public void Edit(Rows values, StepPlan plan, int site)
    {
        if (TryAddInLayer(values, site))
            return;
        QueueNotes();
        EditWork work = edits.Next().Set(values, plan, site);
        if (!EditWork.HasCustoms(plan))
        {
            Queue(work);
            return;
        }
        Synchronize();
        work.RunAlone();
    }

    public bool TryBest(Span<int> tokens, Rows logits, LogitChoices choices)
    {
        Finish();
        return logitWork.TryBest(pool, tokens, logits, choices);
    }

    public void Run(IParallelWork work, int parts)
    {
        Finish();
        pool.Run(work, parts);
    }

    public void Softmax(Rows output, Rows input)
    {
        Synchronize();
        for (int r = 0; r < input.Count; r++)
        {
            input.Values(r).CopyTo(output.Values(r));
            Routing.Softmax(output.Values(r));
        }
    }

    public void Dispose()
    {
        pool.Dispose();
        rooms.Dispose();
        rounded.Dispose();
        roundedBefore.Dispose();
        adds.Dispose();
        scores?.Dispose();
        expertInputs.Dispose();
        expertHidden.Dispose();
        expertCopies?.Dispose();
        logitWork.Dispose();
    }
}
