using System.Diagnostics;
using ScratchFolder = Managed.Tests.Loader.Scratch;

namespace Managed.Tests.RealModels;

/// <summary>A processor's newer instructions make it faster and change no bit: what the runtime hides from a child process is not used there.</summary>
public sealed class ProcessorPathTests
{
    private static readonly string[] s_precisions = ["exact", "fast"];

    // Without AVX2 there is no fused multiply-add either, and float32 sums are others; those bits are not compared here.
    private static readonly string[] s_hidden = ["EnableAVXVNNI", "EnableAVX512"];

    [TestCaseSource(nameof(s_precisions))]
    public void Logits_have_the_same_bits_without_the_newer_instructions(string precision)
    {
        using var scratch = new ScratchFolder();
        foreach (string type in new[] { "Q8_0", "Q4_1", "Q5_0" })
        {
            byte[] usual = Capture(scratch, type, precision, null);
            foreach (string hidden in s_hidden)
                Assert.That(Capture(scratch, type, precision, hidden).AsSpan().SequenceEqual(usual), $"{type} without {hidden}");
        }
    }

    private static byte[] Capture(ScratchFolder scratch, string type, string precision, string? hidden)
    {
        string file = scratch.File($"{type}-{precision}-{hidden}.safetensors");
        var start = new ProcessStartInfo("dotnet",
        [
            typeof(Cli.Program).Assembly.Location, "capture", SharedFolder.Require($"models/stories260K/stories260K-{type}.gguf"),
            "--ids", "1,403,407,261,378,299", "--precision", precision, "--out", file,
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (hidden is not null)
            start.Environment["DOTNET_" + hidden] = "0";
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, error);
        return File.ReadAllBytes(file);
    }
}
