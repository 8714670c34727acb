using Managed.Fuzzing;

namespace Managed.Tests.Loader;

/// <summary>A short run of what `Perf -- fuzz` does for hours.</summary>
public class FuzzTests
{
    [TestCase("gguf", 10_000)]
    [TestCase("safetensors", 10_000)]
    [TestCase("config", 5_000)]
    [TestCase("adapter", 5_000)]
    [TestCase("tokenizer", 5_000)]
    [TestCase("tokenizer-config", 5_000)]
    [TestCase("sentencepiece", 3_000)]
    [TestCase("vocabulary", 3_000)]
    [TestCase("template", 3_000)]
    public void Damaged_files_are_refused_soon_cheaply_and_with_a_reason(string target, int count)
    {
        FuzzSummary summary = new FuzzRun(FuzzTargets.Create(target, SharedFolder.Repository), seed: 20261124).Run(0, count, threads: 2);
        Assert.That(summary.Findings.Where(finding => finding.Kind != "too slow"), Is.Empty); // no test depends on timing
        Assert.That(summary.Refused, Is.GreaterThan(count / 2), "the files must be damaged");
        Assert.That(summary.Accepted, Is.GreaterThan(0), "some damage must get past the first checks");
        Assert.That(summary.Reasons, Is.GreaterThan(10), "the damage must be of many kinds");
    }

    [Test]
    public void A_case_can_be_made_again_from_its_number()
    {
        var one = new FuzzRun(FuzzTargets.Create("gguf", SharedFolder.Repository), seed: 3);
        var two = new FuzzRun(FuzzTargets.Create("gguf", SharedFolder.Repository), seed: 3);
        Assert.That(two.Make(12_345), Is.EqualTo(one.Make(12_345)));
        Assert.That(two.Make(12_346), Is.Not.EqualTo(one.Make(12_345)));
    }

    [Test]
    public void A_reader_that_fails_in_another_way_is_reported_with_its_first_case()
    {
        var target = new FuzzTarget("broken", [new byte[100]], (bytes, _) => _ = bytes.Slice(0, 1)[0] == 0xFF ? throw new IndexOutOfRangeException() : 0);
        FuzzSummary summary = new FuzzRun(target, seed: 1).Run(0, 5_000, threads: 1);
        FuzzFinding finding = summary.Findings.Single(found => found.Kind.StartsWith(nameof(IndexOutOfRangeException), StringComparison.Ordinal));
        Assert.That(new FuzzRun(target, seed: 1).Make(finding.Case)[0], Is.EqualTo(0xFF));
    }
}
