using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Kernels.Guidance;
using Managed.Sampling;

namespace Managed.Tests.Gpu;

/// <summary>Tokens that samplers choose of what the device gives them of the logits, against those they choose of all logits.</summary>
public class LeadingChoiceTests
{
    private const int Vocabulary = 3001, PromptLength = 20;

    private static readonly int[] s_ends = [2, 17];

    private static readonly SamplingOptions[] s_options =
    [
        new() { Temperature = 0, RepetitionPenalty = 1.3 },
        new() { Temperature = 0, RepetitionPenalty = 4, FrequencyPenalty = 2, PresencePenalty = -3, SuppressTokens = [5, 2999, 3000] },
        new() { Temperature = 0, NoRepeatNgram = 1, MinNewTokens = 500 },
        new() { Temperature = 0, LogitBias = [new SequenceBias([7], 9), new SequenceBias([8], double.NegativeInfinity)], BadWords = [[40]] },
        new() { TopP = 0.9 },
        new() { TopP = 0.5, Temperature = 0.7, MinP = 0.1 },
        new() { TopP = 0.9, Temperature = 1.4 },
        new() { MinP = 0.05 },
        new() { MinP = 0.2, Temperature = 2, RepetitionPenalty = 0.5 },
        new() { Temperature = 0.6 },
        new(),
        new() { TopK = 40, RepetitionPenalty = 1.3, TopP = 0.95 },
        new() { TopK = 63, Temperature = 0.8, PenaltyWindow = 12, RepetitionPenalty = 1.1, FrequencyPenalty = 0.5, TypicalP = 0.9 },
        new() { TopP = 0.8, PresencePenalty = 1, DryMultiplier = 0.8, DryAllowedLength = 1 },
        new() { TopP = 0.95, Temperature = 0.5, XtcProbability = 0.5, XtcThreshold = 0.05, MirostatTau = 3 },
        new() { MinP = 0.1, LogitBias = [new SequenceBias([1000], 20)] },
        new() { TopK = 1, NoRepeatNgram = 2 },
    ];

    private static int[] Text(Random random) => [.. Enumerable.Range(0, PromptLength + random.Next(60)).Select(_ => random.Next(4) == 0 ? random.Next(Vocabulary) : random.Next(40))];

    // As models make them: few are high. Tokens of the text are among the likely ones.
    private static float[] Logits(Random random) => [.. Enumerable.Range(0, Vocabulary).Select(id =>
    {
        float normal = 0;
        for (int i = 0; i < 6; i++)
            normal += random.NextSingle() - 0.5f;
        return id == 2998 ? float.NegativeInfinity : (4 * normal) + (random.Next(200) == 0 ? 6 : 0) + (id < 40 ? 2 : 0);
    })];

    // Behind a constraint all tokens, a part of them, a handful, or few of which some are in the text.
    private static ulong[] Allowed(int kind, Random random)
    {
        if (kind == 0)
            return [];
        ulong[] words = new ulong[(Vocabulary + 63) / 64];
        int count = kind == 1 ? 1500 : 5;
        for (int i = 0; i < count; i++)
            Allow(words, random.Next(kind == 3 ? 30 : Vocabulary));
        return words;
    }

    private static void Allow(ulong[] words, int id) => words[id >> 6] |= 1UL << (id & 63);

    [Test]
    public void They_are_the_same([Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        int steps = accelerator is Accelerators.OpenCL or Accelerators.Cuda ? 12 : 1, all = 0, open = 0;
        var random = new Random(11);
        Candidates own = new(Vocabulary), other = new(Vocabulary);
        Sampler[] leading = Samplers(own), whole = Samplers(other);
        var choices = new LogitChoices();
        for (int step = 0; step < steps; step++)
        {
            float[][] logits = [.. s_options.Select(_ => Logits(random))];
            int[][] texts = [.. s_options.Select(_ => Text(random))];
            ulong[][] allowed = [.. s_options.Select((_, row) => Allowed((row + step) % 4, random))];
            choices.Clear();
            for (int row = 0; row < s_options.Length; row++)
            {
                choices.Begin(row, leading[row].Plan.Listed, leading[row].Plan.Sharpness);
                if (allowed[row].Length > 0)
                    choices.Allow(allowed[row]);
                leading[row].SetAside(choices, texts[row], PromptLength);
            }
            int[] chosen = new int[s_options.Length];
            using DeviceBuffer buffer = device.Upload([.. logits.SelectMany(row => row)]);
            Assert.That(device.TryBest(chosen, new Rows(buffer, 0, s_options.Length, Vocabulary, Vocabulary), choices));
            for (int row = 0; row < s_options.Length; row++)
            {
                int expected = Chosen(() => whole[row].Choose(logits[row], texts[row], PromptLength, allowed[row]));
                int actual = chosen[row] < 0 ? -1 : Chosen(() => leading[row].ChooseLeading(choices.ListOf(row), texts[row], PromptLength));
                all++;
                open += actual == -1 ? 1 : 0;
                Assert.That(actual, Is.EqualTo(expected).Or.EqualTo(-1), $"step {step}: {s_options[row]}, {allowed[row].Length} words");
                if (actual == -1)
                    Assert.That(s_options[row].Temperature, Is.Not.Zero, "the greatest are enough for a greedy choice");
            }
        }
        TestContext.Out.WriteLine($"{open} of {all} choices are left open");
        Assert.That(open, Is.LessThanOrEqualTo(all / 10), "few choices are left open");
    }

    // −2: none is left.
    private static int Chosen(Func<int> choose)
    {
        try
        {
            return choose();
        }
        catch (GenerationException refused) when (refused.Message == Candidates.NothingLeft().Message)
        {
            return -2;
        }
    }

    private static Sampler[] Samplers(Candidates candidates) => [.. s_options.Select((options, row) => new Sampler(options with { Seed = 5 }, candidates, s_ends, row))];

    [Test]
    public void A_sampler_that_lists_leave_open_asks_for_all_logits_for_a_while()
    {
        var sampler = new Sampler(new() { TopP = 0.999, Seed = 1 }, new Candidates(500), []);
        Assert.That(sampler.Plan.Listed, Is.EqualTo(LogitChoices.MostListed));
        Assert.That(sampler.WantsList());
        int[] pauses = [.. Enumerable.Range(0, 9).Select(_ =>
        {
            Assert.That(sampler.ChooseLeading(new TokenList([1, 2, 3], [1, 1, 1], 3, 400), [4], 1), Is.EqualTo(-1));
            int pause = 0;
            while (!sampler.WantsList())
                pause++;
            return pause;
        })];
        Assert.That(pauses, Is.EqualTo(new[] { 1, 2, 4, 8, 16, 32, 64, 64, 64 }));
        Assert.That(sampler.ChooseLeading(new TokenList([1, 2, 3], [90, 1, 1], 3, 1 + 1e-30), [4], 1), Is.EqualTo(1));
        Assert.That(sampler.WantsList());
    }

    [Test]
    public void A_token_set_aside_does_not_come_before_others_that_may_be_likelier()
    {
        // Three tokens have 0.6 of the mass, the one of the text 0.08; tokens between them have the rest.
        var sampler = new Sampler(new() { TopP = 0.65, PresencePenalty = 1e-9, Seed = 1 }, new Candidates(500), []);
        int Choose(float ofText) => sampler.ChooseLeading(new TokenList([1, 2, 3, 4], [1, 1, 1, ofText], 3, 3 + 1.6), [4, 4], 1);
        Assert.That(Choose(1 + MathF.Log(0.4f)), Is.EqualTo(-1), "its place is not certain");
        Assert.That(Choose(1 + MathF.Log(4)), Is.AnyOf(1, 2, 3, 4), "it leads");
    }

    [Test]
    public void What_needs_all_logits_is_given_no_list()
    {
        foreach (SamplingOptions options in new SamplingOptions[]
        {
            SamplingOptions.Greedy, new() { TopH = 0.5 }, new() { TopNSigma = 1 }, new() { TopK = 64 }, new() { TypicalP = 0.9 }, new() { DynamicTemperatureRange = 0.3 }, new() { GuidanceScale = 1.5, TopK = 5 },
            new() { TopP = 0.9, LogProbabilities = 1 }, new() { Temperature = 0, GuidanceScale = 2 }, new() { EtaCutoff = 0.1 }, new() { MirostatTau = 2 },
        })
            Assert.That(new Sampler(options, new Candidates(200), []).Plan.Listed, Is.Zero, $"{options}");
    }
}
