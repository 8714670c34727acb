using Managed.Guards;
using Managed.Kernels;
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
}
