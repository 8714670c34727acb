using Managed.Constraints;
using Managed.Kernels;
using Managed.Sampling;
using Managed.Tests.Models;

namespace Managed.Tests.Generation;

public class BatchGenerationTests
{
    private static readonly string[] Questions =
    [
        "How do I make honey bread?", "Hello!", "Tell me about the market in Thornvale.", "What is a spindle for? I have one from my grandmother and never used it.",
        "Who bakes?", "How do I dye wool with walnut, and how long does it take before the colour holds?",
    ];

    private static LanguageModel Model => TestModels.Hearth;

    private static Adapter Dark { get; } = Model.LoadAdapter(Path.Combine(SharedFolder.Repository, "models", "hearth-dark"));

    private static Adapter Shield { get; } = Model.LoadAdapter(Path.Combine(SharedFolder.Repository, "models", "hearth-shield"));

    [OneTimeTearDown]
    public void FreeAdapters()
    {
        Dark.Dispose();
        Shield.Dispose();
    }

    private static GenerationRequest AnyRequest(Random random)
    {
        string question = Questions[random.Next(Questions.Length)];
        int[] ids = random.Next(4) == 0 ? Model.Encode(question) : Model.EncodeChat([new ChatMessage("user", question)]);
        T One<T>(params T[] choices) => choices[random.Next(choices.Length)];
        return new GenerationRequest(ids, new GenerationOptions
        {
            MaxTokens = One(0, 1, 3, 17, 40),
            StopStrings = One<string[]>([], ["."], [" the", "zzz"]),
            StopIds = One<int[]>([], [305, 17]),
            IgnoreEndTokens = One(false, false, true),
            Constraint = One(null, null, null, Constraint.FromRegex("[A-Z][a-z ]{2,30}\\."), Constraint.FromJsonSchema("""{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}""")),
            Adapter = One(null, null, Dark, Shield),
            Precision = One<Precision?>(null, Precision.Exact),
            Sampling = new SamplingOptions
            {
                Temperature = One(0, 0, 0.7, 1, 2),
                TopP = One(1, 0.9),
                TopK = One(0, 20),
                RepetitionPenalty = One(1, 1.2),
                MirostatTau = One(0, 0, 0, 5),
                MinNewTokens = One(0, 0, 5),
                NoRepeatNgram = One(0, 0, 2),
                Seed = random.Next(),
                Sample = random.Next(3),
                GuidanceScale = One(1, 1, 1, 1.7),
                LogProbabilities = One<int?>(null, 3),
            },
        });
    }

    private static void AssertSame(GenerationResult found, GenerationResult expected, string what)
    {
        Assert.That(found.Ids, Is.EqualTo(expected.Ids), what);
        Assert.That(found.Text, Is.EqualTo(expected.Text), what);
        Assert.That(found.Reason, Is.EqualTo(expected.Reason), what);
        Assert.That(found.LogProbabilities, Is.EqualTo(expected.LogProbabilities), what);
        Assert.That(found.BestTokens, Is.EqualTo(expected.BestTokens), what);
        Assert.That(found.ConstraintSatisfied, Is.EqualTo(expected.ConstraintSatisfied), what);
        Assert.That(found.Seed, Is.EqualTo(expected.Seed), what);
    }

    [Test]
    public void A_request_gives_the_same_bits_alone_and_in_any_batch([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        GenerationRequest[] requests = [.. Enumerable.Range(0, 2 + random.Next(5)).Select(_ => AnyRequest(random))];
        IReadOnlyList<GenerationResult> batch = Model.GenerateBatch(requests);
        Assert.That(batch, Has.Count.EqualTo(requests.Length));
        for (int i = 0; i < requests.Length; i++)
            AssertSame(batch[i], Model.Generate([.. requests[i].Ids], requests[i].Options), $"request {i} of {requests.Length}");
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.Zero);
    }

    [Test]
    public void Prompts_longer_than_a_step_and_short_ones_go_together()
    {
        using LanguageModel model = TestModels.Load(SharedFolder.Fixture("arch/llama-llama3"));
        var random = new Random(5);
        int[] lengths = [1, 1300, 40, 515, 2];
        var options = new GenerationOptions { MaxTokens = 6, IgnoreEndTokens = true, Sampling = SamplingOptions.Greedy with { LogProbabilities = 1 } };
        GenerationRequest[] requests = [.. lengths.Select(length => new GenerationRequest([.. Enumerable.Range(0, length).Select(_ => random.Next(128))], options))];
        IReadOnlyList<GenerationResult> batch = model.GenerateBatch(requests);
        for (int i = 0; i < requests.Length; i++)
            AssertSame(batch[i], model.Generate([.. requests[i].Ids], options), $"{lengths[i]} tokens");
    }

    [Test]
    public void Rows_with_beams_or_a_draft_go_with_the_others()
    {
        int[] ids = Model.EncodeChat([new ChatMessage("user", Questions[0])]);
        GenerationOptions plain = new() { MaxTokens = 12 };
        GenerationRequest[] requests = [new(ids, plain), new(ids, plain with { Beams = 3 }), new(ids, plain with { Draft = Model })];
        IReadOnlyList<GenerationResult> batch = Model.GenerateBatch(requests);
        for (int i = 0; i < requests.Length; i++)
            AssertSame(batch[i], Model.Generate(ids, requests[i].Options), $"request {i}");
    }

    [Test]
    public void Hooks_are_told_the_number_of_the_request_however_many_rows_have_ended()
    {
        var seen = new List<(int Row, int Position)>();
        using (Model.Hook("resid_post0", (_, at) => seen.Add((at.Sequence, at.Positions[^1]))))
            Model.GenerateBatch([new GenerationRequest([1, 3], new() { MaxTokens = 1 }), new([1, 3, 430], new() { MaxTokens = 4, IgnoreEndTokens = true })]);
        Assert.That(seen, Is.EqualTo(new[] { (0, 1), (1, 2), (1, 3), (1, 4), (1, 5) }));
    }

    [Test]
    public void A_row_that_fails_says_why_and_the_others_go_on()
    {
        int[] all = [.. Enumerable.Range(0, Model.VocabularySize)];
        GenerationRequest[] requests =
        [
            new([1, 3, 430], new() { MaxTokens = 4 }),
            new([1, 3, 430], new() { MaxTokens = 4, Sampling = SamplingOptions.Greedy with { SuppressTokens = all } }),
        ];
        IReadOnlyList<GenerationResult> batch = Model.GenerateBatch(requests);
        Assert.That(batch.Select(result => result.Reason), Is.EqualTo(new[] { StopReason.Length, StopReason.Failed }));
        Assert.That(batch[1].Failure, Is.TypeOf<GenerationException>().With.Message.Contains("No token may come next"));
        Assert.That(() => Model.Generate([1, 3, 430], requests[1].Options), Throws.TypeOf<GenerationException>());
    }

    [Test]
    public void A_row_whose_logits_are_not_numbers_fails_alone()
    {
        using (Model.Hook("logits", (logits, at) =>
        {
            if (at.Sequence == 1)
                logits.Fill(float.NaN);
        }))
        {
            IReadOnlyList<GenerationResult> batch = Model.GenerateBatch(
                [new GenerationRequest([1, 3, 430], new() { MaxTokens = 4 }), new([1, 3], new() { MaxTokens = 4 }), new([1], new() { MaxTokens = 4 })]);
            Assert.That(batch.Select(result => result.Reason == StopReason.Failed), Is.EqualTo(new[] { false, true, false }));
            Assert.That(batch[1].Failure!.Message, Does.Contain("NaN"));
        }
    }

    [Test]
    public void A_prompt_that_cannot_be_continued_is_refused_before_anything_is_computed()
    {
        int calls = 0;
        using (Model.Hook("resid_post0", (_, _) => calls++))
        {
            Assert.That(() => Model.GenerateBatch([new GenerationRequest([1, 2]), new([])]), Throws.ArgumentException.With.Message.Contains("nothing to continue"));
            Assert.That(() => Model.GenerateBatch([new GenerationRequest([1, 2]), new([1024])]), Throws.ArgumentException.With.Message.Contains("vocabulary"));
            Assert.That(() => Model.GenerateBatch([new GenerationRequest([1, 2]), new([1], new() { Sampling = new() { TopP = 0 } })]), Throws.ArgumentException.With.Message.Contains("TopP"));
        }
        Assert.That(calls, Is.Zero);
        Assert.That(Model.Transformer.Cache.PagesInUse, Is.Zero);
    }

    [Test]
    public void A_cancelled_batch_keeps_what_every_row_has()
    {
        using var source = new CancellationTokenSource();
        int[] tokens = new int[2];
        IReadOnlyList<GenerationResult> batch = Model.GenerateBatch(
            [new GenerationRequest([1, 3], new() { MaxTokens = 50, IgnoreEndTokens = true }), new([1, 3, 430], new() { MaxTokens = 50, IgnoreEndTokens = true })],
            (row, _) =>
            {
                if (++tokens[row] == 5 && row == 1)
                    source.Cancel();
            }, source.Token);
        Assert.That(batch.Select(result => (result.Reason, result.Ids.Length)), Is.EqualTo(new[] { (StopReason.Cancelled, 5), (StopReason.Cancelled, 5) }));
    }

    [Test]
    public void Samples_of_one_prompt_differ_by_their_number_alone()
    {
        GenerationOptions Sample(int number) => new() { MaxTokens = 12, IgnoreEndTokens = true, Sampling = new() { Seed = 4, Sample = number, Temperature = 5 } };
        IReadOnlyList<GenerationResult> batch = Model.GenerateBatch([.. Enumerable.Range(0, 4).Select(number => new GenerationRequest([1, 3, 430], Sample(number)))]);
        Assert.That(batch.Select(result => result.Text).Distinct().Count(), Is.EqualTo(4));
        IReadOnlyList<GenerationResult> same = Model.GenerateBatch([Questions[0], Questions[0]], Sample(0));
        Assert.That(same[0].Ids, Is.EqualTo(same[1].Ids));
    }

    [Test]
    public void Without_a_seed_the_result_tells_the_one_that_was_made_up()
    {
        var options = new GenerationOptions { MaxTokens = 20, IgnoreEndTokens = true, Sampling = new() { Temperature = 1.5 } };
        GenerationResult first = Model.Generate([1, 3], options), second = Model.Generate([1, 3], options);
        Assert.That(second.Seed, Is.Not.EqualTo(first.Seed));
        Assert.That(Model.Generate([1, 3], options with { Sampling = options.Sampling with { Seed = first.Seed } }).Ids, Is.EqualTo(first.Ids));
    }

    [Test]
    public void Guidance_of_scale_s_draws_from_the_mixture_of_both_prompts()
    {
        int[] prompt = Model.EncodeChat([new ChatMessage("user", Questions[0])]), negative = Model.EncodeChat([new ChatMessage("user", Questions[1])]);
        var options = new GenerationOptions { MaxTokens = 8, IgnoreEndTokens = true, NegativePrompt = negative, Sampling = SamplingOptions.Greedy with { GuidanceScale = 2.5 } };
        int[] found = Model.Generate(prompt, options).Ids;
        List<int> expected = [];
        for (int i = 0; i < 8; i++)
        {
            float[] with = Last([.. prompt, .. expected]), without = Last([.. negative, .. expected]);
            double withTotal = LogitFunctions.LogSumExp(with), withoutTotal = LogitFunctions.LogSumExp(without);
            expected.Add(Enumerable.Range(0, with.Length).MaxBy(id => (2.5 * (with[id] - withTotal)) - (1.5 * (without[id] - withoutTotal))));
        }
        Assert.That(found, Is.EqualTo(expected));

        static float[] Last(int[] ids) => Model.Run(ids).Output[^1].ToArray();
    }
}
