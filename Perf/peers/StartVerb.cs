using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Managed.Cli.Bench;

namespace Managed.Peers;

/// <summary>`start`: from the start of a process to the first token behind a prompt of 16.</summary>
internal static class StartVerb
{
    public static Command Create(TextWriter output)
    {
        var file = new Argument<string>("file") { Description = "GGUF file." };
        var managed = new Option<string>("--managed") { Description = "The tool as it is published: its program `Managed.Cli`.", Required = true };
        var peers = new Option<string?>("--peers") { Description = "This program as it is published in the same way; without it, this very build." };
        var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
        var times = new Option<int>("--times") { Description = "Starts of each, in turn.", DefaultValueFactory = _ => 11 };
        var command = new Command("start", "Time from the start of a process to the first token behind a prompt of 16 tokens.") { file, managed, peers, threads, times };
        command.SetAction(parsed =>
        {
            string model = parsed.GetRequiredValue(file), count = parsed.GetValue(threads).ToString(CultureInfo.InvariantCulture);
            string host = parsed.GetValue(peers) ?? Path.ChangeExtension(typeof(StartVerb).Assembly.Location, null);
            (string Name, string Program, string[] Arguments)[] starts =
            [
                ("managed run", parsed.GetRequiredValue(managed), ["run", model, "--ids", string.Join(',', FirstToken.Prompt), "--max-tokens", "1", "--temperature", "0", "--ignore-eos", "--threads", count, "--json"]),
                ("this project's smallest program", host, ["first", "managed", model, count]),
                ("llama.cpp's smallest program", host, ["first", "llama.cpp", model, count]),
            ];
            var seconds = starts.Select(_ => new List<double>()).ToArray();
            for (int time = -1; time < parsed.GetValue(times); time++)
                for (int i = 0; i < starts.Length; i++)
                {
                    double taken = Start(starts[i].Program, starts[i].Arguments);
                    if (time >= 0)
                        seconds[i].Add(taken);
                }
            output.WriteLine("| start to first token, s | median | least to most | over llama.cpp's |");
            output.WriteLine("|---|---|---|---|");
            for (int i = 0; i < starts.Length; i++)
            {
                Spread spread = Spread.Of(seconds[i]), ratio = Spread.Of(seconds[i].Zip(seconds[^1], (ours, theirs) => ours / theirs));
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {starts[i].Name} | {spread.Median:0.000} | {spread.Least:0.000} to {spread.Most:0.000} | {ratio.Median:0.00} ({ratio.Least:0.00} to {ratio.Most:0.00}) |"));
            }
        });
        return command;
    }

    // To the first character of its output, which comes when the token is known.
    private static double Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false };
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        int first = process.StandardOutput.Read();
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return first >= 0 && process.ExitCode == 0 ? seconds
            : throw new PeerException($"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}.");
    }
}
