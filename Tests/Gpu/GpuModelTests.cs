using Managed.Kernels;
using Managed.Tests.FamilyMappers;
using Managed.Tests.Models;
using Managed.Verification;

namespace Managed.Tests.Gpu;

/// <summary>Whole models on OpenCL: every family against the reference implementation at every hook point, and the shipped model against the processor.</summary>
public class GpuModelTests
{
    private const double Tolerance = 2e-4;

    private static IEnumerable<string> Folders => FixtureSets.Folders;

    private static LanguageModel Load(string path) =>
        LanguageModel.Load(path, Accelerators.OpenGpu(), new LoadOptions { Precision = Precision.Exact });

    [TestCaseSource(nameof(Folders))]
    public void A_family_gives_the_reference_s_values(string name)
    {
        string folder = FixtureSets.Folder(name);
        using LanguageModel model = Load(folder);
        VerificationReport report = Verifier.Verify(model, Path.Combine(folder, "expected.safetensors"), Tolerance);
        string[] failed = [.. report.Comparisons.Where(comparison => !comparison.Passed).Take(8).Select(comparison => comparison.ToString())];
        Assert.That(failed, Is.Empty, $"first divergence: {report.FirstDivergence}");
        Assert.That(report.Comparisons.Select(comparison => comparison.Name), Has.Member("logits").And.Member("greedy_ids"));
    }

    /// <summary>Tensor cores round activations to bfloat16: logits stay within a hundredth.</summary>
    [TestCaseSource(nameof(Folders)), Category("Gpu")]
    public void In_fast_precision_a_family_s_logits_are_within_a_hundredth(string name)
    {
        string folder = FixtureSets.Folder(name);
        using LanguageModel model = LanguageModel.Load(folder, Accelerators.Open(Accelerators.Cuda), new LoadOptions { Precision = Precision.Fast });
        VerificationReport report = Verifier.Verify(model, Path.Combine(folder, "expected.safetensors"), 1e-2);
        Comparison logits = report.Comparisons.Single(comparison => comparison.Name == "logits");
        TestContext.Out.WriteLine(logits);
        Assert.That(logits.Passed, Is.True, $"{logits}; first divergence: {report.FirstDivergence}");
    }

    /// <summary>A prompt at once, token by token, and beside others.</summary>
    [Test, Category("Gpu")]
    public void In_deterministic_fast_precision_a_token_has_the_same_bits_however_it_is_computed()
    {
        using LanguageModel model = LanguageModel.Load(
            TestModels.HearthPath, Accelerators.Open(Accelerators.Cuda), new LoadOptions { Precision = Precision.Fast, Deterministic = true });
        int[] ids = [.. model.Encode("Tell me about the old mill and the river that runs past it.").Take(20)];
        float[] whole = Last([ids.AsMemory()]), single = Last([.. ids.Select((_, i) => ids.AsMemory(i, 1))]), halves = Last([ids.AsMemory(0, 11), ids.AsMemory(11)]);
        Assert.That(single, Is.EqualTo(whole));
        Assert.That(halves, Is.EqualTo(whole));

        float[] Last(Memory<int>[] steps)
        {
            using Cache.Sequence sequence = model.Transformer.Cache.Create();
            Rows logits = default;
            model.Transformer.Precision = Precision.Fast;
            foreach (Memory<int> tokens in steps)
                logits = model.Transformer.Forward([new StepInput(sequence, tokens)], LogitsWanted.Last);
            return model.Transformer.View(logits).Row(0).ToArray();
        }
    }

    [Test, Category("Gpu")]
    public void Hearth_in_fast_precision_goes_on_as_the_processor_does()
    {
        using LanguageModel model = LanguageModel.Load(TestModels.HearthPath, Accelerators.Open(Accelerators.Cuda), new LoadOptions { Precision = Precision.Fast });
        using LanguageModel processor = TestModels.Load(TestModels.HearthPath);
        int[] ids = model.Encode("Tell me about the old mill and the river that runs past it, and about the people who live there.");
        var options = new GenerationOptions { MaxTokens = 24 };
        Assert.That(model.Generate(ids, options).Ids, Is.EqualTo(processor.Generate(ids, options).Ids));
    }

    [Test]
    public void Hearth_gives_the_tokens_that_the_processor_gives()
    {
        using LanguageModel model = Load(TestModels.HearthPath);
        using LanguageModel processor = TestModels.Load(TestModels.HearthPath);
        foreach (string prompt in new[] { "How do I make honey bread?", "Tell me about the old mill." })
        {
            int[] ids = model.Encode(prompt);
            var options = new GenerationOptions { MaxTokens = 24 };
            Assert.That(model.Generate(ids, options).Ids, Is.EqualTo(processor.Generate(ids, options).Ids), prompt);
        }
    }

    [Test]
    public void SmolLM2_gives_the_tokens_that_the_processor_gives()
    {
        string path = SharedFolder.Require("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
        using LanguageModel model = Load(path);
        using LanguageModel processor = TestModels.Load(path);
        var options = new GenerationOptions { MaxTokens = 24 };
        int[] ids = processor.Encode("The water of a river comes from");
        GenerationResult here = processor.Generate(ids, options), there = model.Generate(ids, options);
        Assert.That(here.Ids, Has.Length.GreaterThan(8));
        Assert.That(there.Ids, Is.EqualTo(here.Ids));
    }

    [Test]
    public void A_result_says_that_its_activations_were_not_rounded_where_there_are_no_tensor_cores()
    {
        using LanguageModel model = Load(TestModels.HearthPath);
        GenerationResult result = model.Generate(model.Encode("How do I make honey bread?"), new GenerationOptions { MaxTokens = 2, Precision = Precision.Fast });
        Assert.That(result.Precision, Is.EqualTo(model.Device.Name.StartsWith("cuda", StringComparison.Ordinal) ? Precision.Fast : Precision.Exact));
    }
}
