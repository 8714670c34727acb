using Managed.Kernels;
using Managed.Loader;
using Managed.Tests.FamilyMappers;
using Managed.Verification;
using Managed.Weights;

namespace Managed.Tests.Models;

/// <summary>Every architecture fixture against what the reference implementation gives, at every hook point; tolerances are the fixtures' own.</summary>
public sealed class ArchitectureGoldenTests
{
    private const double HookTolerance = 1e-4;

    private static IEnumerable<string> Folders => FixtureSets.Folders;

    private static IEnumerable<string> GgufFiles => FixtureSets.GgufFiles;

    private static IEnumerable<string> Short => FixtureSets.Folders.Where(name => File.Exists(Path.Combine(FixtureSets.Folder(name), "expected_short.safetensors")));

    [TestCaseSource(nameof(Folders))]
    public void A_folder_gives_the_reference_s_values(string name) =>
        Check(FixtureSets.Folder(name), Path.Combine(FixtureSets.Folder(name), "expected.safetensors"));

    [TestCaseSource(nameof(GgufFiles))]
    public void A_gguf_file_gives_the_reference_s_values(string name) =>
        Check(FixtureSets.Gguf(name), Path.Combine(FixtureSets.Folder(name), "expected.safetensors"));

    [TestCaseSource(nameof(Short))]
    public void Texts_below_the_original_length_and_across_it_give_the_reference_s_values(string name)
    {
        string folder = FixtureSets.Folder(name);
        Check(folder, Path.Combine(folder, "expected_short.safetensors"));
        CheckGreedy(folder, Path.Combine(folder, "expected_cross.safetensors")); // holds a continuation alone
    }

    private static void CheckGreedy(string checkpoint, string expected)
    {
        using LanguageModel model = TestModels.Load(checkpoint);
        VerificationReport report = Verifier.Verify(model, expected, HookTolerance);
        Assert.That(report.Comparisons.Select(comparison => (comparison.Name, comparison.Passed)), Is.EqualTo(new[] { ("greedy_ids", true) }));
    }

    private static void Check(string checkpoint, string expected)
    {
        using LanguageModel model = TestModels.Load(checkpoint);
        VerificationReport report = Verifier.Verify(model, expected, HookTolerance);
        string[] failed = [.. report.Comparisons.Where(comparison => !comparison.Passed).Take(8).Select(comparison => comparison.ToString())];
        Assert.That(failed, Is.Empty, $"first divergence: {report.FirstDivergence}");
        Assert.That(report.Ignored, Is.All.EqualTo("greedy_ids_nocache").Or.EqualTo("greedy_ids_hf_generate"));
        Assert.That(report.Comparisons.Select(comparison => comparison.Name), Has.Member("logits").And.Member("greedy_ids"));
        CheckLogits(model, expected);
    }

    // The logits' tolerance is relative to each element, not to the largest.
    private static void CheckLogits(LanguageModel model, string expected)
    {
        using SafetensorsFile goldens = SafetensorsFile.Open(expected);
        float[] golden = StoredValues.ToSingle(goldens.Tensors["logits"]);
        int[] ids = StoredValues.ToIntegers(goldens.Tensors["input_ids"]);
        ReadOnlySpan<float> logits = model.Run(ids).Output.Values;
        Assert.That(logits.Length, Is.EqualTo(golden.Length));
        for (int i = 0; i < golden.Length; i++)
            if (!(Math.Abs(logits[i] - golden[i]) <= 1e-4 + (1e-4 * Math.Abs(golden[i]))))
                Assert.Fail($"logit {i} is {logits[i]}, golden {golden[i]}");
    }
}
