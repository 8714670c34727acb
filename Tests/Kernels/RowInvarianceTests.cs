using Managed.Kernels;
using Managed.Kernels.Linear;

namespace Managed.Tests.Devices;

/// <summary>A row's bits depend on the row alone, and an operation in parts gives the bits of the whole.</summary>
public class RowInvarianceTests
{
    [Test]
    public void A_token_has_the_same_bits_alone_and_among_others(
        [ValueSource(typeof(KernelCases), nameof(KernelCases.DirectTypes))] object type, [Values] Precision precision, [Values(768, 1536)] int inputs)
    {
        using var scene = new Scene(new CpuDevice(2));
        const int Tokens = 71, Outputs = 21;
        Rows input = scene.Random(Tokens, inputs), all = scene.Random(Tokens, Outputs), some = scene.Random(Tokens, Outputs);
        Weight weight = scene.Weight((WeightType)type, Outputs, inputs);
        scene.Device.Linear([new Projection(all, weight)], input, precision);
        foreach (int step in new[] { 1, 2, 3, 4, 5, 6 })
        {
            for (int first = 0; first < Tokens; first += step)
            {
                int count = Math.Min(step, Tokens - first);
                scene.Device.Linear([new Projection(some.Slice(first, count), weight)], input.Slice(first, count), precision);
            }
            Assert.That(scene.Read(some), Is.EqualTo(scene.Read(all)), $"in steps of {step}");
        }
    }

    [Test]
    public void A_token_of_a_long_prompt_has_the_bits_of_that_token_alone(
        [Values(WeightType.F32, WeightType.F16, WeightType.Q4_1, WeightType.Q8_0, WeightType.Q6_K)] object type, [Values] Precision precision, [Values(1, 2)] int threads)
    {
        using var scene = new Scene(new CpuDevice(threads));
        const int Tokens = 150, Outputs = 435; // several blocks of tokens, several groups of rows, of which the last one ends inside a tile
        foreach (int inputs in (WeightType)type == WeightType.F32 ? [1543, 33] : new[] { 1536, 256 })
        {
            Weight weight = scene.Weight((WeightType)type, Outputs, inputs, [.. Enumerable.Range(0, Outputs).Select(i => Outputs - 1 - i)]);
            Rows input = scene.Random(Tokens, inputs, gap: 3), all = scene.Random(Tokens, Outputs), alone = scene.Random(Tokens, Outputs);
            DeviceBuffer bias = scene.Vector(Outputs);
            foreach (Projection layer in new[] { new Projection(all, weight, bias), new Projection(all, scene.Weight((WeightType)type, Outputs, inputs)) })
            {
                scene.Device.Linear([layer], input, precision);
                for (int token = 0; token < Tokens; token++)
                    scene.Device.Linear([layer with { Output = alone.Slice(token, 1) }], input.Slice(token, 1), precision);
                Assert.That(scene.Read(all), Is.EqualTo(scene.Read(alone)), $"{inputs} inputs");
            }
        }
    }

    [Test]
    public unsafe void Rows_of_few_columns_keep_the_order_of_additions(
        [Values(WeightType.F32, WeightType.F16, WeightType.BF16)] object type, [Values(8, 16, 24, 32, 40, 64)] int inputs, [Values(1, 3, 7)] int tokens)
    {
        using var scene = new Scene(new CpuDevice(2));
        const int Outputs = 37;
        Weight weight = scene.Weight((WeightType)type, Outputs, inputs);
        Rows input = scene.Random(tokens, inputs, gap: 3), output = scene.Random(tokens, Outputs, gap: 5);
        scene.Device.Linear([new Projection(output, weight)], input, Precision.Exact);
        var row = new float[inputs];
        for (int o = 0; o < Outputs; o++)
        {
            ((CpuWeight)weight).ReadRow(row, o);
            for (int t = 0; t < tokens; t++)
                fixed (float* w = row)
                    Assert.That(output.Row(t)[o], Is.EqualTo(Lanes.Dot(w, input.Row(t), inputs)), $"token {t}, output {o}");
        }
    }

    [TestCase(16, TestName = "Pairs 16 apart are stored as they are in order")]
    [TestCase(32, TestName = "Pairs 32 apart are stored as they are in order")]
    [TestCase(20, TestName = "Pairs 20 apart, which are no whole runs of eight, are stored as they are in order")]
    public void Outputs_of_interleaved_rows_are_those_of_rows_in_order(int half)
    {
        const int Inputs = 64;
        foreach (int outputs in new[] { 4 * half, (4 * half) + 6 }) // the last ones as they are
            foreach (int tokens in new[] { 1, 5, 70 })
                foreach (Precision precision in Enum.GetValues<Precision>())
                {
                    using Scene plain = new(new CpuDevice(2)), interleaved = new(new CpuDevice(2)); // the same numbers in the same order
                    int[] order = [.. Enumerable.Range(0, outputs).Select(row => row >= 4 * half ? row : (row / (2 * half) * 2 * half) + (row % 2 * half) + (row % (2 * half) / 2))];
                    Rows[] results = [.. new[] { plain, interleaved }.Select(scene =>
                    {
                        Weight weight = scene.Weight(WeightType.Q8_0, outputs, Inputs, scene == plain ? null : order);
                        Rows input = scene.Random(tokens, Inputs), output = scene.Random(tokens, outputs);
                        scene.Device.Linear([new Projection(output, weight)], input, precision);
                        return output;
                    })];
                    float[] stored = plain.Read(results[0]), ordered = interleaved.Read(results[1]);
                    for (int token = 0; token < tokens; token++)
                        for (int row = 0; row < outputs; row++)
                            Assert.That(ordered[(token * outputs) + order[row]], Is.EqualTo(stored[(token * outputs) + row]), $"token {token}, row {row} of {outputs}");
                }
    }

    [Test]
    public void What_is_made_of_a_long_prompt_s_outputs_has_the_bits_of_one_operation_after_the_other(
        [Values(WeightType.F32, WeightType.Q4_1)] object type, [Values] Precision precision, [Values(1, 2)] int threads)
    {
        using var scene = new Scene(new CpuDevice(threads));
        const int Tokens = 150, Outputs = 500, Inputs = 288; // more outputs than are computed at once
        Weight gate = scene.Weight((WeightType)type, Outputs, Inputs), up = scene.Weight((WeightType)type, Outputs, Inputs);
        DeviceBuffer bias = scene.Vector(Outputs);
        Rows input = scene.Random(Tokens, Inputs), whole = scene.Random(Tokens, Outputs, gap: 5), parts = scene.Random(Tokens, Outputs);
        var first = new Projection(scene.Random(Tokens, Outputs), gate, bias);
        var second = new Projection(scene.Random(Tokens, Outputs, gap: 3), up);
        scene.Device.LinearGated(whole, first, second, input, ActivationKind.Silu, 0, precision);
        ComposedOperations.LinearGated(scene.Device, parts, first, second, input, ActivationKind.Silu, 0, precision);
        Assert.That(scene.Read(whole), Is.EqualTo(scene.Read(parts)), "gated");

        scene.Device.LinearAdd(whole, first, input, precision);
        ComposedOperations.LinearAdd(scene.Device, parts, first, input, precision);
        Assert.That(scene.Read(whole), Is.EqualTo(scene.Read(parts)), "added");
    }

    [Test]
    public void Norm_in_three_parts_has_the_bits_of_norm([Values] bool layer, [Values(1, 7, 31, 33, 576)] int width, [Values(1, 3)] int segments)
    {
        using var scene = new Scene(new CpuDevice(1));
        Rows input = scene.Random(4, width * segments), whole = scene.Random(4, width * segments), parts = scene.Random(4, width * segments), scale = scene.Random(4, segments);
        var settings = new NormSettings(layer ? NormKind.Layer : NormKind.Rms, 1e-6f) { Segments = segments, Gain = scene.Vector(width * segments), Bias = scene.Vector(width * segments), GainPerSegment = true };
        scene.Device.Norm(whole, input, settings);
        scene.Device.NormScale(scale, input, settings);
        scene.Device.NormDivide(parts, input, scale, settings);
        scene.Device.NormGain(parts, parts, settings);
        Assert.That(scene.Read(parts), Is.EqualTo(scene.Read(whole)));
    }

    [Test]
    public void Attention_has_the_same_bits_in_three_parts_and_query_by_query([Range(0, 9)] int kind)
    {
        using var scene = new Scene(new CpuDevice(2));
        AttentionSettings settings = AttentionCases.Kinds[kind].Settings;
        CacheLayout layout = AttentionCases.Layout(settings);
        StepPlan plan = scene.Plan([(13, 37)], AttentionCases.PageLength(layout));
        Rows queries = scene.Random(37, settings.Heads * settings.KeyDimension, scale: 2), whole = scene.Random(37, settings.Heads * settings.ValueDimension);
        scene.Device.Attention(whole, queries, plan, layout, settings);

        Rows scores = scene.Random(settings.Heads * 37, 50), pattern = scene.Random(settings.Heads * 37, 50), parts = scene.Random(37, whole.Width);
        scene.Device.AttentionScores(scores, queries, plan, 0, layout, settings);
        scene.Device.AttentionPattern(pattern, scores, 37, settings);
        scene.Device.AttentionMix(parts, pattern, plan, 0, layout, settings);
        Assert.That(scene.Read(parts), Is.EqualTo(scene.Read(whole)), "in three parts");

        Rows alone = scene.Random(37, whole.Width);
        for (int q = 0; q < 37; q++)
        {
            var one = new StepPlan { Count = 1, Positions = [13 + q], SequenceOf = [0], Tokens = [0], SequenceCount = 1, SequenceStart = [0, 1], Pages = plan.Pages };
            scene.Device.Attention(alone.Slice(q, 1), queries.Slice(q, 1), one, layout, settings);
        }
        Assert.That(scene.Read(alone), Is.EqualTo(scene.Read(whole)), "query by query");
    }

    [Test]
    public void Attention_of_rows_with_a_token_each_has_the_bits_of_each_alone([Range(0, 9)] int kind, [Values(1, 2, 3)] int threads)
    {
        using var scene = new Scene(new CpuDevice(threads));
        AttentionSettings settings = AttentionCases.Kinds[kind].Settings;
        CacheLayout layout = AttentionCases.Layout(settings);
        const int Count = 7;
        StepPlan plan = scene.Plan([(13, 1), (49, 1), (0, 1), (30, 1), (31, 1), (7, 1), (22, 1)], AttentionCases.PageLength(layout));
        Rows queries = scene.Random(Count, settings.Heads * settings.KeyDimension, scale: 2), together = scene.Random(Count, settings.Heads * settings.ValueDimension);
        Rows alone = scene.Random(Count, together.Width);
        scene.Device.Attention(together, queries, plan, layout, settings);
        for (int row = 0; row < Count; row++)
        {
            var one = new StepPlan { Count = 1, Positions = [plan.Positions[row]], SequenceOf = [0], Tokens = [0], SequenceCount = 1, SequenceStart = [0, 1], Pages = [plan.Pages[row]] };
            scene.Device.Attention(alone.Slice(row, 1), queries.Slice(row, 1), one, layout, settings);
        }
        Assert.That(scene.Read(together), Is.EqualTo(scene.Read(alone)));
    }

    [Test]
    public void Norms_of_many_rows_have_the_bits_of_each_alone([Values(1, 2, 3)] int threads)
    {
        using var scene = new Scene(new CpuDevice(threads));
        const int Count = 41, Width = 576;
        Rows input = scene.Random(Count, Width), together = scene.Random(Count, Width), alone = scene.Random(Count, Width);
        var settings = new NormSettings(NormKind.Rms, 1e-6f) { Gain = scene.Vector(Width) };
        scene.Device.Norm(together, input, settings);
        for (int row = 0; row < Count; row++)
            scene.Device.Norm(alone.Slice(row, 1), input.Slice(row, 1), settings);
        Assert.That(scene.Read(together), Is.EqualTo(scene.Read(alone)));
    }

    [Test]
    public void A_steps_norms_and_layers_have_the_bits_of_each_row_alone(
        [Values(1, 2, 3, 8, 16, 40)] int count, [Values(1, 2, 3)] int threads, [Values(WeightType.Q4_1, WeightType.Q8_0)] object type)
    {
        const int Width = 96, Hidden = 672;
        using var scene = new Scene(new CpuDevice(threads, worthSharing: 0));
        IDevice device = scene.Device;
        Weight other = scene.Weight((WeightType)type, 64, Width), gate = scene.Weight((WeightType)type, Hidden, Width);
        Weight up = scene.Weight((WeightType)type, Hidden, Width), down = scene.Weight((WeightType)type, Width, Hidden);
        var settings = new NormSettings(NormKind.Rms, 1e-6f) { Gain = scene.Vector(Width) };
        Rows stream = scene.Random(count, Width), alone = scene.Random(count, Width), outputs = scene.Random(count, 64), outputsAlone = scene.Random(count, 64);
        Rows normed = scene.Random(count, Width), gated = scene.Random(count, Hidden), scratch = scene.Random(2 * count, Hidden);
        device.Scale(alone, stream, 1);

        Rows Layers(Rows rows, Rows results, int first)
        {
            Rows norm = normed.Slice(first, rows.Count), hidden = gated.Slice(first, rows.Count);
            for (int layer = 0; layer < 2; layer++)
            {
                device.Norm(norm, rows, settings);
                device.Linear([new Projection(results, other)], norm, Precision.Fast);
                device.Norm(norm, rows, settings);
                device.LinearGated(hidden, new Projection(scratch.Slice(0, rows.Count), gate), new Projection(scratch.Slice(count, rows.Count), up), norm, ActivationKind.Silu, 0, Precision.Fast);
                device.LinearAdd(rows, new Projection(norm, down), hidden, Precision.Fast);
            }
            return rows;
        }

        device.Step(new StepPlan { Count = count }, default, null, () => Layers(stream, outputs, 0));
        for (int row = 0; row < count; row++)
            Layers(alone.Slice(row, 1), outputsAlone.Slice(row, 1), row);
        Assert.That(scene.Read(stream), Is.EqualTo(scene.Read(alone)));
        Assert.That(scene.Read(outputs), Is.EqualTo(scene.Read(outputsAlone)));
    }

    [Test]
    public void Rotation_of_many_rows_has_the_bits_of_each_alone([Values(1, 2, 3)] int threads, [Values] bool norms)
    {
        using var scene = new Scene(new CpuDevice(threads));
        const int Count = 23, Dimension = 64, Heads = 9, KeyHeads = 3, PagePositions = 16;
        var layout = new CacheLayout(PagePositions, 0, KeyHeads * PagePositions * Dimension, KeyHeads, Dimension, Dimension);
        Rows queries = scene.Random(Count, Heads * Dimension), keys = scene.Random(Count, KeyHeads * Dimension), values = scene.Random(Count, KeyHeads * Dimension);
        Rows queries2 = scene.Random(Count, Heads * Dimension), keys2 = scene.Random(Count, KeyHeads * Dimension);
        scene.Device.Scale(queries2, queries, 1);
        scene.Device.Scale(keys2, keys, 1);
        NormSettings? norm = norms ? new NormSettings(NormKind.Rms, 1e-6f) { Segments = Heads, Gain = scene.Vector(Dimension) } : null;
        NormSettings? keyNorm = norm is null ? null : norm with { Segments = KeyHeads };
        var table = new RopeTable(RopePairing.Halves, [.. Enumerable.Range(0, Dimension / 2).Select(i => MathF.Pow(10000, -2f * i / Dimension))]);
        DeviceBuffer page = scene.Random(1, 2 * KeyHeads * PagePositions * Dimension).Buffer;
        DeviceBuffer[][] together = [.. Enumerable.Range(0, Count).Select(_ => new[] { scene.Random(1, (int)page.Length).Buffer })];
        DeviceBuffer[][] alone = [.. Enumerable.Range(0, Count).Select(_ => new[] { scene.Random(1, (int)page.Length).Buffer })];
        foreach (DeviceBuffer[][] pages in new[] { together, alone })
            foreach (DeviceBuffer[] one in pages)
                scene.Device.Span(one[0], 0, (int)page.Length).Clear();
        int[] positions = [.. Enumerable.Range(0, Count).Select(row => row * 5 % PagePositions)];
        var plan = new StepPlan
        {
            Count = Count,
            SequenceCount = Count,
            Positions = positions,
            SequenceOf = [.. Enumerable.Range(0, Count)],
            SequenceStart = [.. Enumerable.Range(0, Count + 1)],
            Pages = together,
        };
        scene.Device.RotateAndStore(plan, layout, queries, keys, values, norm, keyNorm, 0, [.. Enumerable.Repeat(table, Count)]);
        for (int row = 0; row < Count; row++)
        {
            var one = new StepPlan { Count = 1, SequenceCount = 1, Positions = [positions[row]], SequenceOf = [0], SequenceStart = [0, 1], Pages = [alone[row]] };
            ComposedOperations.RotateAndStore(scene.Device, one, layout, queries2.Slice(row, 1), keys2.Slice(row, 1), values.Slice(row, 1), norm, keyNorm, 0, [table]);
            Assert.That(scene.Device.Span(together[row][0], 0, (int)page.Length).SequenceEqual(scene.Device.Span(alone[row][0], 0, (int)page.Length)), $"page of row {row}");
        }
        Assert.That(scene.Read(queries2), Is.EqualTo(scene.Read(queries)));
    }

    [Test]
    public void Rows_that_began_together_have_the_bits_of_each_alone([Values(1, 3, 6, 8, 9, 40)] int group, [Values(0, 21)] int window, [Values(1, 3)] int threads)
    {
        var settings = new AttentionSettings { Heads = 2 * group, KeyHeads = 2, KeyDimension = 64, ValueDimension = 64, Scale = 0.2f, Window = window };
        CacheLayout layout = AttentionCases.Layout(settings);
        using var scene = new Scene(new CpuDevice(threads, worthSharing: 0));
        StepPlan plan = scene.Plan([.. new[] { 37, 40, 33, 47, 48, 70, 32, 35, 36, 34, 50, 53, 12 }.Select(position => (position, 1))], AttentionCases.PageLength(layout));
        for (int sequence = 1; sequence < 10; sequence++) // the first ten have two pages in common, two others one, the last one none
            (plan.Pages[sequence][0], plan.Pages[sequence][1]) = (plan.Pages[0][0], plan.Pages[0][1]);
        plan.Pages[10][0] = plan.Pages[11][0];
        Rows queries = scene.Random(plan.Count, settings.Heads * 64, scale: 2), together = scene.Random(plan.Count, settings.Heads * 64), alone = scene.Random(plan.Count, settings.Heads * 64);
        scene.Device.Attention(together, queries, plan, layout, settings);
        for (int row = 0; row < plan.Count; row++)
        {
            var one = new StepPlan { Count = 1, SequenceCount = 1, SequenceStart = [0, 1], SequenceOf = [0], Positions = [plan.Positions[row]], Pages = [plan.Pages[row]] };
            scene.Device.Attention(alone.Slice(row, 1), queries.Slice(row, 1), one, layout, settings);
        }
        Assert.That(scene.Read(together), Is.EqualTo(scene.Read(alone)));
    }
}
