using System.Diagnostics;
using System.Runtime.CompilerServices;
using Managed.Kernels;

namespace Managed.Perf;

/// <summary>
/// Another device, with a stopwatch on each operation: where a step's time goes. Each operation is done before the next begins, which the
/// processor's queue of operations of a short step would not wait for.
/// </summary>
internal sealed class TimedDevice(IDevice inner) : IDevice
{
    private readonly Dictionary<string, (long Ticks, long Calls)> times = [];

    /// <summary>Seconds and calls of each operation since the last <see cref="Reset"/>, the costliest first.</summary>
    public IEnumerable<(string Operation, double Seconds, long Calls)> Times =>
        times.Select(time => (time.Key, time.Value.Ticks / (double)Stopwatch.Frequency, time.Value.Calls)).OrderByDescending(time => time.Item2);

    public string Name => inner.Name;

    public void Reset() => times.Clear();

    private void Add(long start, string label = "", [CallerMemberName] string operation = "")
    {
        long ticks = Stopwatch.GetTimestamp() - start;
        string key = label.Length == 0 ? operation : $"{operation} {label}";
        (long sum, long calls) = times.GetValueOrDefault(key);
        times[key] = (sum + ticks, calls + 1);
    }

    public DeviceBuffer Allocate(long length) => inner.Allocate(length);

    public Weight CreateWeight(in WeightSource source) => inner.CreateWeight(source);

    public DeviceBuffer Upload(ReadOnlySpan<float> values) => inner.Upload(values);

    public void Synchronize() => inner.Synchronize();

    public Span<float> Span(DeviceBuffer buffer, long start, int length) => inner.Span(buffer, start, length);

    public void Embed(Rows output, StepPlan plan, Weight table, float scale)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Embed(output, plan, table, scale);
        Add(start);
    }

    public void EmbedPositions(Rows output, StepPlan plan, Weight table, int offset)
    {
        long start = Stopwatch.GetTimestamp();
        inner.EmbedPositions(output, plan, table, offset);
        Add(start);
    }

    public void Norm(Rows output, Rows input, NormSettings settings)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Norm(output, input, settings);
        Add(start);
    }

    public void NormScale(Rows scale, Rows input, NormSettings settings)
    {
        long start = Stopwatch.GetTimestamp();
        inner.NormScale(scale, input, settings);
        Add(start);
    }

    public void NormDivide(Rows normalized, Rows input, Rows scale, NormSettings settings)
    {
        long start = Stopwatch.GetTimestamp();
        inner.NormDivide(normalized, input, scale, settings);
        Add(start);
    }

    public void NormGain(Rows output, Rows normalized, NormSettings settings)
    {
        long start = Stopwatch.GetTimestamp();
        inner.NormGain(output, normalized, settings);
        Add(start);
    }

    public void Linear(ReadOnlySpan<Projection> projections, Rows input, Precision precision)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Linear(projections, input, precision);
        int outputs = 0;
        foreach (Projection projection in projections)
            outputs += projection.Weight.Rows;
        Add(start, $"{input.Width} to {outputs}");
    }

    public void LinearAdd(Rows stream, Projection projection, Rows input, Precision precision)
    {
        long start = Stopwatch.GetTimestamp();
        inner.LinearAdd(stream, projection, input, precision);
        Add(start, $"{input.Width} to {stream.Width}");
    }

    public void LinearGated(Rows output, Projection gate, Projection up, Rows input, ActivationKind kind, float limit, Precision precision)
    {
        long start = Stopwatch.GetTimestamp();
        inner.LinearGated(output, gate, up, input, kind, limit, precision);
        Add(start, $"{input.Width} to 2 · {output.Width}");
    }

    public void RotateAndStore(
        StepPlan plan, in CacheLayout layout, Rows queries, Rows keys, Rows values, NormSettings? queryNorm, NormSettings? keyNorm, int first, ReadOnlySpan<RopeTable> tables)
    {
        long start = Stopwatch.GetTimestamp();
        inner.RotateAndStore(plan, layout, queries, keys, values, queryNorm, keyNorm, first, tables);
        Add(start);
    }

    public void Rope(Rows vectors, StepPlan plan, int heads, int headDimension, int first, ReadOnlySpan<RopeTable> tables)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Rope(vectors, plan, heads, headDimension, first, tables);
        Add(start);
    }

    public void StoreKeyValue(StepPlan plan, in CacheLayout layout, Rows keys, Rows values)
    {
        long start = Stopwatch.GetTimestamp();
        inner.StoreKeyValue(plan, layout, keys, values);
        Add(start);
    }

    public void Attention(Rows output, Rows queries, StepPlan plan, in CacheLayout layout, AttentionSettings settings)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Attention(output, queries, plan, layout, settings);
        Add(start);
    }

    public void AttentionScores(Rows scores, Rows queries, StepPlan plan, int sequence, in CacheLayout layout, AttentionSettings settings)
    {
        long start = Stopwatch.GetTimestamp();
        inner.AttentionScores(scores, queries, plan, sequence, layout, settings);
        Add(start);
    }

    public void AttentionPattern(Rows pattern, Rows scores, int queries, AttentionSettings settings)
    {
        long start = Stopwatch.GetTimestamp();
        inner.AttentionPattern(pattern, scores, queries, settings);
        Add(start);
    }

    public void AttentionMix(Rows output, Rows pattern, StepPlan plan, int sequence, in CacheLayout layout, AttentionSettings settings)
    {
        long start = Stopwatch.GetTimestamp();
        inner.AttentionMix(output, pattern, plan, sequence, layout, settings);
        Add(start);
    }

    public void Activate(Rows output, Rows gate, Rows? up, ActivationKind kind, float limit = 0)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Activate(output, gate, up, kind, limit);
        Add(start);
    }

    public void Add(Rows output, Rows a, Rows b, float scale = 1)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Add(output, a, b, scale);
        Add(start);
    }

    public void Scale(Rows output, Rows input, float scale)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Scale(output, input, scale);
        Add(start);
    }

    public void Clamp(Rows values, float limit)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Clamp(values, limit);
        Add(start);
    }

    public void SoftCap(Rows values, float cap)
    {
        long start = Stopwatch.GetTimestamp();
        inner.SoftCap(values, cap);
        Add(start);
    }

    public void ScaleRows(Rows values, Rows factors)
    {
        long start = Stopwatch.GetTimestamp();
        inner.ScaleRows(values, factors);
        Add(start);
    }

    public void Gather(Rows output, Rows input, ReadOnlySpan<int> indices)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Gather(output, input, indices);
        Add(start);
    }

    public void Route(Span<int> indices, Span<float> weights, Rows logits, RouterSettings settings)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Route(indices, weights, logits, settings);
        Add(start);
    }

    public void Combine(Rows output, Rows parts, ReadOnlySpan<int> slots, ReadOnlySpan<float> weights, int chosen)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Combine(output, parts, slots, weights, chosen);
        Add(start);
    }

    public void Edit(Rows values, StepPlan plan, int site)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Edit(values, plan, site);
        Add(start);
    }

    public void Softmax(Rows output, Rows input)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Softmax(output, input);
        Add(start);
    }

    public void Dispose() => inner.Dispose();
}
