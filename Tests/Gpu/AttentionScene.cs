using ILGPU;
using ILGPU.Runtime;
using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Kernels.Gpu.Attention;

namespace Managed.Tests.Gpu;

/// <summary>Queries of several sequences and a cache with their keys and values in pages, on a device and as plain numbers.</summary>
internal sealed class AttentionScene : IDisposable
{
    private const int Gap = 4; // floats between rows of queries and of results

    private readonly Random random = new(7);
    private readonly AttentionSettings settings;
    private readonly int[] positions, sequenceOf;
    private readonly long[][] pages;
    private readonly CacheLayout layout;
    private readonly float[] memory, queries;
    private readonly List<IDisposable> buffers = [];
    private readonly MemoryBuffer1D<float, Stride1D.Dense> output;

    /// <param name="accelerator">Where it lies.</param>
    /// <param name="settings">The attention.</param>
    /// <param name="sequences">Of each sequence: positions before the step, tokens of the step.</param>
    /// <param name="pagePositions">Positions of a page.</param>
    public AttentionScene(Accelerator accelerator, AttentionSettings settings, (int Past, int Added)[] sequences, int pagePositions = 32)
    {
        this.settings = settings;
        positions = [.. sequences.SelectMany(s => Enumerable.Range(s.Past, s.Added))];
        sequenceOf = [.. sequences.SelectMany((s, i) => Enumerable.Repeat(i, s.Added))];
        Sequences = [.. sequences.Select((s, i) => new PrefillSequence(sequences[..i].Sum(before => before.Added), s.Past, s.Added))];
        int keys = pagePositions * settings.KeyHeads * settings.KeyDimension, values = pagePositions * settings.KeyHeads * settings.ValueDimension;
        layout = new CacheLayout(pagePositions, 8, 8 + keys + 4, settings.KeyHeads, settings.KeyDimension, settings.ValueDimension);
        long pageLength = (8 + keys + 4 + values + 63) / 64 * 64;
        int[] counts = [.. sequences.Select(s => ((s.Past + s.Added - 1) / pagePositions) + 1)];
        int[] order = [.. Enumerable.Range(0, counts.Sum())];
        random.Shuffle(order);
        int next = 0;
        pages = [.. counts.Select(count => Enumerable.Range(0, count).Select(_ => order[next++] * pageLength).ToArray())];
        // What no token has written yet may hold anything.
        memory = new float[order.Length * pageLength];
        Array.Fill(memory, float.NaN);
        for (int s = 0; s < sequences.Length; s++)
            for (int p = 0; p < sequences[s].Past + sequences[s].Added; p++)
                for (int h = 0; h < settings.KeyHeads; h++)
                {
                    Fill(memory.AsSpan((int)(pages[s][p / pagePositions] + layout.Key(h, p % pagePositions)), settings.KeyDimension));
                    Fill(memory.AsSpan((int)(pages[s][p / pagePositions] + layout.Value(h, p % pagePositions)), settings.ValueDimension));
                }
        int width = settings.Heads * settings.KeyDimension, outputWidth = settings.Heads * settings.ValueDimension;
        queries = new float[positions.Length * (width + Gap)];
        Fill(queries);
        output = Keep(accelerator.Allocate1D<float>(positions.Length * (outputWidth + Gap)));
        Inputs = new AttentionInputs(new RowsView(View(accelerator, queries), width, width + Gap), View(accelerator, positions), View(accelerator, sequenceOf),
            View(accelerator, settings.AlibiSlopes ?? [0]), View(accelerator, settings.Sinks ?? [0]));
        int[] firstPage = [.. counts.Select((_, i) => counts[..i].Sum())];
        Cache = new CacheView(View(accelerator, memory), View(accelerator, [.. pages.SelectMany(p => p)]), View(accelerator, firstPage), layout);
        Output = new RowsView(output.View.AsContiguous(), outputWidth, outputWidth + Gap);
    }

    public AttentionInputs Inputs { get; }

    public CacheView Cache { get; }

    public RowsView Output { get; }

    public int Rows => positions.Length;

    /// <summary>Of each sequence its first token, that token's position and how many there are.</summary>
    public PrefillSequence[] Sequences { get; }

    public int Longest => positions.Max() + 1;

    /// <summary>A row of the results.</summary>
    public float[] Read(int row) => output.GetAsArray1D().AsSpan(row * Output.Stride, Output.Width).ToArray();

    /// <summary>The largest difference of a row's results from the formula in double precision, relative to the row's largest.</summary>
    public double Error(int row)
    {
        float[] actual = Read(row);
        double most = 0, error = 0;
        for (int h = 0; h < settings.Heads; h++)
        {
            double[] expected = Expected(row, h);
            for (int d = 0; d < expected.Length; d++)
            {
                most = Math.Max(most, Math.Abs(expected[d]));
                double difference = Math.Abs(expected[d] - actual[(h * expected.Length) + d]);
                error = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(error, difference);
            }
        }
        return error / most;
    }

    private double[] Expected(int row, int head)
    {
        int position = positions[row], keyHead = head / (settings.Heads / settings.KeyHeads), first = settings.Window > 0 ? Math.Max(0, position - settings.Window + 1) : 0;
        ReadOnlySpan<float> query = queries.AsSpan((row * ((settings.Heads * settings.KeyDimension) + Gap)) + (head * settings.KeyDimension), settings.KeyDimension);
        double[] scores = new double[position + 1 - first], mixed = new double[settings.ValueDimension];
        for (int p = first; p <= position; p++)
        {
            long key = pages[sequenceOf[row]][p / layout.PagePositions] + layout.Key(keyHead, p % layout.PagePositions);
            double score = 0;
            for (int d = 0; d < query.Length; d++)
                score += (double)query[d] * memory[key + d];
            score *= settings.Scale;
            if (settings.SoftCap != 0)
                score = settings.SoftCap * Math.Tanh(score / settings.SoftCap);
            scores[p - first] = score + (settings.AlibiSlopes is null ? 0 : settings.AlibiSlopes[head] * (double)(p - position));
        }
        double sink = settings.Sinks is null ? double.NegativeInfinity : settings.Sinks[head], most = Math.Max(sink, scores.Max());
        double sum = Math.Exp(sink - most) + scores.Sum(score => Math.Exp(score - most));
        for (int p = first; p <= position; p++)
        {
            long value = pages[sequenceOf[row]][p / layout.PagePositions] + layout.Value(keyHead, p % layout.PagePositions);
            double weight = Math.Exp(scores[p - first] - most) / sum;
            for (int d = 0; d < mixed.Length; d++)
                mixed[d] += weight * memory[value + d];
        }
        return mixed;
    }

    private void Fill(Span<float> numbers)
    {
        foreach (ref float number in numbers)
            number = (float)((random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 2);
    }

    private ArrayView<T> View<T>(Accelerator accelerator, T[] values)
        where T : unmanaged =>
        Keep(accelerator.Allocate1D(values)).View.AsContiguous();

    private MemoryBuffer1D<T, Stride1D.Dense> Keep<T>(MemoryBuffer1D<T, Stride1D.Dense> buffer)
        where T : unmanaged
    {
        buffers.Add(buffer);
        return buffer;
    }

    public void Dispose()
    {
        foreach (IDisposable buffer in buffers)
            buffer.Dispose();
    }
}
