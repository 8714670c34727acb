using Managed.Constraints;
using Managed.Guards;
using Managed.Kernels;
using Managed.Sampling;
using Managed.Tests.Guarding;
using Managed.Tests.Models;

namespace Managed.Tests.Gpu;

/// <summary>Guards inside the forward pass on OpenCL: the processor's numbers within 1e-4, the same tokens, the same bits however a text is split.</summary>
public class GpuGuardModelTests
{
    private static IEnumerable<string> Examples() =>
        Directory.GetFiles(Path.Combine(SharedFolder.Repository, "examples", "guards", "thornvale"), "*.guard.json").Select(Path.GetFileName).Order()!;

    private static LanguageModel Load() =>
        LanguageModel.Load(TestModels.HearthPath, Accelerators.OpenGpu(), new LoadOptions { Precision = Precision.Exact });

    [Test]
    public void A_program_of_every_kind_gives_the_processor_s_logits()
    {
        using LanguageModel model = Load(), processor = TestModels.Load(TestModels.HearthPath);
        int[] ids = [.. Enumerable.Range(0, 23).Select(i => (i * 37) % model.VocabularySize)];
        using CompiledGuard guard = GuardInvarianceTests.Everything().Compile(model), same = GuardInvarianceTests.Everything().Compile(processor);
        float[] actual = model.Run(ids, new RunOptions { Guard = guard }).Output.Values.ToArray();
        float[] expected = processor.Run(ids, new RunOptions { Guard = same }).Output.Values.ToArray();
        Assert.That(actual, Is.EqualTo(expected).Within(1e-4 * expected.Max(Math.Abs)));
        Assert.That(actual, Is.Not.EqualTo(model.Run(ids).Output.Values.ToArray()), "the guard does something");
    }

    [TestCaseSource(nameof(Examples))]
    public void An_example_gives_the_processor_s_tokens(string file)
    {
        var program = Guard.Load(Path.Combine(SharedFolder.Repository, "examples", "guards", "thornvale", file));
        using LanguageModel model = Load(), processor = TestModels.Load(TestModels.HearthPath);
        using CompiledGuard guard = program.Compile(model), same = program.Compile(processor);
        int[] prompt = model.Encode("How do I make honey bread?");
        static GenerationOptions Under(CompiledGuard guard) => new() { MaxTokens = 8, Guard = guard, Precision = Precision.Exact };
        Assert.That(model.Generate(prompt, Under(guard)).Ids, Is.EqualTo(processor.Generate(prompt, Under(same)).Ids));
    }

    [Test]
    public void Stages_on_the_device_give_the_processor_s_tokens()
    {
        Action<GuardBuilder>[] guards =
        [
            g => g.Lane("edited", write: lane => lane.At(GuardPoints.ResidPost(3)).Scale(0.5f)).Union("edited", 0.9f),
            g => g.Lane("edited", write: lane => lane.At(GuardPoints.ResidPost(3)).Scale(0.5f)).Mix("edited", -0.5f, keep: 1.5f, cut: 0.01f),
            g => g.Lane("edited", write: lane => lane.At(GuardPoints.ResidPost(2)).Scale(2)).Mask(11, 3, 200).Penalty(2, 30, 40, 30).Mix("edited", 0.3f),
            g => g.Mask(5, 100),
            g => g.Lane("edited", write: lane => lane.At(GuardPoints.ResidPost(3)).Scale(0.5f)).Window("edited", tokens: 3),
            g => g.At(GuardPoints.ResidPost(1)).Scale(1.1f),
        ];
        using LanguageModel model = Load(), processor = TestModels.Load(TestModels.HearthPath);
        IReadOnlyList<int[]> actual = Texts(model, guards), expected = Texts(processor, guards);
        for (int i = 0; i < expected.Count; i++)
            Assert.That(actual[i], Is.EqualTo(expected[i]), $"row {i}");
    }

    [Test]
    public void Tokens_chosen_of_those_that_lead_are_the_processor_s_with_the_same_seed()
    {
        Action<GuardBuilder>[] guards = [g => g.Lane("edited", write: lane => lane.At(GuardPoints.ResidPost(3)).Scale(0.5f)).Union("edited", 0.9f), g => g.Mask(5, 100)];
        using LanguageModel model = Load(), processor = TestModels.Load(TestModels.HearthPath);
        foreach (SamplingOptions sampling in new[] { new SamplingOptions { Temperature = 1.3, TopK = 40, TopP = 0.95, Seed = 5 }, new SamplingOptions { TopK = 63, MinP = 0.02, Seed = 6 }, new SamplingOptions { TopK = 1, Seed = 7 },
            new SamplingOptions { Temperature = 0, RepetitionPenalty = 1.4, NoRepeatNgram = 2 }, new SamplingOptions { TopP = 0.7, Temperature = 0.6, FrequencyPenalty = 0.8, Seed = 8 }, new SamplingOptions { Temperature = 0.4, Seed = 9 } })
            Assert.That(Texts(model, guards, sampling), Is.EqualTo(Texts(processor, guards, sampling)), $"{sampling}");
    }

    [Test]
    public void Constrained_tokens_are_the_processor_s()
    {
        using LanguageModel model = Load(), processor = TestModels.Load(TestModels.HearthPath);
        Action<GuardBuilder>[] guards = [g => g.Mask(5, 100)];
        foreach (SamplingOptions sampling in new[] { SamplingOptions.Greedy, SamplingOptions.Greedy with { RepetitionPenalty = 1.2 }, new SamplingOptions { TopK = 20, Temperature = 1.5, Seed = 3 }, new SamplingOptions { TopP = 0.8, Temperature = 0.7, Seed = 4 } })
        {
            Constraint constraint = Constraint.FromRegex("(the|a) [a-z]{3,9} (is|was) [a-z]{2,8}");
            Assert.That(Texts(model, guards, sampling, constraint), Is.EqualTo(Texts(processor, guards, sampling, constraint)), $"{sampling}");
        }
    }

    [Test]
    public void Rows_whose_tokens_are_chosen_in_different_places_go_on_together()
    {
        using LanguageModel model = Load(), processor = TestModels.Load(TestModels.HearthPath);
        SamplingOptions[] samplings =
        [
            SamplingOptions.Greedy, new() { MirostatTau = 3, Seed = 1 }, new() { TopP = 0.9, Temperature = 0.6, Seed = 2 }, new() { Temperature = 0, FrequencyPenalty = 1 },
            new() { TopNSigma = 1, Seed = 3 }, SamplingOptions.Greedy with { LogProbabilities = 2 }, new() { TopP = 0.999, Temperature = 3, Seed = 4 },
        ];
        Assert.That(Texts(model), Is.EqualTo(Texts(processor)));

        int[][] Texts(LanguageModel by) => [.. by.GenerateBatch([.. samplings.Select((sampling, row) =>
            new GenerationRequest(by.Encode($"Where is the {(row % 2 == 0 ? "mill" : "river")}?"), new GenerationOptions { MaxTokens = 10, Precision = Precision.Exact, Sampling = sampling }))]).Select(result => result.Ids.ToArray())];
    }

    // Guarded rows together, a plain one among them, and each alone.
    private static IReadOnlyList<int[]> Texts(LanguageModel model, Action<GuardBuilder>[] write, SamplingOptions? sampling = null, Constraint? constraint = null)
    {
        CompiledGuard[] guards = Array.ConvertAll(write, each => Guard.Define(each).Compile(model));
        int[] prompt = model.Encode("Where is the mill?");
        GenerationRequest[] requests = [.. guards.Append(null).Select(guard => new GenerationRequest(prompt, new GenerationOptions { MaxTokens = 8, Guard = guard, Precision = Precision.Exact, Sampling = sampling ?? SamplingOptions.Greedy, Constraint = constraint }))];
        List<int[]> texts = [.. model.GenerateBatch(requests).Select(result => result.Ids.ToArray())];
        texts.AddRange(requests.Select(request => model.Generate([.. request.Ids], request.Options).Ids.ToArray()));
        Array.ForEach(guards, guard => guard.Dispose());
        return texts;
    }
}
