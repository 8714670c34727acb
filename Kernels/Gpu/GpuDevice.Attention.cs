using System.Runtime.InteropServices;
using ILGPU;
using Managed.Kernels.Gpu.Attention;

namespace Managed.Kernels.Gpu;

internal sealed partial class GpuDevice
{
    private const long MostScores = 1L << 24; // elements of the scratch in which scores wait for their softmax

    private readonly Dictionary<float[], GpuBuffer> uploads = new(ReferenceEqualityComparer.Instance);
    private readonly List<RopeAngles> angles = [];
    private readonly AttentionKernelSet? attentions;
    private readonly List<PrefillSequence> sequences = [];
    private GpuBuffer? scores;

    public void Rope(Rows vectors, StepPlan plan, int heads, int headDimension, int first, ReadOnlySpan<RopeTable> tables)
    {
        for (int s = 0, next; s < plan.SequenceCount; s = next)
        {
            RopeTable table = tables[s];
            for (next = s + 1; next < plan.SequenceCount && tables[next] == table; next++)
            {
            }
            int firstToken = plan.SequenceStart[s], endToken = plan.SequenceStart[next], furthest = 0;
            for (int t = firstToken; t < endToken; t++)
                furthest = Math.Max(furthest, plan.Positions[t]);
            Rotate(View(vectors), step.Positions(plan), AnglesOf(table).Reaching(furthest), table, endToken - firstToken,
                new RopeShape(firstToken, heads, headDimension, first, table.Dimensions / 2));
        }
    }

    private void Rotate(RowsView vectors, ArrayView<int> positions, ArrayView<float> turns, RopeTable table, int tokens, RopeShape shape)
    {
        int units = tokens * shape.Heads * shape.Half;
        switch (table.Pairing)
        {
            case RopePairing.Halves:
                kernels.RopeHalves(kernels.Threads(units), vectors, positions, turns, shape, units);
                break;
            case RopePairing.Adjacent:
                kernels.RopeAdjacent(kernels.Threads(units), vectors, positions, turns, shape, units);
                break;
            case RopePairing.AdjacentToHalves when table.Dimensions <= RopeKernels.MostDimensions:
                kernels.RopeAdjacentToHalves(kernels.Groups(tokens * shape.Heads), vectors, positions, turns, shape);
                break;
            default:
                throw new DeviceException($"A rotary embedding of {table.Dimensions} dimensions, paired as {table.Pairing}, is not known on this device.");
        }
    }

    private RopeAngles AnglesOf(RopeTable table)
    {
        if (table.DeviceState is RopeAngles known)
            return known;
        var fresh = new RopeAngles(memory, table);
        angles.Add(fresh);
        table.DeviceState = fresh;
        return fresh;
    }

    public void StoreKeyValue(StepPlan plan, in CacheLayout layout, Rows keys, Rows values)
    {
        CacheView cache = Cache(plan, layout);
        kernels.StoreKeyValue(kernels.Threads((long)plan.Count * (keys.Width + values.Width)),
            cache, step.Positions(plan), step.SequenceOf(plan), View(keys), View(values), plan.Count);
    }

    public void Attention(Rows output, Rows queries, StepPlan plan, in CacheLayout layout, AttentionSettings settings)
    {
        if (TryTurnAndAttend(output, queries, plan, layout, settings))
            return;
        CacheView cache = Cache(plan, layout);
        AttentionInputs inputs = Inputs(queries, plan, settings);
        if (plan.Precision == Precision.Fast && TryFast(View(output), inputs, cache, plan, settings))
            return;
        var shape = new AttentionShape(settings);
        for (int first = 0, end; first < plan.Count; first = end)
        {
            // As many tokens as find room for their scores.
            int longest = Math.Max(textBound, plan.Positions[first] + 1);
            for (end = first + 1; end < plan.Count && (long)(end - first + 1) * settings.Heads * Math.Max(longest, plan.Positions[end] + 1) <= MostScores; end++)
                longest = Math.Max(longest, plan.Positions[end] + 1);
            int rows = (end - first) * settings.Heads;
            if (scores is null || scores.Length < (long)rows * longest)
            {
                scores?.Dispose();
                scores = new GpuBuffer(memory, Math.Max(4096, 2L * rows * longest));
            }
            kernels.Attention(kernels.Groups(rows), View(output), new RowsView(scores.View, longest, longest), inputs, cache, shape, first);
        }
    }

    private bool TryFast(RowsView output, AttentionInputs inputs, CacheView cache, StepPlan plan, AttentionSettings settings)
    {
        if (attentions is null)
            return false;
        if (KeepsBits || plan.Count == plan.SequenceCount)
            return attentions.TryDecode(output, inputs, cache, settings, plan.Count, Longest(plan));
        sequences.Clear();
        for (int s = 0; s < plan.SequenceCount; s++)
        {
            int first = plan.SequenceStart[s];
            sequences.Add(new PrefillSequence(first, plan.Positions[first], plan.SequenceStart[s + 1] - first));
        }
        return attentions.TryPrefill(output, inputs, cache, settings, CollectionsMarshal.AsSpan(sequences));
    }

    private int Longest(StepPlan plan) => Math.Max(textBound, Furthest(plan) + 1);

    // What is to be written to it has been.
    private CacheView Cache(StepPlan plan, in CacheLayout layout)
    {
        LaunchTurn();
        return step.Cache(plan, layout);
    }

    public void AttentionScores(Rows scores, Rows queries, StepPlan plan, int sequence, in CacheLayout layout, AttentionSettings settings)
    {
        int start = plan.SequenceStart[sequence], count = plan.SequenceStart[sequence + 1] - start;
        kernels.AttentionScores(Elements(scores), View(scores), Inputs(queries, plan, settings), Cache(plan, layout), new AttentionShape(settings), start, count);
    }

    public void AttentionPattern(Rows pattern, Rows scores, int queries, AttentionSettings settings) =>
        kernels.AttentionPattern(kernels.Groups(scores.Count), View(pattern), View(scores), Uploaded(settings.Sinks), queries, settings.Sinks is null ? 0 : 1);

    public void AttentionMix(Rows output, Rows pattern, StepPlan plan, int sequence, in CacheLayout layout, AttentionSettings settings)
    {
        int start = plan.SequenceStart[sequence], count = plan.SequenceStart[sequence + 1] - start;
        kernels.AttentionMix(kernels.Threads((long)count * settings.Heads * settings.ValueDimension),
            View(output), View(pattern), Cache(plan, layout), new AttentionShape(settings), sequence, start, count);
    }

    private AttentionInputs Inputs(Rows queries, StepPlan plan, AttentionSettings settings) =>
        new(View(queries), step.Positions(plan), step.SequenceOf(plan), Uploaded(settings.AlibiSlopes), Uploaded(settings.Sinks));

    // A number for each head or expert, uploaded once.
    private ArrayView<float> Uploaded(float[]? values)
    {
        if (values is null)
            return nothing;
        if (!uploads.TryGetValue(values, out GpuBuffer? known))
            uploads[values] = known = (GpuBuffer)Upload(values);
        return known.View;
    }
}
