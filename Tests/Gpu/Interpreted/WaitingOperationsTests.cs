using System.Runtime.InteropServices;
using Managed.Kernels;
using Managed.Kernels.Edits;
using Managed.Kernels.Gpu;
using Managed.Tests.Devices;
using Managed.Tests.Guarding;

namespace Managed.Tests.Gpu;

/// <summary>
/// Operations of a step that wait for the ones behind them and are done in their launches: whoever looks at what stands between has them done one
/// by one, and all bits stay as they are.
/// </summary>
public class WaitingOperationsTests
{
    private const int Width = 64, Heads = 4, KeyHeads = 2, Dimension = 64, Inner = 96, Blocks = 2, Past = 20, Site = 1;

    private static readonly CacheLayout s_layout = new(Scene.PagePositions, 0, Scene.PagePositions * KeyHeads * Dimension, KeyHeads, Dimension, Dimension);

    // Scores of random heads are large; so small a scale keeps weights from hanging on their last bits.
    private static readonly AttentionSettings s_attention =
        new() { Heads = Heads, KeyHeads = KeyHeads, KeyDimension = Dimension, ValueDimension = Dimension, Scale = 0.01f };

    /// <summary>Where somebody may look, of each block.</summary>
    private static readonly string[] s_places = ["normed", "queries", "values", "turned", "heads", "attended", "normed again", "inner", "stream", "edited"];

    private sealed record Seen(float[] Stream, float[][] Pages, float[] Lines, int FailedInstruction, int FailedPosition);

    [Test]
    public void Whoever_looks_changes_no_bits(
        [Values(WeightType.BF16, WeightType.Q8_0, WeightType.Q4_0)] object type, [Values(1, 2)] int rows, [Values(0, 1, 4)] int adds)
    {
        bool withNorms = rows == 2;
        Seen unseen = Run(Accelerators.Open(Accelerators.Ptx), (WeightType)type, rows, adds, withNorms, _ => false);
        AssertSame(Run(Accelerators.Open(Accelerators.Ptx), (WeightType)type, rows, adds, withNorms, _ => true), unseen, "everywhere");
        GpuDevice apart = Accelerators.Open(Accelerators.Ptx);
        apart.Joins = false;
        AssertSame(Run(apart, (WeightType)type, rows, adds, withNorms, _ => false), unseen, "an operation a launch");
        if ((WeightType)type == WeightType.Q4_0 && rows == 2 && adds == 1)
            foreach (string place in s_places)
                AssertSame(Run(Accelerators.Open(Accelerators.Ptx), (WeightType)type, rows, adds, withNorms, at => at == place), unseen, place);
    }

    // Of one step: what is rounded there grows in the next ones.
    [Test]
    public void What_has_waited_is_what_plain_formulas_give([Values(WeightType.BF16, WeightType.Q8_0, WeightType.Q4_0)] object type, [Values(0, 1)] int adds)
    {
        Seen actual = Run(Accelerators.Open(Accelerators.Ptx), (WeightType)type, 2, adds, withNorms: true, _ => false, steps: 1);
        Seen plain = Run(new PlainDevice(), (WeightType)type, 2, adds, withNorms: true, _ => false, steps: 1);
        Assert.That(actual.Stream, Is.EqualTo(plain.Stream).AsCollection.Within(2e-4 * plain.Stream.Max(MathF.Abs)));
        Assert.That(actual.Lines, Is.EqualTo(plain.Lines).AsCollection.Within(1e-4));
    }

    [Test]
    public void What_is_recorded_gives_the_same_bits([Values(1, 2)] int rows, [Values(0, 1)] int adds)
    {
        Seen run = Run(Accelerators.Open(Accelerators.Ptx), WeightType.Q4_0, rows, adds, withNorms: true, _ => false);
        AssertSame(Run(Accelerators.Open(Accelerators.Ptx), WeightType.Q4_0, rows, adds, withNorms: true, _ => false, key: new StepKey(rows, 0, Precision.Fast, 0)), run, "recorded");
    }

    [Test]
    public void An_add_that_is_not_finite_fails_alike([Values(1, 2)] int rows)
    {
        Seen unseen = Run(Accelerators.Open(Accelerators.Ptx), WeightType.Q8_0, rows, 3, withNorms: false, _ => false, strength: 3e38f);
        AssertSame(Run(Accelerators.Open(Accelerators.Ptx), WeightType.Q8_0, rows, 3, withNorms: false, _ => true, strength: 3e38f), unseen, "everywhere");
        Assert.That((unseen.FailedInstruction, unseen.FailedPosition), Is.EqualTo((1, Past)));
    }

    // After the first product the edited stream stands elsewhere.
    [TestCase("norm, product into the stream")]
    [TestCase("edit, norm, product")]
    [TestCase("edit, look")]
    [TestCase("norm, norm, product")]
    [TestCase("look")]
    [TestCase("product into the stream, edit, norm, product")]
    public void Rows_that_stand_elsewhere_are_found_by_whoever_comes_next(string operations)
    {
        float[][] Results(bool joins)
        {
            GpuDevice device = Accelerators.Open(Accelerators.Ptx);
            device.Joins = joins;
            using var scene = new Scene(device, seed: 4);
            StepPlan plan = scene.Plan([(Past, 1), (Past + 3, 1)]);
            plan.Precision = Precision.Fast;
            EditState[] states = [.. Enumerable.Range(0, 2).Select(_ => new EditState(device, Program(scene, 2, 0.5f), promptLength: 4))];
            foreach (EditState state in states)
                state.Reserve(Past + 4);
            plan.Edits = states;
            var norm = new NormSettings(NormKind.Rms, 1e-5f) { Gain = scene.Vector(Width) };
            Weight square = scene.Weight(WeightType.Q8_0, Width, Width);
            Rows stream = scene.Random(2, Width), normed = scene.Random(2, Width), output = scene.Random(2, Width), scratch = scene.Random(2, Width);
            List<float[]> looks = [];
            device.Step(plan, s_layout, null, () =>
            {
                foreach (string operation in $"edit, norm, product, {operations}".Split(", "))
                {
                    if (operation == "edit")
                        device.Edit(stream, plan, Site);
                    else if (operation == "norm")
                        device.Norm(normed, stream, norm);
                    else if (operation == "product")
                        device.Linear([new Projection(output, square, null)], normed, Precision.Fast);
                    else if (operation == "product into the stream")
                        device.LinearAdd(stream, new Projection(scratch, square, null), normed, Precision.Fast);
                    else
                        looks.Add(scene.Read(stream));
                }
                return stream;
            });
            float[][] results = [.. looks, scene.Read(stream), scene.Read(normed), scene.Read(output), .. states.Select((state, row) => state.Line(plan.Positions[row]).ToArray())];
            foreach (EditState state in states)
                state.Dispose();
            return results;
        }
        float[][] joined = Results(true), apart = Results(false);
        for (int i = 0; i < apart.Length; i++)
            Assert.That(Bits(joined[i]), Is.EqualTo(Bits(apart[i])), $"result {i}");
    }

    private static void AssertSame(Seen actual, Seen expected, string place)
    {
        Assert.That(Bits(actual.Stream), Is.EqualTo(Bits(expected.Stream)), place);
        Assert.That(Bits(actual.Lines), Is.EqualTo(Bits(expected.Lines)), place);
        for (int page = 0; page < expected.Pages.Length; page++)
            Assert.That(Bits(actual.Pages[page]), Is.EqualTo(Bits(expected.Pages[page])), $"{place}, page {page}");
        Assert.That((actual.FailedInstruction, actual.FailedPosition), Is.EqualTo((expected.FailedInstruction, expected.FailedPosition)), place);
    }

    private static uint[] Bits(float[] values) => MemoryMarshal.Cast<float, uint>(values).ToArray();

    // Some steps of some rows, a token each.
    private static Seen Run(IDevice device, WeightType type, int rows, int adds, bool withNorms, Func<string, bool> looks, StepKey? key = null, float strength = 0.5f, int steps = 3)
    {
        using var scene = new Scene(device, seed: 3);
        StepPlan plan = scene.Plan([.. Enumerable.Range(0, rows).Select(row => (Past + (9 * row), 1))], s_layout.Value(KeyHeads, 0));
        plan.Precision = Precision.Fast;
        EditState[] states = adds == 0 ? [] : [.. Enumerable.Range(0, rows).Select(_ => new EditState(device, Program(scene, adds, strength), promptLength: 4))];
        plan.Edits = adds == 0 ? new EditState?[rows] : states;
        int queryWidth = Heads * Dimension, keyWidth = KeyHeads * Dimension;
        NormSettings norm = new(NormKind.Rms, 1e-5f) { Gain = scene.Vector(Width), GainOffset = 0.5f }, norm2 = norm with { Gain = scene.Vector(Width) };
        NormSettings? queryNorm = withNorms ? norm with { Gain = scene.Vector(queryWidth), Segments = Heads, GainPerSegment = true } : null;
        NormSettings? keyNorm = withNorms ? norm with { Gain = scene.Vector(keyWidth), Segments = KeyHeads, GainPerSegment = true } : null;
        var rope = new RopeTable(RopePairing.Halves, [.. Enumerable.Range(0, Dimension / 2).Select(i => MathF.Pow(10000, -2f * i / Dimension))]);
        RopeTable[] tables = [.. Enumerable.Repeat(rope, rows)];
        Weight[] weights = [scene.Weight(type, queryWidth, Width), scene.Weight(type, keyWidth, Width), scene.Weight(type, keyWidth, Width), scene.Weight(type, Width, queryWidth),
            scene.Weight(type, Inner, Width), scene.Weight(type, Inner, Width), scene.Weight(type, Width, Inner)];
        Rows stream = scene.Random(rows, Width), normed = scene.Random(rows, Width), all = scene.Random(rows, queryWidth + (2 * keyWidth)), heads = scene.Random(rows, queryWidth);
        Rows scratch = scene.Random(rows, Width), inner = scene.Random(rows, Inner), inner2 = scene.Random(rows, Inner);
        Rows queries = all.Columns(0, queryWidth), keys = all.Columns(queryWidth, keyWidth), values = all.Columns(queryWidth + keyWidth, keyWidth);
        for (int step = 0; step < steps; step++)
        {
            foreach (EditState state in states)
                state.Reserve(plan.Positions.Max() + 1);
            device.Step(plan, s_layout, key, Operations);
            for (int row = 0; row < rows && step < steps - 1; row++)
                plan.Positions[row]++;
        }
        var seen = new Seen(
            scene.Read(stream), [.. plan.Pages.SelectMany(pages => pages).Select(page => device.Span(page, 0, (int)page.Length).ToArray())],
            [.. states.SelectMany((state, row) => state.Line(plan.Positions[row]).ToArray())],
            states.Length == 0 ? -1 : states[0].FailedInstruction, states.Length == 0 ? 0 : states[0].FailedPosition);
        foreach (EditState state in states)
            state.Dispose();
        return seen;

        Rows Operations()
        {
            for (int block = 0; block < Blocks; block++)
            {
                device.Norm(normed, stream, norm);
                Look("normed", normed);
                device.Linear([new Projection(queries, weights[0], null), new Projection(keys, weights[1], null), new Projection(values, weights[2], null)], normed, Precision.Fast);
                Look("queries", queries);
                Look("values", values);
                device.RotateAndStore(plan, s_layout, queries, keys, values, queryNorm, keyNorm, 0, tables);
                Look("turned", queries);
                device.Attention(heads, queries, plan, s_layout, s_attention);
                Look("heads", heads);
                device.LinearAdd(stream, new Projection(scratch, weights[3], null), heads, Precision.Fast);
                Look("attended", stream);
                device.Norm(normed, stream, norm2);
                Look("normed again", normed);
                device.LinearGated(inner, new Projection(inner, weights[4], null), new Projection(inner2, weights[5], null), normed, ActivationKind.Silu, 0, Precision.Fast);
                Look("inner", inner);
                device.LinearAdd(stream, new Projection(scratch, weights[6], null), inner, Precision.Fast);
                Look("stream", stream);
                device.Scale(stream, stream, 0.25f);
                if (adds > 0)
                    device.Edit(stream, plan, Site);
                Look("edited", stream);
            }
            return stream;
        }

        void Look(string place, Rows rows)
        {
            if (!looks(place))
                return;
            Memory<float> target = device.RentHost(rows.Count * rows.Width);
            device.Keep(target, rows);
            device.Synchronize();
            device.ReturnHost(target);
        }
    }

    private static EditProgram Program(Scene scene, int adds, float strength)
    {
        var instructions = new EditInstruction[adds];
        float[] vectors = scene.Floats(adds * Width);
        for (int i = 0; i < adds; i++)
        {
            instructions[i] = EditKernelTests.Op(EditKind.Add, i);
            (instructions[i].Vector, instructions[i].Norm, instructions[i].Buffer) = (i * Width, MathF.Sqrt(vectors[(i * Width)..((i + 1) * Width)].Sum(v => v * v)), -1);
            (instructions[i].Strength, instructions[i].Positions) = (i == 1 ? strength : 0.3f, i == 2 ? PositionRule.EveryNth(2) : PositionRule.From(Past));
        }
        return new EditProgram
        {
            Sites = [new EditSite(Site, 0, adds)],
            Instructions = instructions,
            Conditions = [],
            Vectors = scene.Device.Upload(vectors),
            Slots = adds,
            Registers = 0,
        };
    }
}
