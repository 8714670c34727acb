using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Managed.Tests.Ilgpu.Ptx;

/// <summary>Assembles PTX with the vendor's assembler where one is installed; a test that needs it is skipped elsewhere.</summary>
internal static partial class Ptxas
{
    private static readonly Lazy<string?> s_path = new(() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append("/usr/local/cuda/bin")
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "ptxas.exe" : "ptxas")).FirstOrDefault(File.Exists));

    public static bool IsInstalled => s_path.Value is not null;

    /// <summary>What the assembler says of one entry.</summary>
    internal sealed record Report(string Messages, int Registers, int SpillBytes, int StackBytes);

    /// <summary>Assembles the text; fails the test with the assembler's words and the text where it refuses.</summary>
    public static Report Assemble(string ptx, string architecture)
    {
        if (!IsInstalled)
        {
            Assert.Ignore("skipped: ptxas is not installed (CUDA toolkit; Debian: nvidia-cuda-toolkit), so the text is not assembled here.");
        }
        string folder = Directory.CreateTempSubdirectory("managed-ptxas").FullName;
        try
        {
            string input = Path.Combine(folder, "module.ptx");
            File.WriteAllText(input, ptx);
            ProcessStartInfo start = new(s_path.Value!, ["-v", $"-arch={architecture}", "-o", Path.Combine(folder, "module.cubin"), input])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            };
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string messages = process.StandardError.ReadToEnd() + output.Result;
            process.WaitForExit();
            if (messages.Contains("is not defined for option 'gpu-name'"))
            {
                Assert.Ignore($"skipped: the ptxas here does not know {architecture}.");
            }
            Assert.That(process.ExitCode, Is.EqualTo(0), () => $"ptxas -arch={architecture} refuses:\n{messages}\n{Numbered(ptx)}");
            Assert.That(messages, Does.Not.Contain("warning").IgnoreCase, () => Numbered(ptx));
            return new Report(messages, Number(Registers().Matches(messages)), Number(Spills().Matches(messages)), Number(Stack().Matches(messages)));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    /// <summary>The name of a module's first entry.</summary>
    public static string EntryOf(string ptx) => ptx[(ptx.IndexOf(".entry ", StringComparison.Ordinal) + 7)..ptx.IndexOf('(')];

    private static int Number(MatchCollection matches) => matches.Sum(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    private static string Numbered(string text) => string.Join('\n', text.Split('\n').Select((line, i) => $"{i + 1,4} {line}"));

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex Registers();

    [GeneratedRegex(@"(\d+) bytes spill (?:stores|loads)")]
    private static partial Regex Spills();

    [GeneratedRegex(@"(\d+) bytes stack frame")]
    private static partial Regex Stack();
}
