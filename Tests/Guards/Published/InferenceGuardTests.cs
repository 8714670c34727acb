using Managed.Guards.Published;
using Managed.Kernels;
using Managed.Sampling;
using Managed.Tests.Models;

namespace Managed.Tests.Guards;

public class InferenceGuardTests
{
    private static LanguageModel Model => TestModels.Hearth;

    private static int[] Prompt(string question = "How do I make honey bread?") => Model.EncodeChat([new ChatMessage("user", question)]);

    private static SamplingOptions Draws(int seed = 7, int topK = 0, double temperature = 1) => new() { Temperature = temperature, TopK = topK, Seed = seed };

    private static BlockScorer Free => new(_ => new BlockScore(0, 0));

    [Test]
    public void One_sample_without_costs_is_plain_sampling_token_by_token([Values(1, 5, 32)] int block, [Values(0, 3)] int seed)
    {
        int[] prompt = Prompt();
        GenerationResult plain = Model.Generate(prompt, new GenerationOptions { MaxTokens = 40, Sampling = Draws(seed) });
        var guard = new InferenceGuard(Model, Free, new InferenceGuardOptions { Samples = 1, BlockTokens = block, MaxTokens = 40, Sampling = Draws(seed) });
        Assert.That(guard.Answer(prompt).Ids, Is.EqualTo(plain.Ids));
    }

    // All texts of four tokens, three choices each, with costs and rewards of their own: the search must find the best safe one.
    [TestCase(4)]
    [TestCase(2)]
    public void The_best_safe_text_of_all_is_found(int block)
    {
        int[] prompt = Prompt();
        const int Length = 4, Choices = 3;
        List<int[]> texts = [];
        Enumerate([]);
        var guard = new InferenceGuard(Model, new BlockScorer(Score), new InferenceGuardOptions
        {
            Samples = 3000,
            Kept = block == Length ? 750 : 81, // all prefixes go on
            BlockTokens = block,
            MaxTokens = Length,
            Budget = 0.7,
            Discount = 1,
            Sampling = Draws(topK: Choices, temperature: 50),
        });
        int[] best = texts.Where(text => IsSafe(text)).MaxBy(text => Reward(text))!;
        InferenceGuardResult found = guard.Answer(prompt);
        Assert.That(texts.Count(text => !IsSafe(text)), Is.GreaterThan(10));
        Assert.That(found.Refused, Is.False);
        Assert.That(found.Ids, Is.EqualTo(best));
        Assert.That(found.LowestBudget, Is.GreaterThan(0));

        void Enumerate(int[] text)
        {
            if (text.Length == Length || (text.Length > 0 && Model.EndTokens.Contains(text[^1])))
            {
                texts.Add(text);
                return;
            }
            Activation logits = Model.Run([.. prompt, .. text], new RunOptions { Precision = Precision.Fast }).Output;
            float[] last = logits.Values[^Model.VocabularySize..].ToArray();
            foreach (int token in Enumerable.Range(0, last.Length).OrderByDescending(id => last[id]).Take(Choices))
                Enumerate([.. text, token]);
        }

        BlockScore Score(PartialAnswer answer) => new(Costs(answer.Ids, answer.BlockStart), Reward(answer.Ids));

        bool IsSafe(IReadOnlyList<int> text) => Enumerable.Range(0, (text.Count + block - 1) / block).Aggregate(
            (Left: 0.7, Safe: true), (state, part) => (state.Left - Costs([.. text.Take((part + 1) * block)], part * block), state.Safe && state.Left - Costs([.. text.Take((part + 1) * block)], part * block) > 0)).Safe;
    }

    private static double Costs(IReadOnlyList<int> ids, int from) => ids.Skip(from).Sum(id => id % 3 == 0 ? 0.4 : id % 3 == 1 ? 0.1 : -0.05);

    private static double Reward(IReadOnlyList<int> ids) => ids.Select((id, place) => Math.Sin((id * 12.9898) + place)).Sum();

    // With blocks as long as the answer, the search is best-of-N with a gate.
    [Test]
    public void One_block_is_best_of_n_with_a_gate()
    {
        int[] prompt = Prompt("Tell me about the village.");
        const int N = 24;
        IReadOnlyList<GenerationResult> all = Model.GenerateBatch([.. Enumerable.Range(0, N).Select(i =>
            new GenerationRequest(prompt, new GenerationOptions { MaxTokens = 12, Sampling = Draws(temperature: 2) with { Sample = i } }))]);
        int[] best = all.Select(result => result.Ids).Where(ids => 1.5 - Costs(ids, 0) > 0).MaxBy(Reward)!;
        var guard = new InferenceGuard(Model, new BlockScorer(answer => new BlockScore(Costs(answer.Ids, answer.BlockStart), Reward(answer.Ids))),
            new InferenceGuardOptions { Samples = N, BlockTokens = 12, MaxTokens = 12, Budget = 1.5, Discount = 1, Sampling = Draws(temperature: 2) });
        Assert.That(guard.Answer(prompt).Ids, Is.EqualTo(best));
    }

    [TestCase(GuardFidelity.Sane)]
    [TestCase(GuardFidelity.Reference)]
    public void Where_nothing_is_safe_the_answer_is_a_refusal_after_all_retries(GuardFidelity fidelity)
    {
        var guard = new InferenceGuard(Model, new BlockScorer(_ => new BlockScore(100, 0)),
            new InferenceGuardOptions { Samples = 4, BlockTokens = 4, MaxTokens = 8, Retries = 2, Refusal = "I will not.", Fidelity = fidelity });
        InferenceGuardResult result = guard.Answer(Prompt());
        Assert.That(result.Refused, Is.True);
        Assert.That(result.Text, Is.EqualTo("I will not."));
        Assert.That(result.Rounds, Is.EqualTo(3));
        Assert.That(result.RetriedRounds, Is.EqualTo(2));
        Assert.That(result.Reason, Does.Contain("3 rounds"));
    }

    [Test]
    public void A_score_that_is_not_a_number_counts_as_unsafe([Values(double.NaN, double.PositiveInfinity, double.NegativeInfinity)] double cost)
    {
        var guard = new InferenceGuard(Model, new BlockScorer(_ => new BlockScore(cost, 0)), new InferenceGuardOptions { Samples = 2, BlockTokens = 2, MaxTokens = 2 });
        Assert.That(guard.Answer(Prompt()).Refused, Is.True);
    }

    [Test]
    public void A_retry_finds_what_the_first_round_did_not()
    {
        int[] prompt = Prompt();
        int likely = Model.Generate(prompt, new GenerationOptions { MaxTokens = 1 }).Ids[0];
        var guard = new InferenceGuard(Model, new BlockScorer(answer => new BlockScore(answer.Ids[0] == likely ? 100 : 0, 0)),
            new InferenceGuardOptions { Samples = 2, Kept = 1, BlockTokens = 1, MaxTokens = 1, RetryPenalty = 100, Retries = 1, Sampling = Draws(temperature: 0.1) });
        InferenceGuardResult result = guard.Answer(prompt);
        Assert.That(result.Refused, Is.False);
        Assert.That(result.RetriedRounds, Is.EqualTo(1));
        Assert.That(result.Ids[0], Is.Not.EqualTo(likely));
    }

    [Test]
    public void Forks_of_the_cache_give_what_texts_from_scratch_give()
    {
        int[] prompt = Prompt();
        List<PartialAnswer> seen = [];
        var guard = new InferenceGuard(Model, new BlockScorer(answer =>
        {
            seen.Add(answer);
            return new BlockScore(0, Reward(answer.Ids));
        }), new InferenceGuardOptions { Samples = 6, Kept = 2, BlockTokens = 3, MaxTokens = 9, Sampling = Draws(temperature: 1.5) });
        InferenceGuardResult result = guard.Answer(prompt);
        // Each text is what sampling with the texts before it as a prompt gives: the same numbers at the same places.
        foreach (PartialAnswer answer in seen.Where(answer => answer.BlockStart > 0).DistinctBy(answer => string.Join(' ', answer.Ids)))
        {
            int[] before = [.. prompt, .. answer.Ids.Take(answer.BlockStart)], block = [.. answer.Ids.Skip(answer.BlockStart)];
            Assert.That(Enumerable.Range(0, 6).Any(row => Model.Generate(before, new GenerationOptions
            {
                MaxTokens = block.Length,
                Sampling = Draws(temperature: 1.5) with { Sample = row },
            }).Ids.SequenceEqual(block)));
        }
        Assert.That(result.Ids, Is.Not.Empty);
    }

    [Test]
    public void No_page_of_the_cache_is_left_behind()
    {
        int before = Model.Transformer.Cache.PagesInUse;
        var guard = new InferenceGuard(Model, new BlockScorer(answer => answer.Ids.Count > 6 ? throw new InvalidOperationException("broken") : default),
            new InferenceGuardOptions { Samples = 8, BlockTokens = 4, MaxTokens = 12 });
        Assert.Throws<InvalidOperationException>(() => guard.Answer(Prompt()));
        new InferenceGuard(Model, Free, new InferenceGuardOptions { Samples = 8, BlockTokens = 4, MaxTokens = 12 }).Answer(Prompt());
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.EqualTo(before));
    }

    [Test]
    public void What_would_come_after_an_answers_end_is_neither_scored_nor_counted()
    {
        int[] prompt = Prompt();
        int[] plain = Model.Generate(prompt, new GenerationOptions { MaxTokens = 60 }).Ids;
        const int Block = 7;
        Assert.That(Model.EndTokens, Does.Contain(plain[^1]));
        Assert.That(plain.Length % Block, Is.Not.Zero, "the end lies within a block");
        List<PartialAnswer> seen = [];
        InferenceGuardResult result = new InferenceGuard(Model, new BlockScorer(answer =>
        {
            seen.Add(answer);
            return default;
        }), new InferenceGuardOptions { Samples = 1, BlockTokens = Block, MaxTokens = 64, Budget = 10, Discount = 0.99, Sampling = SamplingOptions.Greedy }).Answer(prompt);
        Assert.That(seen, Has.Count.EqualTo((plain.Length + Block - 1) / Block));
        Assert.That(seen.Select(answer => answer.IsFinished), Is.EqualTo(seen.Select((_, place) => place == seen.Count - 1)));
        Assert.That(seen[^1].Ids, Is.EqualTo(plain));
        Assert.That(result.Budget, Is.EqualTo(10 / Math.Pow(0.99, plain.Length)).Within(1e-9));
    }

    [Test]
    public void A_blocks_last_tokens_go_through_the_model_only_where_an_answer_goes_on()
    {
        const int Samples = 8, Kept = 2, Block = 4, Blocks = 3;
        int[] prompt = Prompt();
        int passed = 0, ended = 0;
        using IDisposable hook = Model.Hook("blocks.0.hook_resid_pre", (stream, _) => passed += stream.Rows);
        InferenceGuardResult result = new InferenceGuard(Model, new BlockScorer(answer =>
        {
            ended += answer.IsFinished ? 1 : 0;
            return default;
        }), new InferenceGuardOptions { Samples = Samples, Kept = Kept, BlockTokens = Block, MaxTokens = Block * Blocks, Sampling = Draws(temperature: 1) }).Answer(prompt);
        Assert.That((ended, result.SampledTokens), Is.EqualTo((0, Samples * Block * Blocks)), "no answer ends before its time");
        Assert.That(passed, Is.EqualTo(prompt.Length + (Samples * (Block - 1) * Blocks) + (Kept * (Blocks - 1))));
    }

    [Test]
    public void Memory_grows_with_the_tokens_that_differ_alone()
    {
        int[] prompt = Prompt("Tell me about the village, and the mill, and the well. " + string.Concat(Enumerable.Repeat("How do I make honey bread? ", 12)));
        const int Samples = 16, Kept = 4, Block = 4, Tokens = 12, Page = Managed.Cache.KeyValueCache.PagePositions;
        int before = Model.Transformer.Cache.PagesInUse, shared = prompt.Length / Page, most = 0;
        new InferenceGuard(Model, new BlockScorer(_ =>
        {
            most = Math.Max(most, Model.Transformer.Cache.PagesInUse - before);
            return default;
        }), new InferenceGuardOptions { Samples = Samples, Kept = Kept, BlockTokens = Block, MaxTokens = Tokens, Sampling = Draws(temperature: 2) }).Answer(prompt);
        int own = ((prompt.Length + Tokens + Page - 1) / Page) - shared;
        Assert.That(shared, Is.GreaterThan(1));
        Assert.That(most, Is.InRange(shared, shared + ((Samples + Kept) * own)));
        Assert.That(shared + ((Samples + Kept) * own), Is.LessThan(Samples * (shared + own)), "a copy for each would be more");
    }

    // The critic sees the final norm's output at the newest token.
    [Test]
    public void The_critic_is_shown_the_models_state()
    {
        int[] prompt = Prompt();
        var critic = new Recorder();
        var texts = new List<int[]>();
        new InferenceGuard(Model, new BlockScorer(answer =>
        {
            texts.Add([.. answer.Ids]);
            return default;
        }), new InferenceGuardOptions { Samples = 1, BlockTokens = 3, MaxTokens = 6, Precision = Precision.Exact, Sampling = SamplingOptions.Greedy }, critic).Answer(prompt);
        ActivationCache cache = Model.Run([.. prompt, .. texts[0]], new RunOptions { Names = ["unembed.hook_in"], Precision = Precision.Exact }).Cache;
        Assert.That(critic.States, Has.Count.EqualTo(1));
        Assert.That(critic.States[0], Is.EqualTo(cache["unembed.hook_in"].Values[^Model.Width..].ToArray()));
    }

    [TestCase(0, 4, 1, 8)]
    [TestCase(4, 0, 1, 8)]
    [TestCase(4, 4, 0, 8)]
    [TestCase(4, 4, 9, 8)]
    public void Settings_out_of_range_are_refused(int block, int samples, int kept, int tokens) =>
        Assert.Throws<GuardException>(() => new InferenceGuard(Model, Free, new InferenceGuardOptions { BlockTokens = block, Samples = samples, Kept = kept, MaxTokens = tokens }));

    private sealed class Recorder : IBlockCritic
    {
        public List<float[]> States { get; } = [];

        public (double SafeEnding, double TaskCost) Foresee(ReadOnlySpan<float> state, double budget)
        {
            States.Add(state.ToArray());
            return (1, 0);
        }
    }
}
