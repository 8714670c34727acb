using System.CommandLine;
using System.Text.RegularExpressions;
using Managed.GpuPerf;
using Managed.Tests.Models;

namespace Managed.Tests.Perf;

/// <summary>The bundle for machines with a GPU: what its scripts name exists, and its verbs work, here on the processor and tiny models.</summary>
public class GpuBundleTests
{
    private static readonly string s_folder = Path.Combine(SharedFolder.Repository, "Perf", "gpu");

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using StringWriter output = new(), error = new();
        return (Verbs.Run(arguments, output, error), output.ToString(), error.ToString());
    }

    [Test]
    public void Every_file_that_the_bundle_takes_along_exists()
    {
        string list = Regex.Match(File.ReadAllText(Path.Combine(s_folder, "publish.sh")), @"files=\((.*?)\)", RegexOptions.Singleline).Groups[1].Value;
        string[] files = list.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        Assert.That(files, Is.Not.Empty);
        foreach (string file in files)
            Assert.That(Path.Exists(Path.Combine(SharedFolder.Repository, file)), file);
    }

    [Test]
    public void Every_verb_and_option_that_run_sh_gives_is_known()
    {
        MatchCollection calls = Regex.Matches(File.ReadAllText(Path.Combine(s_folder, "run.sh")), @"\$\{program\[@\]\}"" ([^;\n]+)");
        Assert.That(calls, Is.Not.Empty);
        using var output = new StringWriter();
        foreach (Match call in calls)
        {
            string[] arguments = call.Groups[1].Value.Replace("\"$device\"", "cpu").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.That(Verbs.Create(output).Parse(arguments).Errors, Is.Empty, call.Value);
        }
    }

    [Test]
    public void Every_bench_gives_figures_of_every_type()
    {
        (int code, string output, _) = Run("bench", "--device", "cpu", "--shapes", "tiny,tiny-mixture", "--seconds", "0.01", "--batches", "3", "--prompts", "40", "--context", "5", "--programs", "4", "--megabytes", "1");
        Assert.That(code, Is.Zero, output);
        foreach (string figure in new[] { "read by a kernel", "llama-tiny BF16", "llama-tiny Q8_0", "llama-tiny Q4_0", "mixtral-tiny-mixture BF16", "decode, 1 row ", "decode, 3 rows", "prompt of 40 tokens", "steering at all 2 layers", "4 rows with 4 programs", "two lanes", "capture of 2 layers", "exact precision, 3 rows", "exact precision, prompt of 40 tokens" })
            Assert.That(output, Does.Contain(figure));
        Assert.That(output, Does.Not.Contain("FAILED").And.Not.Contain("NaN"));
    }

    [Test]
    public void Figures_of_the_GPU_s_kernels_are_had_where_they_run_as_managed_code()
    {
        (int code, string output, _) = Run("bench", "--device", "debug", "--shapes", "tiny", "--types", "q8_0", "--only", "capture", "--seconds", "0", "--megabytes", "1", "--capture-tokens", "3");
        Assert.That(code, Is.Zero, output);
        Assert.That(output, Does.Contain("capture of 2 layers × 3 tokens"));
    }

    [Test]
    public void The_processor_is_found_to_be_as_exact_as_itself()
    {
        (int code, string output, _) = Run("exact", "--device", "cpu", "--shapes", "tiny", "--tokens", "24");
        Assert.That(code, Is.Zero, output);
        Assert.That(output, Does.Contain("100.00 %").And.Contain("32 of 32").And.Contain("batch of 64").And.Contain("Fast precision").And.Contain("Exact precision"));
    }

    [Test]
    public void A_text_longer_than_the_context_is_compared_in_pieces()
    {
        (int code, string output, _) = Run("exact", "--device", "cpu", "--model", TestModels.HearthPath, "--text", SharedFolder.Fixture("eval/perplexity.json"), "--tokens", "300");
        Assert.That(code, Is.Zero, output);
        Assert.That(output, Does.Contain("logits of 300 tokens").And.Contain("100.00 %"));
    }

    [Test]
    public void What_cannot_be_measured_is_refused_in_one_line()
    {
        foreach (string[] arguments in new string[][] { ["bench", "--device", "cpu", "--shapes", "1.2b"], ["bench", "--device", "cpu", "--only", "sleep"], ["bench", "--device", "cpu", "--types", "q9"], ["bench", "--device", "tpu"] })
        {
            (int code, _, string error) = Run(arguments);
            Assert.That(code, Is.EqualTo(2), string.Join(' ', arguments));
            Assert.That(error.Trim(), Is.Not.Empty.And.Not.Contain("\n"));
        }
    }

    [Test]
    public void The_same_seed_gives_the_same_weights_and_types_agree_in_spread()
    {
        foreach (Kernels.WeightType type in new[] { Kernels.WeightType.BF16, Kernels.WeightType.Q8_0, Kernels.WeightType.Q4_0 })
        {
            float[] first = Values(type, 1), again = Values(type, 1), other = Values(type, 2);
            Assert.That(first, Is.EqualTo(again));
            Assert.That(first, Is.Not.EqualTo(other));
            Assert.That(Math.Sqrt(first.Average(x => (double)x * x)), Is.EqualTo(0.02).Within(0.001), $"{type}");
            Assert.That(first.Average(), Is.Zero.Within(0.003), $"{type}"); // of −8 … 7 the mean is −0.5
        }

        static unsafe float[] Values(Kernels.WeightType type, ulong seed)
        {
            using var block = new RandomBlock(type, 1 << 16, seed);
            var values = new float[1 << 16];
            Kernels.Blocks.BlockFormats.Dequantise(type, values, block.Data);
            return values;
        }
    }
}
