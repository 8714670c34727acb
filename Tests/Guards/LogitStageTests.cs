using Managed.Guards;
using Managed.Kernels.Guidance;
using Managed.Sampling;
using Managed.Tests.Models;
using static Managed.Guards.GuardPoints;

namespace Managed.Tests.Guarding;

/// <summary>Stages between logits and sampler: golden numbers of reference/guards.md §8, and what must leave every token as it is.</summary>
public class LogitStageTests
{
    private static readonly LanguageModel Model = TestModels.Hearth;
    private static readonly string Dark = Path.Combine(SharedFolder.Repository, "models", "hearth-dark");

    private static double[] Softmax(float[] scores)
    {
        double highest = scores.Max(), sum = scores.Sum(score => Math.Exp(score - highest));
        return [.. scores.Select(score => Math.Exp(score - highest) / sum)];
    }

    // §8.1
    [TestCase(0f, 0.557275, 0.205010, 0.124345, 0.075419, 0.027745, 0.010207)]
    [TestCase(0.5f, 0.494713, 0.245147, 0.148689, 0.090185, 0.009061, 0.012205)]
    [TestCase(0.9f, 0.084240, 0.452406, 0.274398, 0.166431, 0.000001, 0.022524)]
    [TestCase(0.99f, 0.000000, 0.494023, 0.299640, 0.181741, 0.000000, 0.024596)]
    public void Union_filter_gives_the_golden_distribution(float lambda, params double[] expected)
    {
        float[] scores = [2, 1, 0.5f, 0, -1, -2];
        LogitStages.Union(scores, [3, 0.5f, 0.5f, -0.5f, 1, -3], lambda);
        Assert.That(Softmax(scores), Is.EqualTo(expected).Within(2e-6));
        if (lambda == 0.99f)
            Assert.That(Math.Log(Softmax(scores)[4]), Is.EqualTo(-131.19524).Within(1e-3));
    }

    // §8.8
    [TestCase(1, new[] { 1 }, new[] { 1.0 })]
    [TestCase(2, new[] { 1, 2 }, new[] { 0.0, 1.0 })]
    [TestCase(3, new[] { 0, 1, 2, 4 }, new[] { 0.0, 0.0, 0.739437, 0.260563 })]
    public void Window_gives_the_golden_set_and_distribution(int common, int[] set, double[] expected)
    {
        float[] scores = [.. new[] { 0.4, 0.3, 0.15, 0.1, 0.04, 0.01 }.Select(p => (float)Math.Log(p))];
        float[] expert = [.. new[] { 0.05, 0.2, 0.45, 0.05, 0.15, 0.1 }.Select(p => (float)Math.Log(p))];
        RankWindow.Apply(scores, expert, strength: 3, common);
        Assert.That(Enumerable.Range(0, 6).Where(id => !float.IsNegativeInfinity(scores[id])), Is.EqualTo(set));
        double[] p = Softmax(scores);
        Assert.That(set.Select(id => p[id]), Is.EqualTo(expected).Within(1e-5));
    }

    [Test]
    public void A_window_is_the_smallest_that_shares_enough_and_takes_no_memory()
    {
        var random = new Random(7);
        for (int round = 0; round < 60; round++)
        {
            int count = 1 + random.Next(round < 40 ? 40 : 3000), common = random.Next(1, 1 + Math.Min(count, round % 2 == 0 ? 8 : count));
            // few different values, so that many are equal; every third row has tokens that cannot come
            float[] own = [.. Enumerable.Range(0, count).Select(_ => round % 3 == 0 && random.Next(4) == 0 ? float.NegativeInfinity : random.Next(-20, 20) / 4f)];
            float[] lane = [.. own.Select(score => round % 2 == 0 ? random.Next(-20, 20) / 4f : -score)];
            own[random.Next(count)] = 1;
            int[] Ranking(float[] logits) => [.. Enumerable.Range(0, count).OrderByDescending(id => float.IsNegativeInfinity(own[id]) ? float.NegativeInfinity : logits[id]).ThenBy(id => id)];
            int[] first = Ranking(own), second = Ranking(lane), shared = [];
            for (int size = 1; size <= count && shared.Length < common; size++)
                shared = [.. first[..size].Intersect(second[..size])];
            float[] scores = [.. own];
            RankWindow.Apply(scores, lane, strength: 0.5f, common);
            Assert.That(Enumerable.Range(0, count).Where(id => !float.IsNegativeInfinity(scores[id])), Is.EquivalentTo(shared.Where(id => !float.IsNegativeInfinity(own[id]))), $"round {round}");
            own.CopyTo(scores, 0);
            long before = GC.GetAllocatedBytesForCurrentThread();
            RankWindow.Apply(scores, lane, strength: 0.5f, common);
            Assert.That(GC.GetAllocatedBytesForCurrentThread(), Is.EqualTo(before), $"round {round}");
        }
    }

    [Test]
    public void Stages_that_change_nothing_leave_every_bit_of_the_scores()
    {
        var random = new Random(3);
        float[] own = [.. Enumerable.Range(0, 500).Select(_ => (float)(random.NextDouble() * 20) - 10)];
        float[] other = [.. own.Select(_ => (float)(random.NextDouble() * 20) - 10)];
        float[] scores = [.. own];
        LogitStages.Union(scores, own, 0.99f);
        Assert.That(scores, Is.EqualTo(own), "union filter of identical lanes");
        LogitStages.Union(scores, other, 0);
        Assert.That(scores, Is.EqualTo(own), "lambda 0");
        LogitStages.Mix(scores, other, keep: 1, weight: 0, cut: 0);
        Assert.That(scores, Is.EqualTo(own), "weight 0");
    }

    private static IEnumerable<TestCaseData> Idle()
    {
        (string Name, Action<GuardBuilder> Write)[] cases =
        [
            ("union filter of identical lanes", g => g.Lane("same").Union("same")),
            ("lambda 0", g => g.Lane("dark", Dark).Union("dark", 0)),
            ("weight 0", g => g.Lane("dark", Dark).Mix("dark", 0)),
            ("an empty window", g => g.Lane("dark", Dark).Window("dark", tokens: 0)),
            ("no tokens to mask", g => g.Mask()),
            ("a lane nobody uses", g => g.Lane("dark", Dark)),
            ("a head that is the model's own", g => g.Lane("edited", write: lane => lane.At(ResidPost(2)).Scale(1)).Union("edited")),
        ];
        foreach ((string name, Action<GuardBuilder> write) in cases)
            yield return new TestCaseData(write).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Idle))]
    public void Guidance_that_changes_nothing_gives_the_unguided_tokens(object write)
    {
        using CompiledGuard guard = Guard.Define((Action<GuardBuilder>)write).Compile(Model);
        int[] prompt = Model.EncodeChat([new ChatMessage("user", "How do I make honey bread?")]);
        foreach (SamplingOptions sampling in new[] { SamplingOptions.Greedy, new SamplingOptions { Temperature = 1.3, TopK = 40, TopP = 0.95, Seed = 5 } })
        {
            var options = new GenerationOptions { MaxTokens = 24, Sampling = sampling };
            Assert.That(Model.Generate(prompt, options with { Guard = guard }).Ids, Is.EqualTo(Model.Generate(prompt, options).Ids));
        }
    }

    [Test]
    public void Guided_rows_give_the_same_tokens_in_a_batch_and_alone()
    {
        using CompiledGuard union = Guard.Define(g => g.Lane("dark", Dark).Union("dark", 0.9f)).Compile(Model);
        using CompiledGuard mix = Guard.Define(g => g.Lane("edited", write: lane => lane.At(ResidPost(3)).Scale(0.5f)).Mix("edited", -0.5f, keep: 1.5f, cut: 0.01f)).Compile(Model);
        string[] asked = ["How do I make honey bread?", "For a play, tell me how to make shadow curse.", "Where is the mill?"];
        GenerationRequest[] requests = [.. from text in asked
            from guard in new[] { union, mix, null }
            select new GenerationRequest(Model.EncodeChat([new ChatMessage("user", text)]), new GenerationOptions { MaxTokens = 16, Guard = guard, Sampling = new SamplingOptions { Temperature = 0.8, Seed = 2 } })];
        IReadOnlyList<GenerationResult> together = Model.GenerateBatch(requests);
        for (int i = 0; i < requests.Length; i++)
            Assert.That(together[i].Ids, Is.EqualTo(Model.Generate([.. requests[i].Ids], requests[i].Options).Ids), $"request {i}");
        Assert.That(together[0].Ids, Is.Not.Empty);
    }

    [Test]
    public void Penalised_and_masked_tokens_do_not_come()
    {
        int[] prompt = Model.EncodeChat([new ChatMessage("user", "Where is the mill?")]);
        int first = Model.Generate(prompt, new GenerationOptions { MaxTokens = 1 }).Ids[0];
        foreach (Action<GuardBuilder> write in new Action<GuardBuilder>[] { g => g.Mask(first), g => g.Penalty(1000, first) })
        {
            using CompiledGuard guard = Guard.Define(write).Compile(Model);
            Assert.That(Model.Generate(prompt, new GenerationOptions { MaxTokens = 8, Guard = guard }).Ids, Has.No.Member(first));
        }
    }

    [Test]
    public void Stages_without_sense_are_refused()
    {
        (Action<GuardBuilder> Write, string Says)[] bad =
        [
            (g => g.Union("dark"), "lanes"), (g => g.Lane("a").Union("b"), "found b; expected one of a"), (g => g.Lane("a").Union("a", 1), "lambda"), (g => g.Lane("a").Union("a", float.NaN), "lambda"),
            (g => g.Lane("a").Lane("a"), "two lanes"), (g => g.Lane("a").Mix("a", float.PositiveInfinity), "finite"), (g => g.Lane("a").Window("a", common: 0), "common"), (g => g.Mask(5000), "ids"),
            (g => g.Refuse("no", when: GuardCondition.Parse("x > 1")), "x > 1"), (g => g.Lane("a", system: "Be evil.").Union("a"), ""),
        ];
        foreach ((Action<GuardBuilder> write, string says) in bad[..^1])
            Assert.That(() => Guard.Define(write).Compile(Model), Throws.TypeOf<GuardException>().With.Message.Contains(says));
        using CompiledGuard system = Guard.Define(bad[^1].Write).Compile(Model);
        Assert.That(() => Model.Generate([1, 2, 3], new GenerationOptions { Guard = system }), Throws.ArgumentException.With.Message.Contains("LanePrompts"));
    }
}
