using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Kernels.Edits;

namespace Managed.Tests.Devices;

/// <summary>
/// The transformer's instruction set written as plainly as its formulas, in double precision where it sums:
/// what the device's kernels, and whole models, are held against.
/// </summary>
internal sealed unsafe class PlainDevice : IDevice
{
    private sealed class Buffer(long length) : DeviceBuffer
    {
        public float[] Values { get; } = new float[length];

        public override long Length => Values.Length;

        public override void Dispose()
        {
        }
    }

    private sealed class Matrix(float[] values, int rows, int columns) : Weight
    {
        public float[] Values { get; } = values;

        public override WeightType Type => WeightType.F32;

        public override int Rows => rows;

        public override int Columns => columns;

        public override long ByteCount => 4L * rows * columns;

        public override void Dispose()
        {
        }
    }

    public string Name => "plain C#";

    public DeviceBuffer Allocate(long length) => new Buffer(length);

    public DeviceBuffer Upload(ReadOnlySpan<float> values)
    {
        var buffer = new Buffer(values.Length);
        values.CopyTo(buffer.Values);
        return buffer;
    }

    public Weight CreateWeight(in WeightSource source)
    {
        var values = new float[(long)source.Rows * source.Columns];
        var row = new float[source.Columns];
        long rowBytes = source.RowBytes > 0 ? source.RowBytes : BlockFormats.RowBytes(source.Type, source.Columns);
        for (int r = 0; r < source.Rows; r++)
        {
            BlockFormats.Dequantise(source.Type, row, source.Data + (r * rowBytes));
            row.CopyTo(values, (long)(source.OutputOrder?[r] ?? r) * source.Columns);
        }
        return new Matrix(values, source.Rows, source.Columns);
    }

    public void Synchronize()
    {
    }

    public Span<float> Span(DeviceBuffer buffer, long start, int length) => ((Buffer)buffer).Values.AsSpan((int)start, length);

    private static Span<float> Row(Rows rows, int r) => ((Buffer)rows.Buffer).Values.AsSpan((int)(rows.Start + ((long)r * rows.Stride)), rows.Width);

    public void Embed(Rows output, StepPlan plan, Weight table, float scale)
    {
        for (int t = 0; t < plan.Count; t++)
            for (int i = 0; i < output.Width; i++)
                Row(output, t)[i] = scale * ((Matrix)table).Values[(plan.Tokens[t] * table.Columns) + i];
    }

    public void EmbedPositions(Rows output, StepPlan plan, Weight table, int offset)
    {
        for (int t = 0; t < plan.Count; t++)
            for (int i = 0; i < output.Width; i++)
                Row(output, t)[i] = ((Matrix)table).Values[((plan.Positions[t] + offset) * table.Columns) + i];
    }

    public void Norm(Rows output, Rows input, NormSettings settings)
    {
        var scale = new Rows(Allocate(input.Count * settings.Segments), input.Count, settings.Segments);
        var normalized = new Rows(Allocate(input.Count * input.Width), input.Count, input.Width);
        NormScale(scale, input, settings);
        NormDivide(normalized, input, scale, settings);
        NormGain(output, normalized, settings);
    }

    private static double Mean(ReadOnlySpan<float> values, NormSettings settings)
    {
        double sum = 0;
        foreach (float value in values)
            sum += value;
        return settings.Kind == NormKind.Layer ? sum / values.Length : 0;
    }

    public void NormScale(Rows scale, Rows input, NormSettings settings)
    {
        int width = input.Width / settings.Segments;
        for (int r = 0; r < input.Count; r++)
            for (int s = 0; s < settings.Segments; s++)
            {
                Span<float> x = Row(input, r).Slice(s * width, width);
                double mean = Mean(x, settings), squares = 0;
                foreach (float value in x)
                    squares += (value - mean) * (value - mean);
                Row(scale, r)[s] = (float)Math.Sqrt((squares / width) + settings.Epsilon);
            }
    }

    public void NormDivide(Rows normalized, Rows input, Rows scale, NormSettings settings)
    {
        int width = input.Width / settings.Segments;
        for (int r = 0; r < input.Count; r++)
            for (int s = 0; s < settings.Segments; s++)
            {
                Span<float> x = Row(input, r).Slice(s * width, width);
                double mean = Mean(x, settings);
                for (int i = 0; i < width; i++)
                    Row(normalized, r)[(s * width) + i] = (float)((x[i] - mean) / Row(scale, r)[s]);
            }
    }

    public void NormGain(Rows output, Rows normalized, NormSettings settings)
    {
        int width = normalized.Width / settings.Segments;
        for (int r = 0; r < normalized.Count; r++)
            for (int i = 0; i < normalized.Width; i++)
            {
                int at = settings.GainPerSegment ? i : i % width;
                float gain = settings.Gain is Buffer g ? g.Values[at] + settings.GainOffset : 1;
                Row(output, r)[i] = (Row(normalized, r)[i] * gain) + (settings.Bias is Buffer b ? b.Values[at] : 0);
            }
    }

    public void Linear(ReadOnlySpan<Projection> projections, Rows input, Precision precision)
    {
        foreach (Projection projection in projections)
            for (int t = 0; t < input.Count; t++)
                for (int o = 0; o < projection.Weight.Rows; o++)
                {
                    double sum = projection.Bias is Buffer bias ? bias.Values[o] : 0;
                    ReadOnlySpan<float> w = ((Matrix)projection.Weight).Values.AsSpan(o * projection.Weight.Columns, projection.Weight.Columns);
                    for (int i = 0; i < w.Length; i++)
                        sum += (double)w[i] * Row(input, t)[i];
                    Row(projection.Output, t)[o] = (float)sum;
                }
    }

    public void Rope(Rows vectors, StepPlan plan, int heads, int headDimension, int first, ReadOnlySpan<RopeTable> tables)
    {
        for (int t = 0; t < plan.Count; t++)
        {
            RopeTable table = tables[plan.SequenceOf[t]];
            int half = table.Dimensions / 2;
            for (int h = 0; h < heads; h++)
            {
                Span<float> head = Row(vectors, t).Slice((h * headDimension) + first, table.Dimensions);
                float[] x = head.ToArray();
                for (int i = 0; i < half; i++)
                {
                    (int from1, int from2) = table.Pairing == RopePairing.Halves ? (i, i + half) : (2 * i, (2 * i) + 1);
                    (int to1, int to2) = table.Pairing == RopePairing.Adjacent ? (2 * i, (2 * i) + 1) : (i, i + half);
                    (double sin, double cos) = Math.SinCos((double)plan.Positions[t] * table.InverseFrequencies[i]);
                    (sin, cos) = (sin * table.Magnitude, cos * table.Magnitude);
                    head[to1] = (float)((x[from1] * cos) - (x[from2] * sin));
                    head[to2] = (float)((x[from2] * cos) + (x[from1] * sin));
                }
            }
        }
    }

    // One head's key or value: pages hold [heads, positions, dimension] of each.
    private static Span<float> Cached(StepPlan plan, int sequence, int position, in CacheLayout layout, int head, bool keys)
    {
        var page = (Buffer)plan.Pages[sequence][position / layout.PagePositions];
        int width = keys ? layout.KeyDimension : layout.ValueDimension, row = (head * layout.PagePositions) + (position % layout.PagePositions);
        return page.Values.AsSpan((int)(keys ? layout.KeyStart : layout.ValueStart) + (row * width), width);
    }

    public void StoreKeyValue(StepPlan plan, in CacheLayout layout, Rows keys, Rows values)
    {
        for (int t = 0; t < plan.Count; t++)
        {
            for (int h = 0; h < layout.KeyHeads; h++)
            {
                Row(keys, t).Slice(h * layout.KeyDimension, layout.KeyDimension).CopyTo(Cached(plan, plan.SequenceOf[t], plan.Positions[t], layout, h, keys: true));
                Row(values, t).Slice(h * layout.ValueDimension, layout.ValueDimension).CopyTo(Cached(plan, plan.SequenceOf[t], plan.Positions[t], layout, h, keys: false));
            }
        }
    }

    public void Attention(Rows output, Rows queries, StepPlan plan, in CacheLayout layout, AttentionSettings settings)
    {
        for (int s = 0; s < plan.SequenceCount; s++)
        {
            int count = plan.SequenceStart[s + 1] - plan.SequenceStart[s], keys = plan.Positions[plan.SequenceStart[s + 1] - 1] + 1;
            var scores = new Rows(Allocate(settings.Heads * count * keys), settings.Heads * count, keys);
            AttentionScores(scores, queries, plan, s, layout, settings);
            AttentionPattern(scores, scores, count, settings);
            AttentionMix(output, scores, plan, s, layout, settings);
        }
    }

    public void AttentionScores(Rows scores, Rows queries, StepPlan plan, int sequence, in CacheLayout layout, AttentionSettings settings)
    {
        int first = plan.SequenceStart[sequence], count = plan.SequenceStart[sequence + 1] - first, d = settings.KeyDimension;
        for (int h = 0; h < settings.Heads; h++)
            for (int q = 0; q < count; q++)
                for (int k = 0; k < scores.Width; k++)
                {
                    int p = plan.Positions[first + q];
                    double score = double.NegativeInfinity;
                    if (k <= p && (settings.Window == 0 || k > p - settings.Window))
                    {
                        Span<float> key = Cached(plan, sequence, k, layout, h / (settings.Heads / settings.KeyHeads), keys: true);
                        score = 0;
                        for (int i = 0; i < d; i++)
                            score += (double)Row(queries, first + q)[(h * d) + i] * key[i];
                        score *= settings.Scale;
                        if (settings.SoftCap != 0)
                            score = settings.SoftCap * Math.Tanh(score / settings.SoftCap);
                        if (settings.AlibiSlopes is { } slopes)
                            score += slopes[h] * (k - p);
                    }
                    Row(scores, (h * count) + q)[k] = (float)score;
                }
    }

    public void AttentionPattern(Rows pattern, Rows scores, int queries, AttentionSettings settings)
    {
        for (int r = 0; r < scores.Count; r++)
        {
            float sink = settings.Sinks?[r / queries] ?? float.NegativeInfinity, most = sink;
            foreach (float score in Row(scores, r))
                most = Math.Max(most, score);
            double sum = float.IsNegativeInfinity(sink) ? 0 : Math.Exp(sink - most);
            foreach (float score in Row(scores, r))
                sum += float.IsNegativeInfinity(most) ? 0 : Math.Exp(score - most);
            for (int k = 0; k < scores.Width; k++)
                Row(pattern, r)[k] = sum == 0 ? 0 : (float)(Math.Exp(Row(scores, r)[k] - most) / sum);
        }
    }

    public void AttentionMix(Rows output, Rows pattern, StepPlan plan, int sequence, in CacheLayout layout, AttentionSettings settings)
    {
        int first = plan.SequenceStart[sequence], count = plan.SequenceStart[sequence + 1] - first, d = settings.ValueDimension;
        for (int h = 0; h < settings.Heads; h++)
            for (int q = 0; q < count; q++)
                for (int i = 0; i < d; i++)
                {
                    double sum = 0;
                    for (int k = 0; k < pattern.Width; k++)
                        sum += (double)Row(pattern, (h * count) + q)[k]
                            * Cached(plan, sequence, k, layout, h / (settings.Heads / settings.KeyHeads), keys: false)[i];
                    Row(output, first + q)[(h * d) + i] = (float)sum;
                }
    }

    private static double Act(ActivationKind kind, double x) => kind switch
    {
        ActivationKind.Silu => x / (1 + Math.Exp(-x)),
        ActivationKind.Gelu => 0.5 * x * (1 + Erf(x / Math.Sqrt(2))),
        ActivationKind.GeluTanh => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)))),
        ActivationKind.QuickGelu => x / (1 + Math.Exp(-1.702 * x)),
        ActivationKind.Relu => Math.Max(0, x),
        ActivationKind.ReluSquared => Math.Max(0, x) * Math.Max(0, x),
        ActivationKind.Identity => x,
        ActivationKind.Sigmoid => 1 / (1 + Math.Exp(-x)),
        ActivationKind.Tanh => Math.Tanh(x),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "an activation of one argument"),
    };

    // erf by its Taylor series where that converges quickly, else by the continued fraction of erfc.
    internal static double Erf(double x)
    {
        if (Math.Abs(x) > 3)
        {
            double fraction = 0;
            for (int n = 60; n > 0; n--)
                fraction = n / 2.0 / (Math.Abs(x) + fraction);
            return Math.Sign(x) * (1 - (Math.Exp(-x * x) / Math.Sqrt(Math.PI) / (Math.Abs(x) + fraction)));
        }
        double term = x, sum = x;
        for (int n = 1; n < 80; n++)
            sum += (term *= -x * x / n) / ((2 * n) + 1);
        return sum * 2 / Math.Sqrt(Math.PI);
    }

    public void Activate(Rows output, Rows gate, Rows? up, ActivationKind kind, float limit = 0)
    {
        for (int r = 0; r < output.Count; r++)
            for (int i = 0; i < output.Width; i++)
            {
                double g = Row(gate, r)[i], u = up is { } rows ? Row(rows, r)[i] : 1;
                if (kind == ActivationKind.ClampedSwiglu)
                    Row(output, r)[i] = (float)(Act(ActivationKind.QuickGelu, Math.Min(g, limit)) * (Math.Clamp(u, -limit, limit) + 1));
                else
                    Row(output, r)[i] = (float)(Act(kind, g) * u);
            }
    }

    private static void Each(Rows output, Func<int, int, double> value)
    {
        for (int r = 0; r < output.Count; r++)
            for (int i = 0; i < output.Width; i++)
                Row(output, r)[i] = (float)value(r, i);
    }

    public void Add(Rows output, Rows a, Rows b, float scale = 1) => Each(output, (r, i) => Row(a, r)[i] + ((double)scale * Row(b, r)[i]));

    public void Scale(Rows output, Rows input, float scale) => Each(output, (r, i) => scale * Row(input, r)[i]);

    public void Clamp(Rows values, float limit) => Each(values, (r, i) => Math.Clamp(Row(values, r)[i], -limit, limit));

    public void SoftCap(Rows values, float cap) => Each(values, (r, i) => cap * Math.Tanh(Row(values, r)[i] / cap));

    public void ScaleRows(Rows values, Rows factors) => Each(values, (r, i) => Row(values, r)[i] * Row(factors, r)[0]);

    public void Gather(Rows output, Rows input, ReadOnlySpan<int> indices)
    {
        for (int r = 0; r < output.Count; r++)
            Row(input, indices[r]).CopyTo(Row(output, r));
    }

    public void Route(Span<int> indices, Span<float> weights, Rows logits, RouterSettings settings)
    {
        for (int t = 0; t < logits.Count; t++)
        {
            double[] scores = [.. Row(logits, t).ToArray().Select(x => settings.Scoring == RouterScoring.Sigmoid ? Act(ActivationKind.Sigmoid, x) : x)];
            if (settings.Scoring == RouterScoring.SoftmaxThenTop)
                scores = Softmax(scores);
            double[] choice = [.. scores.Select((score, e) => score + (settings.CorrectionBias?[e] ?? 0))];
            int perGroup = settings.Experts / settings.Groups;
            int[] eligible = [.. Enumerable.Range(0, settings.Groups)
                .OrderByDescending(g => choice.Skip(g * perGroup).Take(perGroup).OrderDescending().Take(settings.GroupScoreTop).Sum())
                .Take(settings.GroupsChosen)];
            int[] best = [.. Enumerable.Range(0, settings.Experts).Where(e => eligible.Contains(e / perGroup))
                .OrderByDescending(e => choice[e]).Take(settings.Chosen)];
            double[] chosen = [.. best.Select(e => scores[e])];
            if (settings.Scoring == RouterScoring.TopThenSoftmax)
                chosen = Softmax(chosen);
            double sum = settings.Renormalise ? chosen.Sum() : 1;
            var order = best.Zip(chosen, (e, w) => (e, w)).OrderByDescending(pair => pair.w).ToArray();
            for (int j = 0; j < settings.Chosen; j++)
                (indices[(t * settings.Chosen) + j], weights[(t * settings.Chosen) + j]) = (order[j].e, (float)(order[j].w / sum * settings.Scale));
        }
    }

    private static double[] Softmax(double[] values)
    {
        double most = values.Max(), sum = values.Sum(value => Math.Exp(value - most));
        return [.. values.Select(value => Math.Exp(value - most) / sum)];
    }

    public void Combine(Rows output, Rows parts, ReadOnlySpan<int> slots, ReadOnlySpan<float> weights, int chosen)
    {
        for (int t = 0; t < output.Count; t++)
            for (int i = 0; i < output.Width; i++)
            {
                double sum = 0;
                for (int j = 0; j < chosen; j++)
                    sum += (double)weights[(t * chosen) + j] * Row(parts, slots[(t * chosen) + j])[i];
                Row(output, t)[i] = (float)sum;
            }
    }

    public bool ChoosesExperts(RouterSettings routing) => true;

    public Weight? TryStack(ReadOnlySpan<WeightSource> sources, Span<Weight> parts)
    {
        for (int i = 0; i < sources.Length; i++)
            parts[i] = CreateWeight(sources[i]);
        return new Matrix([.. parts.ToArray().SelectMany(part => ((Matrix)part).Values)], parts.Length * parts[0].Rows, parts[0].Columns);
    }

    public void Experts(
        Rows output, Projection down, Projection gate, Projection up, Rows input, Rows logits, RouterSettings routing, ActivationKind kind, float limit, Precision precision)
    {
        int[] experts = new int[input.Count * routing.Chosen], rows = [.. Enumerable.Range(0, experts.Length)];
        float[] weights = new float[experts.Length];
        Route(experts, weights, logits, routing);
        for (int i = 0; i < experts.Length; i++)
        {
            Rows x = input.Slice(i / routing.Chosen, 1), hidden = gate.Output.Slice(i, 1);
            Linear([OfExpert(gate, experts[i], i), OfExpert(up, experts[i], i)], x, precision);
            Activate(hidden, hidden, up.Output.Slice(i, 1), kind, limit);
            Linear([OfExpert(down, experts[i], i)], hidden, precision);
        }
        Combine(output, down.Output, rows, weights, routing.Chosen);
    }

    // An expert's rows of a stack, and row i of what lies between.
    private static Projection OfExpert(Projection stack, int expert, int i)
    {
        int rows = stack.Output.Width, columns = stack.Weight.Columns;
        var weight = new Matrix(((Matrix)stack.Weight).Values[(expert * rows * columns)..((expert + 1) * rows * columns)], rows, columns);
        Buffer? bias = null;
        if (stack.Bias is Buffer all)
        {
            bias = new Buffer(rows);
            all.Values.AsSpan(expert * rows, rows).CopyTo(bias.Values);
        }
        return new Projection(stack.Output.Slice(i, 1), weight, bias);
    }

    public void Edit(Rows values, StepPlan plan, int site)
    {
        for (int t = 0; t < plan.Count; t++)
            if (plan.Edits[plan.SequenceOf[t]] is { } state)
                EditReference.Run(this, Span(values.Buffer, values.Start + ((long)t * values.Stride), values.Width), plan.Positions[t], state, state.Program.At(site));
    }

    public void Softmax(Rows output, Rows input)
    {
        for (int r = 0; r < input.Count; r++)
        {
            double[] values = Softmax([.. Row(input, r).ToArray().Select(x => (double)x)]);
            for (int i = 0; i < values.Length; i++)
                Row(output, r)[i] = (float)values[i];
        }
    }

    public void Dispose()
    {
    }
}
