using Managed.Constraints;
using Managed.Kernels;
using Managed.Sampling;
using Managed.Tests.Models;

namespace Managed.Tests.Generation;

public class DraftedGenerationTests
{
    private static LanguageModel Hearth => TestModels.Hearth;

    // Of these each drafts for each: all have 128 tokens.
    private static IEnumerable<string> Names => Directory.GetDirectories(SharedFolder.Fixture("arch")).Select(path => Path.GetFileName(path)).Order();

    private static readonly Lazy<Dictionary<string, LanguageModel>> Tiny =
        new(() => Names.ToDictionary(name => name, name => TestModels.Load(SharedFolder.Fixture($"arch/{name}"))));

    [OneTimeTearDown]
    public void Unload()
    {
        if (!Tiny.IsValueCreated)
            return;
        foreach (LanguageModel model in Tiny.Value.Values)
        {
            Assert.That(model.Transformer.Cache.PagesInUse, Is.Zero, model.Path);
            model.Dispose();
        }
    }

    [Test]
    public void Greedy_tokens_are_those_without_a_draft([ValueSource(nameof(Names))] string target)
    {
        LanguageModel model = Tiny.Value[target];
        var random = new Random(3);
        foreach (LanguageModel draft in Tiny.Value.Values)
        {
            int[] ids = [.. Enumerable.Range(0, 1 + random.Next(60)).Select(_ => random.Next(128))];
            var options = new GenerationOptions
            {
                MaxTokens = 1 + random.Next(40),
                IgnoreEndTokens = random.Next(2) == 0,
                DraftTokens = 1 + random.Next(7),
                Sampling = SamplingOptions.Greedy with { RepetitionPenalty = random.Next(2) == 0 ? 1 : 1.3, LogProbabilities = 2 },
            };
            GenerationResult plain = model.Generate(ids, options), drafted = model.Generate(ids, options with { Draft = draft });
            Assert.That(drafted.Ids, Is.EqualTo(plain.Ids), $"drafted by {draft.Family}");
            Assert.That(drafted.LogProbabilities, Is.EqualTo(plain.LogProbabilities));
            Assert.That(drafted.BestTokens, Is.EqualTo(plain.BestTokens));
            Assert.That(drafted.Reason, Is.EqualTo(plain.Reason));
        }
    }

    [Test]
    public void A_draft_that_knows_the_answer_is_always_right_and_saves_steps()
    {
        GenerationResult found = Hearth.Generate([new ChatMessage("user", "How do I make honey bread?")], new GenerationOptions { MaxTokens = 40, Draft = Hearth, DraftTokens = 3 });
        Assert.That(found.Draft!.AcceptanceRate, Is.EqualTo(1));
        Assert.That(found.Draft.Steps, Is.EqualTo((found.Ids.Length + 3) / 4));
        Assert.That(found.Draft.Proposed - found.Draft.Accepted, Is.Zero);
    }

    [Test]
    public void A_drafted_text_ends_where_one_without_a_draft_ends()
    {
        int[] ids = Hearth.EncodeChat([new ChatMessage("user", "How do I make honey bread?")]);
        GenerationOptions[] all =
        [
            new() { MaxTokens = 64 },
            new() { MaxTokens = 64, StopStrings = [", and"] },
            new() { MaxTokens = 64, StopIds = [264] },
            new() { MaxTokens = 30, IgnoreEndTokens = true },
            new() { MaxTokens = 40, Constraint = Constraint.FromRegex("[A-Za-z ]{10,25}") },
            new() { MaxTokens = 40, IgnoreEndTokens = true, Constraint = Constraint.FromRegex("[A-Z][a-z ]{3,6}") },
            new() { MaxTokens = 6, Constraint = Constraint.FromJsonSchema("""{"type":"string"}""") },
        ];
        foreach (GenerationOptions options in all)
            for (int tokens = 1; tokens <= 6; tokens++)
            {
                GenerationResult plain = Hearth.Generate(ids, options), drafted = Hearth.Generate(ids, options with { Draft = Hearth, DraftTokens = tokens });
                Assert.That((drafted.Text, drafted.Reason, drafted.ConstraintSatisfied), Is.EqualTo((plain.Text, plain.Reason, plain.ConstraintSatisfied)));
                Assert.That(drafted.Ids, Is.EqualTo(plain.Ids));
            }
    }

    // The first two tokens of many seeds, against the target's own probabilities; top-k keeps the outcomes few.
    [TestCase("llama-llama3", "gemma2", 2, 0)]
    [TestCase("gpt2", "deepseek_v3", 3, 1)]
    [TestCase("qwen2_moe", "gpt_oss", 1, 0)]
    [TestCase("gemma2", "gpt2", 4, 2)]
    public void Drawn_tokens_have_the_targets_distribution(string target, string drafter, int draftTokens, int variant)
    {
        LanguageModel model = Tiny.Value[target], draft = Tiny.Value[drafter];
        int[] prompt = [1, 77, 30, 5, 99, 12];
        SamplingOptions sampling = variant switch
        {
            0 => new() { TopK = 4, Temperature = 1.5 },
            1 => new() { TopP = 0.5, Temperature = 0.7, RepetitionPenalty = 1.2 },
            _ => new() { MinP = 0.2, Temperature = 1.2, XtcProbability = 0.5, XtcThreshold = 0.1 },
        };
        const int Draws = 3000;
        var options = new GenerationOptions { MaxTokens = 2, IgnoreEndTokens = true };
        GenerationRequest Request(int seed, LanguageModel? drafted) =>
            new(prompt, options with { Draft = drafted, DraftTokens = draftTokens, Sampling = sampling with { Seed = seed } });

        Dictionary<(int, int), double> Count(LanguageModel? drafted, int firstSeed)
        {
            var counts = new Dictionary<(int, int), double>();
            foreach (GenerationResult result in model.GenerateBatch([.. Enumerable.Range(firstSeed, Draws).Select(seed => Request(seed, drafted))]))
                counts[(result.Ids[0], result.Ids[1])] = counts.GetValueOrDefault((result.Ids[0], result.Ids[1])) + 1;
            return counts;
        }
        Dictionary<(int, int), double> found = Count(draft, 0);
        if (variant < 2) // XTC's coin makes the two tokens' exact distribution a mixture; there the undrafted draws are the measure
            AssertFits(found, Exact(model, prompt, sampling), Draws);
        else
            AssertAlike(found, Count(null, 1_000_000));
        GenerationResult one = model.Generate(prompt, Request(5, draft).Options! with { MaxTokens = 100 });
        Assert.That(one.Draft!.Accepted, Is.GreaterThan(0).And.LessThan(one.Draft.Proposed), "both branches were taken");
    }

    private static Dictionary<(int, int), double> Exact(LanguageModel model, int[] prompt, SamplingOptions sampling)
    {
        var sampler = new Sampler(sampling with { Seed = 0 }, new Candidates(128), []);
        double[] Next(int[] ids)
        {
            var probabilities = new double[128];
            sampler.Distribution(probabilities, model.Run(ids).Output[^1], ids, prompt.Length);
            return probabilities;
        }
        var exact = new Dictionary<(int, int), double>();
        double[] first = Next(prompt);
        for (int a = 0; a < 128; a++)
            if (first[a] > 0)
            {
                double[] second = Next([.. prompt, a]);
                for (int b = 0; b < 128; b++)
                    if (second[b] > 0)
                        exact[(a, b)] = first[a] * second[b];
            }
        return exact;
    }

    // Pearson's test; outcomes expected less than 5 times are counted as one. The seeds are fixed, so the verdict is too.
    private static void AssertFits(Dictionary<(int, int), double> counts, Dictionary<(int, int), double> exact, int draws)
    {
        Assert.That(counts.Keys, Is.SubsetOf(exact.Keys));
        double chi = 0, restExpected = 0, restFound = 0;
        int cells = 0;
        foreach (((int, int) pair, double probability) in exact)
        {
            double expected = draws * probability, seen = counts.GetValueOrDefault(pair);
            if (expected < 5)
                (restExpected, restFound) = (restExpected + expected, restFound + seen);
            else
                (chi, cells) = (chi + ((seen - expected) * (seen - expected) / expected), cells + 1);
        }
        if (restExpected >= 5)
            (chi, cells) = (chi + ((restFound - restExpected) * (restFound - restExpected) / restExpected), cells + 1);
        AssertChi(chi, cells - 1);
    }

    private static void AssertAlike(Dictionary<(int, int), double> first, Dictionary<(int, int), double> second)
    {
        double chi = 0;
        int cells = 0;
        foreach ((int, int) pair in first.Keys.Union(second.Keys))
            if (first.GetValueOrDefault(pair) is var a && second.GetValueOrDefault(pair) is var b && a + b >= 10)
                (chi, cells) = (chi + ((a - b) * (a - b) / (a + b)), cells + 1);
        AssertChi(chi, cells - 1);
    }

    private static void AssertChi(double chi, int freedom)
    {
        Assert.That(freedom, Is.GreaterThan(4));
        Assert.That((chi - freedom) / Math.Sqrt(2.0 * freedom), Is.LessThan(3.1), $"chi² {chi:F1} with {freedom} degrees of freedom");
    }

    [Test]
    public void The_same_seed_gives_the_same_drafted_tokens_alone_and_in_a_batch()
    {
        var options = new GenerationOptions { MaxTokens = 30, IgnoreEndTokens = true, Draft = Tiny.Value["gpt2"], Sampling = new() { Seed = 9 } };
        LanguageModel model = Tiny.Value["gemma2"];
        int[] alone = model.Generate([1, 2, 3], options).Ids;
        IReadOnlyList<GenerationResult> batch = model.GenerateBatch([new GenerationRequest([7, 8], options with { Draft = null }), new([1, 2, 3], options)]);
        Assert.That(batch[1].Ids, Is.EqualTo(alone));
    }

    [Test]
    public void A_full_context_ends_a_drafted_text_at_the_same_token()
    {
        using LanguageModel model = LanguageModel.Load(SharedFolder.Fixture("arch/gemma2"), new LoadOptions { Threads = 1, Context = 40, Precision = Precision.Exact });
        var options = new GenerationOptions { MaxTokens = 100, IgnoreEndTokens = true };
        GenerationResult plain = model.Generate([1, 2, 3], options);
        Assert.That((plain.Reason, plain.Ids.Length), Is.EqualTo((StopReason.ContextFull, 38)));
        for (int tokens = 1; tokens < 9; tokens++)
        {
            GenerationResult drafted = model.Generate([1, 2, 3], options with { Draft = model, DraftTokens = tokens });
            Assert.That((drafted.Reason, drafted.Ids), Is.EqualTo((plain.Reason, plain.Ids)));
        }
    }

    [Test]
    public void Conversations_keep_the_drafts_cache_too()
    {
        using ChatSession chat = Hearth.StartChat(), plain = Hearth.StartChat();
        var options = new GenerationOptions { MaxTokens = 24 };
        foreach (string question in new[] { "How do I make honey bread?", "And rye bread?", "Who bakes?" })
            Assert.That(chat.Say(question, options with { Draft = Hearth }).Ids, Is.EqualTo(plain.Say(question, options).Ids));
    }

    [Test]
    public void A_model_that_cannot_draft_is_refused_in_words()
    {
        LanguageModel model = Tiny.Value["gpt2"];
        Assert.That(() => model.Generate([1], new() { Draft = Hearth }), Throws.ArgumentException.With.Message.Contains("1024 tokens"));
        Assert.That(() => model.Generate([1], new() { Draft = model, Sampling = new() { MirostatTau = 5 } }), Throws.ArgumentException.With.Message.Contains("Mirostat"));
        Assert.That(() => model.Generate([1], new() { Draft = model, DraftTokens = 0 }), Throws.ArgumentException.With.Message.Contains("DraftTokens"));
    }
}
