using Managed.Cache;
using Managed.Constraints;
using Managed.Kernels;
using Managed.Sampling;
using Managed.Tests.Models;

namespace Managed.Tests.Generation;

/// <summary>What the garbage collector is given to do for each token: nothing, once everything is as large as it needs to be.</summary>
public class AllocationTests
{
    private const int Tokens = 200;

    private static IEnumerable<TestCaseData> Directories() =>
        TestModels.ArchitectureDirectories()
            .Where(directory => !Path.GetFileName(directory).EndsWith("dynamic", StringComparison.Ordinal)) // has a table for every length
            .Select(directory => new TestCaseData(directory).SetArgDisplayNames(Path.GetFileName(directory)));

    [TestCaseSource(nameof(Directories))]
    public void A_step_allocates_nothing(string directory)
    {
        using LanguageModel model = TestModels.Load(directory, threads: 2);
        Assert.That(Allocated.Least(() => InSteps(model, 1)), Is.Zero, "one sequence");
        Assert.That(Allocated.Least(() => InSteps(model, 3)), Is.Zero, "three sequences");
    }

    private static long InSteps(LanguageModel model, int count)
    {
        Sequence[] sequences = [.. Enumerable.Range(0, count).Select(_ => model.Transformer.Cache.Create())];
        var inputs = new StepInput[count];
        int[] token = [5];
        for (int i = 0; i < count; i++)
        {
            sequences[i].Reserve(128);
            inputs[i] = new StepInput(sequences[i], token);
        }
        long before = 0;
        for (int step = 0; step < 110; step++)
        {
            if (step == 70) // past the length at which longrope changes, and the rotary tables grow
                before = GC.GetAllocatedBytesForCurrentThread();
            Rows rows = model.Transformer.Forward(inputs, LogitsWanted.Last);
            model.Transformer.View(rows).Row(0)[0] += 1;
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        foreach (Sequence sequence in sequences)
            sequence.Dispose();
        return allocated;
    }

    private static readonly Action<GeneratedToken> Listen = _ => { };

    private static IEnumerable<TestCaseData> Manners()
    {
        var sampled = new SamplingOptions { Seed = 3, Temperature = 0.9, TopP = 0.9 };
        yield return new TestCaseData(SamplingOptions.Greedy, false).SetArgDisplayNames("greedy");
        yield return new TestCaseData(SamplingOptions.Greedy, true).SetArgDisplayNames("greedy, streamed");
        yield return new TestCaseData(sampled, false).SetArgDisplayNames("top-p");
        yield return new TestCaseData(sampled, true).SetArgDisplayNames("top-p, streamed");
        yield return new TestCaseData(sampled with { LogProbabilities = 3, RepetitionPenalty = 1.1 }, true).SetArgDisplayNames("top-p, penalty and log-probabilities, streamed");
    }

    // Between the 20th token and the last, as a hook in each step sees it.
    private static long BetweenSteps(LanguageModel model, Action generate)
    {
        long begin = 0, end = 0;
        int steps = 0;
        using (model.Hook("resid_post0", (_, at) =>
        {
            if (at.Sequence == 0 && at.Positions.Length == 1)
            {
                end = GC.GetAllocatedBytesForCurrentThread();
                if (++steps == 20)
                    begin = end;
            }
        }))
            generate();
        Assert.That(steps, Is.EqualTo(Tokens - 1));
        return end - begin;
    }

    [TestCaseSource(nameof(Manners))]
    public void A_generated_token_allocates_nothing(SamplingOptions sampling, bool streamed)
    {
        LanguageModel model = TestModels.Hearth;
        int[] prompt = model.EncodeChat([new ChatMessage("user", "How do I make honey bread?")]);
        var options = new GenerationOptions { MaxTokens = Tokens, IgnoreEndTokens = true, Sampling = sampling, StopStrings = streamed ? ["§§"] : [] };
        void Generate() => model.Generate(prompt, options, streamed ? Listen : null);
        Generate(); // what is made once is made: a string for each token that comes, pages, tables
        Assert.That(Allocated.Least(() => BetweenSteps(model, Generate)), Is.Zero);
    }

    [Test]
    public void A_constrained_token_allocates_nothing_where_the_constraint_has_been_before()
    {
        LanguageModel model = TestModels.Hearth;
        var options = new GenerationOptions { MaxTokens = Tokens, Constraint = Constraint.FromRegex("[a-z ]{1000}"), Sampling = new() { Seed = 1 } };
        void Generate() => model.Generate([1, 3], options, Listen);
        Generate();
        Assert.That(Allocated.Least(() => BetweenSteps(model, Generate)), Is.Zero);
    }

    [Test]
    public void Tokens_of_a_batch_allocate_nothing()
    {
        LanguageModel model = TestModels.Hearth;
        GenerationRequest[] requests = [.. Enumerable.Range(0, 4).Select(seed => new GenerationRequest(
            [1, 3, 430, 370 + seed], new() { MaxTokens = Tokens, IgnoreEndTokens = true, Sampling = new() { Seed = seed, TopP = 0.9, LogProbabilities = 2 } }))];
        void Generate() => model.GenerateBatch(requests, (_, _) => { });
        Generate();
        Assert.That(Allocated.Least(() => BetweenSteps(model, Generate)), Is.Zero);
    }
}
