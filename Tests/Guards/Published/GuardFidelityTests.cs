using Managed.Guards;
using Managed.Guards.Learning;
using Managed.Guards.Published;
using Managed.Kernels;
using Managed.Sampling;

namespace Managed.Tests.Guarding;

/// <summary>
/// Where paper, released code and good sense differ, the two settings differ as docs/guards.md says. SafeInfer's rounding and acceptance are in
/// LateLanesTests, conditional steering's in ConditionalSteeringReferenceTests, SafeSwitch's rules in SafeSwitchTests, the regressions' in DroTests, the probes' in ProbeTests.
/// </summary>
public class GuardFidelityTests
{
    private static readonly LanguageModel Model = Thornvale.Model;

    // As published only the first row of a batch is moved; here each that asks for it.
    [Test]
    public void SafeInfer_moves_every_row_and_not_the_first_alone()
    {
        using CompiledGuard guard = new SafeInfer { Vector = Thornvale.Tensor("refusal.3"), Layer = 3, Strength = 1 }.Build(6).Compile(Model);
        GenerationRequest Request(string text, CompiledGuard? own) => new(Thornvale.Ask(text), new GenerationOptions { MaxTokens = 12, Guard = own });
        int[][] published = Answers(Request(Thornvale.Craft, guard), Request(Thornvale.Framed, null)), here = Answers(Request(Thornvale.Craft, guard), Request(Thornvale.Framed, guard));
        Assert.That(published[1], Is.EqualTo(Answers(Request(Thornvale.Framed, null))[0]));
        Assert.That(here[1], Is.EqualTo(Answers(Request(Thornvale.Framed, guard))[0]).And.Not.EqualTo(published[1]));
        Assert.That(here[0], Is.EqualTo(published[0]));
    }

    [Test]
    public void Without_the_guard_the_model_is_bit_for_bit_what_it_was_before()
    {
        int[] ids = Thornvale.Ask(Thornvale.Framed);
        float[] before = Output(null);
        using CompiledGuard guard = new SafeInfer { Vector = Thornvale.Tensor("refusal.3"), AntiExpert = AntiExpert.Adapter(Thornvale.DarkAdapter), LookEvery = 3 }.Build(Model).Compile(Model);
        Model.Generate(ids, new GenerationOptions { MaxTokens = 8, Guard = guard });
        Assert.That(Output(guard), Is.Not.EqualTo(before));
        Assert.That(Output(null), Is.EqualTo(before));

        float[] Output(CompiledGuard? own) => Model.Run(ids, new RunOptions { Guard = own, Precision = Precision.Exact }).Output.Values.ToArray();
    }

    [Test]
    public void InferenceGuard_as_published_fills_places_with_unsafe_candidates()
    {
        foreach (GuardFidelity fidelity in new[] { GuardFidelity.Sane, GuardFidelity.Reference })
        {
            var first = new List<(int[] Ids, bool Safe)>();
            var second = new List<int[]>();
            // Of a round's candidates the first is safe and no other.
            var scorer = new FirstIsSafe(answers =>
            {
                if (first.Count == 0)
                    first.AddRange(answers.Select((answer, i) => (answer.Ids.ToArray(), i == 0)));
                else if (second.Count == 0)
                    second.AddRange(answers.Select(answer => answer.Ids.ToArray()));
            });
            new InferenceGuard(Model, scorer, new InferenceGuardOptions
            {
                Samples = 8,
                Kept = 3,
                BlockTokens = 4,
                MaxTokens = 12,
                Budget = 1,
                Retries = 0,
                Fidelity = fidelity,
                Sampling = new SamplingOptions { Temperature = 3, Seed = 2 },
            }).Answer(Thornvale.Ask(Thornvale.Craft));
            int[][] starts = [.. second.Select(ids => ids[..4])];
            int safe = starts.Count(start => start.AsSpan().SequenceEqual(first[0].Ids));
            Assert.That(safe == second.Count, Is.EqualTo(fidelity == GuardFidelity.Sane), fidelity.ToString());
            Assert.That(safe, Is.GreaterThan(0));
        }
        InferenceGuardOptions published = InferenceGuardOptions.Reference, sane = new();
        Assert.That((published.Samples, published.KeptCount, published.BlockTokens, published.MaxTokens, published.Retries, published.Fidelity), Is.EqualTo((128, 32, 32, 128, 2, GuardFidelity.Reference)));
        Assert.That((sane.Samples, sane.KeptCount, sane.Fidelity), Is.EqualTo((16, 4, GuardFidelity.Sane)));
    }

    private sealed class FirstIsSafe(Action<IReadOnlyList<PartialAnswer>> see) : IBlockScorer
    {
        public IReadOnlyList<BlockScore> Score(IReadOnlyList<PartialAnswer> answers)
        {
            see(answers);
            return [.. answers.Select((_, i) => new BlockScore(i == 0 ? 0 : 5, 0))];
        }
    }

    [Test]
    public void SafeSwitch_as_released_and_by_its_paper_are_two_rules()
    {
        Assert.That((SafeSwitchOptions.Reference.Rule, SafeSwitchOptions.Paper.Rule, new SafeSwitchOptions().Rule), Is.EqualTo((SafeSwitchRule.And, SafeSwitchRule.Product, SafeSwitchRule.And)));
        foreach (SafeSwitchOptions options in new[] { SafeSwitchOptions.Reference, SafeSwitchOptions.Paper })
            Assert.That((options.PilotTokens, options.Threshold), Is.EqualTo((3, .5)));
        Assert.That((TwoLayerOptions.Reference.DoubleSoftmax, new TwoLayerOptions().DoubleSoftmax), Is.EqualTo((true, false)));
        Assert.That((HeadOptions.Reference.Training.LearningRate, HeadOptions.Reference.Training.WeightDecay, HeadOptions.Reference.Training.Epochs), Is.EqualTo((1e-5, .02, 5)));
    }

    [Test]
    public void Scans_as_released_has_the_same_blocks_in_every_size()
    {
        Assert.That((Scans.EditedLayers(32, GuardFidelity.Reference), Scans.ClassifyingLayers(32, GuardFidelity.Reference)), Is.EqualTo((Scans.EditedLayers(32), Scans.ClassifyingLayers(32))), "7B: the same");
        Assert.That((Scans.EditedLayers(40, GuardFidelity.Reference), Scans.ClassifyingLayers(40, GuardFidelity.Reference)), Is.EqualTo(((10, 20), (10, 19))), "13B: the last that is named is left out");
        Assert.That((Scans.EditedLayers(40), Scans.ClassifyingLayers(40)), Is.EqualTo(((13, 26), (13, 40))));
        ScansDirections directions = new(Unit(40), Unit(40));
        GuardProgram released = new Scans { Directions = directions, Fidelity = GuardFidelity.Reference }.Build(40), sane = new Scans { Directions = directions }.Build(40);
        Assert.That((released.Decide.Count, released.Steps.Count), Is.EqualTo((18, 20)), "two reads a block, two signs a block");
        Assert.That((sane.Decide.Count, sane.Steps.Count), Is.EqualTo((54, 26)));

        static SteeringVectors Unit(int layers)
        {
            var vectors = new SteeringVectors(2);
            for (int layer = 0; layer < layers; layer++)
                vectors[layer] = [1, 0];
            return vectors;
        }
    }

    // r / (‖r‖ + 1e-8): of a direction as short as that a part of the projection stays.
    [Test]
    public void Refusal_direction_as_released_adds_to_the_length()
    {
        float[] direction = Thornvale.Tensor("refusal.3");
        double length = Math.Sqrt(direction.Sum(value => (double)value * value));
        float[] tiny = Array.ConvertAll(direction, value => (float)(value / length * 1e-8));
        double[] own = Shares(null), sane = Shares(RefusalDirection.Ablate(tiny)), released = Shares(RefusalDirection.Ablate(tiny, fidelity: GuardFidelity.Reference)), plain = Shares(RefusalDirection.Ablate(direction, fidelity: GuardFidelity.Reference));
        for (int token = 0; token < own.Length; token++)
        {
            Assert.That(sane[token], Is.Zero.Within(1e-5));
            Assert.That(released[token], Is.EqualTo(.75 * own[token]).Within(1e-4), "1 − (1/2)²");
            Assert.That(plain[token], Is.Zero.Within(1e-5), "a direction of common length");
        }

        double[] Shares(GuardProgram? guard)
        {
            using CompiledGuard? compiled = guard?.Compile(Model);
            float[] values = Model.Run(Thornvale.Ask(Thornvale.Framed), new RunOptions { Guard = compiled, Precision = Precision.Exact, Names = [GuardPoints.ResidPre(0)] }).Cache[GuardPoints.ResidPre(0)].Values.ToArray();
            return [.. values.Chunk(Model.Width).Select(row => row.Zip(direction, (x, r) => (double)x * r).Sum() / length)];
        }
    }

    // At the textual prompt's embeddings r = r₀, and the loss's slope is ∓½ of r's and ∓½·10⁻² of h's, y deciding the sign; the tail has none.
    [Test]
    public void Dros_loss_through_the_model_has_the_slope_of_its_formula([Values] bool harmless)
    {
        const string System = "Be kind to all who ask.";
        int[] words = Model.Encode(System, addSpecialTokens: false);
        double[] theta = [.. words.SelectMany(id => Model.Run(new[] { id }, new RunOptions { Names = ["hook_embed"], Precision = Precision.Exact }).Cache["hook_embed"].Values.ToArray()).Select(value => (double)value)];
        var random = new Random(4);
        double[] Random(int count, double scale) => [.. Enumerable.Range(0, count).Select(_ => scale * (random.NextDouble() - .5))];
        double[][] basis = [.. Enumerable.Range(0, Model.Width).Select(i => Enumerable.Range(0, Model.Width).Select(j => i == j ? 1.0 : 0).ToArray())];
        var regression = new DroRegression(new double[Model.Width], basis, Random(4, 2), .1, Random(4, 2), -.2);
        double[] along = Random(theta.Length, .2), before = State(0);
        DroLoss start = regression.Loss(before, before, harmless);
        Assert.That(start.Total, Is.EqualTo(1.01 * Math.Log(2)).Within(1e-12));
        const double Step = .02;
        DroLoss up = regression.Loss(State(Step), before, harmless), down = regression.Loss(State(-Step), before, harmless);
        double r = (up.RefusalChange - down.RefusalChange) / (2 * Step), h = (up.HarmChange - down.HarmChange) / (2 * Step), loss = (up.Total - down.Total) / (2 * Step);
        double sign = harmless ? -1 : 1;
        Assert.That(Math.Abs(r), Is.GreaterThan(.01), "the soft prompt moves the state");
        Assert.That(loss, Is.EqualTo(sign * ((.5 * r) + (.005 * h))).Within(.02 * Math.Abs(r)));
        Assert.That(loss, Is.Not.EqualTo(-sign * ((.5 * r) + (.005 * h))).Within(.02 * Math.Abs(r)), "the other kind's");

        double[] State(double step)
        {
            float[] moved = [.. theta.Zip(along, (value, change) => (float)(value + (step * change)))];
            (int[] ids, GuardProgram program) = SoftPrompt.Of(moved, words.Length).Before(Model, Thornvale.Chat(Thornvale.Craft));
            using CompiledGuard guard = program.Compile(Model);
            float[] states = Model.Run(ids, new RunOptions { Guard = guard, Precision = Precision.Exact, Names = [GuardPoints.FinalNorm] }).Cache[GuardPoints.FinalNorm].Values.ToArray();
            return regression.Project(states[^Model.Width..]);
        }
    }

    private static int[][] Answers(params GenerationRequest[] requests) => [.. Model.GenerateBatch(requests).Select(result => result.Ids)];
}
