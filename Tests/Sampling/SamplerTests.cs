using Managed.Sampling;

namespace Managed.Tests.Sampling;

public class SamplerTests
{
    private static readonly float[] Logits = [0.5f, 2f, -1f, 2f, float.NegativeInfinity, 0f];

    private static Sampler Make(SamplingOptions options, int row = 0, int vocabulary = 6) => new(options, new Candidates(vocabulary), [5], row);

    [Test]
    public void Greedy_takes_the_best_token_and_of_equal_ones_the_lowest_id() =>
        Assert.That(Make(SamplingOptions.Greedy).Next(Logits, [], 0).Id, Is.EqualTo(1));

    [Test]
    public void Greedy_obeys_penalties_and_bans() =>
        Assert.That(Make(SamplingOptions.Greedy with { SuppressTokens = [1], PresencePenalty = 3 }).Next(Logits, [0, 3], 1).Id, Is.EqualTo(0));

    [Test]
    public void Greedy_finds_the_best_wherever_it_lies_in_a_wide_row()
    {
        for (int at = 0; at < 67; at++)
        {
            float[] logits = new float[67];
            logits[at] = 1;
            Assert.That(Make(SamplingOptions.Greedy, vocabulary: 67).Next(logits, [], 0).Id, Is.EqualTo(at));
        }
    }

    [TestCase(0)]
    [TestCase(1)]
    public void A_logit_that_is_not_a_number_is_an_error_that_names_its_token(double temperature)
    {
        for (int at = 0; at < 67; at++)
        {
            float[] logits = new float[67];
            logits[at] = float.NaN;
            Assert.That(() => Make(new() { Temperature = temperature }, vocabulary: 67).Next(logits, [], 0),
                Throws.TypeOf<GenerationException>().With.Message.Contains($"token {at} is NaN"));
        }
    }

    [Test]
    public void Nothing_left_is_an_error_in_words() =>
        Assert.That(() => Make(new() { SuppressTokens = [0, 1, 2, 3, 5] }).Next(Logits, [], 0), Throws.TypeOf<GenerationException>().With.Message.Contains("No token"));

    [Test]
    public void Only_allowed_tokens_come()
    {
        Sampler greedy = Make(SamplingOptions.Greedy), drawing = Make(new() { Seed = 1 });
        ulong[] allowed = [(1UL << 2) | (1UL << 5)];
        Assert.That(greedy.Next(Logits, [], 0, allowed).Id, Is.EqualTo(5));
        for (int length = 0; length < 50; length++)
            Assert.That(drawing.Next(Logits, new int[length], 0, allowed).Id, Is.AnyOf(2, 5));
    }

    [Test]
    public void The_same_seed_and_row_give_the_same_tokens_and_another_row_gives_others()
    {
        int[] Draw(int row) => [.. Enumerable.Range(0, 64).Select(length => Make(new() { Seed = 7 }, row).Next(Logits, new int[length], 0).Id)];
        int[] first = Draw(0), again = Draw(0), other = Draw(1);
        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
    }

    [Test]
    public void Tokens_are_drawn_as_often_as_their_probability_says()
    {
        Sampler sampler = Make(new() { Seed = 3, Temperature = 0.8 });
        var expected = new double[6];
        sampler.Distribution(expected, Logits, [], 0);
        const int Draws = 20_000;
        var counts = new int[6];
        int[] text = new int[Draws];
        for (int i = 0; i < Draws; i++)
            counts[sampler.Next(Logits, text.AsSpan(0, i), i).Id]++;
        double chi = Enumerable.Range(0, 6).Where(id => expected[id] > 0).Sum(id => Math.Pow(counts[id] - (Draws * expected[id]), 2) / (Draws * expected[id]));
        Assert.That(chi, Is.LessThan(18.5)); // 4 degrees of freedom, 0.1 %
        Assert.That(counts[4], Is.Zero);
    }

    [Test]
    public void Log_probabilities_are_of_the_models_distribution_and_of_the_one_drawn_from()
    {
        Sampler sampler = Make(new() { Seed = 3, TopK = 1, LogProbabilities = 3 });
        SampledToken token = sampler.Next([1f, 3f, 2f, 0f, 0f, 0f], [], 0);
        double total = Math.Log(Math.Exp(1) + Math.Exp(3) + Math.Exp(2) + 3);
        Assert.Multiple(() =>
        {
            Assert.That(token.Id, Is.EqualTo(1));
            Assert.That(token.LogProbability, Is.EqualTo(3 - total).Within(1e-12));
            Assert.That(token.SampledLogProbability, Is.Zero.Within(1e-12));
            Assert.That(sampler.Best.ToArray().Select(best => best.Id), Is.EqualTo(new[] { 1, 2, 0 }));
            Assert.That(sampler.Best[2].LogProbability, Is.EqualTo(1 - total).Within(1e-12));
        });
    }

    [Test]
    public void A_token_allocates_nothing()
    {
        var options = new SamplingOptions
        {
            Seed = 1,
            Temperature = 0.9,
            TopK = 200,
            TopP = 0.95,
            MinP = 0.001,
            TypicalP = 0.97,
            RepetitionPenalty = 1.1,
            PresencePenalty = 0.1,
            NoRepeatNgram = 4,
            DryMultiplier = 0.5,
            LogitBias = [new([3], 1)],
            XtcProbability = 0.5,
            LogProbabilities = 4,
            MirostatTau = 5,
            EtaCutoff = 0.0003,
        };
        const int Vocabulary = 5000;
        Sampler sampler = Make(options, vocabulary: Vocabulary);
        float[] logits = [.. Enumerable.Range(0, Vocabulary).Select(id => (float)(5 * Math.Sin(id * 1.7)))];
        int[] text = new int[200];
        for (int length = 10; length < text.Length; length++)
            text[length] = sampler.Next(logits, text.AsSpan(0, length), 5).Id; // warm: what is made once is made

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int length = 10; length < text.Length; length++)
            sampler.Next(logits, text.AsSpan(0, length), 5);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static IEnumerable<TestCaseData> BadOptions() =>
    [
        new(new SamplingOptions { Temperature = -1 }, "Temperature"),
        new(new SamplingOptions { Temperature = double.NaN }, "Temperature"),
        new(new SamplingOptions { TopK = -3 }, "TopK"),
        new(new SamplingOptions { TopP = 0 }, "TopP"),
        new(new SamplingOptions { TopP = 1.5 }, "TopP"),
        new(new SamplingOptions { MinP = 2 }, "MinP"),
        new(new SamplingOptions { TypicalP = 0 }, "TypicalP"),
        new(new SamplingOptions { RepetitionPenalty = 0 }, "RepetitionPenalty"),
        new(new SamplingOptions { PresencePenalty = double.PositiveInfinity }, "PresencePenalty"),
        new(new SamplingOptions { NoRepeatNgram = -1 }, "NoRepeatNgram"),
        new(new SamplingOptions { LogitBias = [new([9], 1)] }, "LogitBias"),
        new(new SamplingOptions { LogitBias = [new([], 1)] }, "LogitBias"),
        new(new SamplingOptions { LogitBias = [new([1], double.NaN)] }, "LogitBias"),
        new(new SamplingOptions { BadWords = [[1, -1]] }, "BadWords"),
        new(new SamplingOptions { SuppressTokens = [6] }, "SuppressTokens"),
        new(new SamplingOptions { LogProbabilities = 7 }, "LogProbabilities"),
    ];

    [TestCaseSource(nameof(BadOptions))]
    public void A_value_out_of_range_is_refused_by_name(SamplingOptions options, string name) =>
        Assert.That(() => Make(options), Throws.ArgumentException.With.Message.Match($"^{name}: found .+; expected .+\\.$"));
}
