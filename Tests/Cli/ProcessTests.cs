using System.Diagnostics;
using Managed.Loader;
using Managed.Tests.Models;

namespace Managed.Tests.CliTests;

/// <summary>What only a process of its own can show: signals, pipes, terminals.</summary>
[Platform("Linux,MacOsX", Reason = "skipped: needs a shell and signals as Unix has them.")]
public class ProcessTests
{
    private const string SignalReason = "skipped: needs env --default-signal, since whoever runs the tests in the background ignores Ctrl-C.";

    // Whatever hangs is ended, and its test fails by the exit code.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("managed-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private static string Managed => $"dotnet '{Path.Combine(AppContext.BaseDirectory, "Managed.Cli.dll")}'";

    [Test, Platform("Linux", Reason = SignalReason)]
    public void Ctrl_C_ends_a_run_with_130_and_without_noise()
    {
        var (code, output, error) = Interrupt($"run '{TestModels.HearthPath}' --prompt x --ignore-eos --max-tokens 100000000", after: "x");
        Assert.That(code, Is.EqualTo(130), error);
        Assert.That(output, Is.Not.Empty);
        Assert.That(error, Does.Not.Contain("   at ").And.Not.Contain("Exception"));
    }

    [Test, Platform("Linux", Reason = SignalReason)]
    public void Ctrl_C_in_the_middle_leaves_nothing_half_written()
    {
        // long enough to be interrupted on any machine
        string ids = Path.Combine(folder, "ids.safetensors");
        SafetensorsWriter.Write(ids, [TensorToWrite.From("input_ids", [60_000], Enumerable.Repeat(617L, 60_000).ToArray())]);
        var (code, _, error) = Interrupt($"capture '{TestModels.HearthPath}' --ids-from '{ids}' --hooks resid_post --out '{folder}/out.safetensors'", after: null);
        Assert.That(code, Is.EqualTo(130), error);
        Assert.That(Directory.GetFiles(folder), Is.EqualTo(new[] { ids }));
    }

    [Test]
    public void A_reader_that_leaves_early_is_no_failure()
    {
        var (code, output, error) = Shell($"{Managed} inspect '{TestModels.HearthPath}' --hooks --tensors | head -1; echo ${{PIPESTATUS[0]}}");
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output.TrimEnd().Split('\n'), Has.Length.EqualTo(2).And.Some.EqualTo("0"));
    }

    [Test]
    public void What_is_redirected_is_plain()
    {
        var (code, output, error) = Shell($"{Managed} demo answers");
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output, Does.Not.Contain("\x1b"));
    }

    [TestCase("", true)]
    [TestCase("NO_COLOR=1", false)]
    [TestCase("TERM=dumb", false)]
    public void A_terminal_gets_styles_unless_it_wants_none(string setting, bool styled)
    {
        if (!File.Exists("/usr/bin/script"))
            Assert.Ignore("skipped: needs /usr/bin/script to run a command on a terminal.");
        var (_, output, _) = Shell($"TERM=xterm-256color script -qec \"env {setting} {Managed} demo answers\" /dev/null");
        Assert.That(output, Does.Contain("The mill is by the river."));
        Assert.That(output.Contains("\x1b[1m"), Is.EqualTo(styled));
    }

    [Test]
    public void A_device_can_be_written_to()
    {
        var (code, output, error) = Shell($"{Managed} dump '{TestModels.HearthPath}' --tensor model.norm.weight --out /dev/stdout | wc -c");
        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(output.Trim(), Is.EqualTo("512"));
    }

    [Test]
    [Platform("Linux", Reason = "skipped: reads what Linux says of a process's memory.")]
    public void A_model_takes_the_memory_of_its_file_and_its_cache_and_60_megabytes_at_most()
    {
        string model = SharedFolder.Require("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
        const string Prompt = "Once upon a time";
        using Process process = Start($"exec {Managed} run '{model}' --prompt '{Prompt}' --ignore-eos --max-tokens 100000 --threads 2"); // each further thread takes a megabyte
        var text = new char[300];
        process.StandardOutput.ReadBlock(text);
        Signal(process, "STOP"); // or it would fill its cache further, meanwhile
        string status = File.ReadAllText($"/proc/{process.Id}/status");
        process.Kill();
        string all = new string(text) + process.StandardOutput.ReadToEnd();
        long Bytes(string field) => 1024 * long.Parse(status.Split(field + ":")[1].Split("kB")[0].Trim(), System.Globalization.CultureInfo.InvariantCulture);

        int positions = CommandLine.RunJson("tokenize", model, "--text", Prompt + all).GetProperty("ids").GetArrayLength();
        long cache = positions * 30L * 2 * 3 * 64 * sizeof(float); // thirty layers, keys and values, three heads of 64
        long beside = Bytes("VmRSS") - new FileInfo(model).Length - cache;
        TestContext.Out.WriteLine($"{beside / 1048576.0:0.0} MiB beside file and cache; {Bytes("RssAnon") / 1048576.0:0.0} MiB of the process are not pages of any file");
        Assert.That(beside, Is.LessThanOrEqualTo(60 << 20));
    }

    private static (int Code, string Output, string Error) Shell(string command)
    {
        using Process process = Start(command);
        using Timer guard = EndLater(process);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    // Presses Ctrl-C once the command has begun: when it has written something, or after a second.
    private static (int Code, string Output, string Error) Interrupt(string arguments, string? after)
    {
        using Process process = Start($"exec env --default-signal=INT {Managed} {arguments}");
        using Timer guard = EndLater(process);
        Task<string> error = process.StandardError.ReadToEndAsync();
        var first = new char[1];
        if (after is not null)
            process.StandardOutput.ReadBlock(first);
        else
            Thread.Sleep(1000);
        Signal(process, "INT");
        string output = new string(first).TrimEnd('\0') + process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    private static void Signal(Process process, string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    private static Timer EndLater(Process process) => new(_ => process.Kill(entireProcessTree: true), null, s_patience, Timeout.InfiniteTimeSpan);

    private static Process Start(string command)
    {
        var start = new ProcessStartInfo("/bin/bash", ["-c", command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["DOTNET_NOLOGO"] = "1";
        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }
}
