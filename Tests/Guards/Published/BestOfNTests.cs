using Managed.Guards;
using Managed.Guards.Published;
using Managed.Sampling;
using Managed.Tests.Models;

namespace Managed.Tests.Guards;

public class BestOfNTests
{
    private static LanguageModel Model => TestModels.Hearth;

    private static readonly int[] Prompt = Model.EncodeChat([new ChatMessage("user", "Tell me about the village.")]);

    private static SamplingOptions Draws(double temperature = 2) => new() { Temperature = temperature, Seed = 7 };

    private static double Cost(IReadOnlyList<int> ids) => ids.Sum(id => id % 3 == 0 ? 0.4 : id % 3 == 1 ? 0.1 : -0.05);

    private static double Reward(IReadOnlyList<int> ids) => ids.Select((id, place) => Math.Sin((id * 12.9898) + place)).Sum();

    private static BlockScorer Scorer => new(answer => new BlockScore(Cost(answer.Ids), Reward(answer.Ids)));

    private static int[][] All(int count) => [.. Model.GenerateBatch([.. Enumerable.Range(0, count).Select(i =>
        new GenerationRequest(Prompt, new GenerationOptions { MaxTokens = 12, Sampling = Draws() with { Sample = i } }))]).Select(result => result.Ids)];

    [Test]
    public void One_sample_is_plain_sampling([Values(0, 3)] int seed)
    {
        SamplingOptions sampling = Draws(1) with { Seed = seed };
        GenerationResult plain = Model.Generate(Prompt, new GenerationOptions { MaxTokens = 30, Sampling = sampling });
        BestOfNResult best = new BestOfN(Model, Scorer, new BestOfNOptions { Samples = 1, MaxTokens = 30, Sampling = sampling }).Answer(Prompt);
        Assert.That((best.Ids, best.Text), Is.EqualTo((plain.Ids, plain.Text)));
    }

    [TestCase(0)]
    [TestCase(5)]
    public void The_best_of_all_answers_is_given(double factor)
    {
        int[][] all = All(20);
        int[] best = all.MaxBy(ids => Reward(ids) - (factor * Cost(ids)))!;
        BestOfNResult found = new BestOfN(Model, Scorer, new BestOfNOptions { Samples = 20, MaxTokens = 12, CostFactor = factor, Sampling = Draws() }).Answer(Prompt);
        Assert.That(found.Ids, Is.EqualTo(best));
        Assert.That(found.Chosen, Is.EqualTo(Array.IndexOf(all, best)));
        Assert.That(found.SampledTokens, Is.EqualTo(all.Sum(ids => ids.Length)));
    }

    [Test]
    public void With_a_budget_it_is_inference_guard_with_one_block()
    {
        BestOfNResult best = new BestOfN(Model, Scorer, new BestOfNOptions { Samples = 24, MaxTokens = 12, Budget = 1.5, Sampling = Draws() }).Answer(Prompt);
        InferenceGuardResult guard = new InferenceGuard(Model, Scorer,
            new InferenceGuardOptions { Samples = 24, BlockTokens = 12, MaxTokens = 12, Budget = 1.5, Discount = 1, Sampling = Draws() }).Answer(Prompt);
        Assert.That(All(24).Count(ids => Cost(ids) >= 1.5), Is.GreaterThan(2), "the gate has something to do");
        Assert.That(best.Ids, Is.EqualTo(guard.Ids));
    }

    [Test]
    public void Where_no_answer_may_be_given_it_is_a_refusal([Values(100, double.NaN, double.PositiveInfinity)] double cost)
    {
        BestOfNResult result = new BestOfN(Model, new BlockScorer(_ => new BlockScore(cost, 1)), new BestOfNOptions { Samples = 3, MaxTokens = 4, Budget = 10, Refusal = "No." }).Answer(Prompt);
        Assert.That((result.Refused, result.Text, result.Chosen), Is.EqualTo((true, "No.", -1)));
        Assert.That(result.Scores, Has.Count.EqualTo(3));
    }

    [Test]
    public void A_reward_that_is_no_number_is_never_the_best()
    {
        int seen = 0;
        BestOfNResult result = new BestOfN(Model, new BlockScorer(_ => new BlockScore(0, seen++ == 1 ? -3 : double.NaN)), new BestOfNOptions { Samples = 4, MaxTokens = 4, Sampling = Draws() }).Answer(Prompt);
        Assert.That(result.Chosen, Is.EqualTo(1));
    }

    [Test]
    public void Of_equal_answers_the_first_is_given_and_no_page_stays_behind()
    {
        int pages = Model.Transformer.Cache.PagesInUse;
        Assert.That(new BestOfN(Model, new BlockScorer(_ => default), new BestOfNOptions { Samples = 5, MaxTokens = 6, Sampling = Draws() }).Answer(Prompt).Chosen, Is.Zero);
        Assert.Throws<InvalidOperationException>(() => new BestOfN(Model, new BlockScorer(_ => throw new InvalidOperationException()), new BestOfNOptions { MaxTokens = 2 }).Answer(Prompt));
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.EqualTo(pages));
    }

    [Test]
    public void Settings_out_of_range_are_refused()
    {
        foreach (BestOfNOptions wrong in new BestOfNOptions[] { new() { Samples = 0 }, new() { MaxTokens = 0 }, new() { CostFactor = double.NaN }, new() { Budget = double.PositiveInfinity } })
            Assert.Throws<GuardException>(() => new BestOfN(Model, Scorer, wrong));
    }
}
