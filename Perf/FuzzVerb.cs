using System.CommandLine;
using Managed.Fuzzing;

namespace Managed.Perf;

/// <summary>`fuzz`: feeds millions of damaged files to a reader and says what came of it.</summary>
internal static class FuzzVerb
{
    public static Command Create()
    {
        var target = new Argument<string>("target") { Description = "the reader" };
        target.AcceptOnlyFromAmong([.. FuzzTargets.Names]);
        var count = new Option<long>("--count") { Description = "how many files", DefaultValueFactory = _ => 100_000 };
        var first = new Option<long>("--from") { Description = "number of the first file" };
        var seed = new Option<ulong>("--seed") { Description = "another seed gives other files", DefaultValueFactory = _ => 1 };
        var threads = new Option<int>("--threads") { Description = "how many at once", DefaultValueFactory = _ => 1 };
        var save = new Option<string?>("--save") { Description = "writes the file of number --from there and reads nothing" };
        var command = new Command("fuzz", "Feeds damaged files to a reader; anything but a clear refusal is a finding.") { target, count, first, seed, threads, save };
        command.SetAction(parsed =>
        {
            var run = new FuzzRun(FuzzTargets.Create(parsed.GetValue(target)!, FindRepository()), parsed.GetValue(seed));
            if (parsed.GetValue(save) is { } path)
            {
                File.WriteAllBytes(path, run.Make(parsed.GetValue(first)));
                return 0;
            }

            return Report(run.Run(parsed.GetValue(first), parsed.GetValue(count), parsed.GetValue(threads)));
        });
        return command;
    }

    private static int Report(FuzzSummary summary)
    {
        long all = summary.Accepted + summary.Refused + summary.Findings.Sum(finding => finding.Count);
        Console.WriteLine($"{all:N0} files in {summary.Elapsed.TotalSeconds:F1} s ({all / summary.Elapsed.TotalSeconds:N0} a second): "
            + $"{summary.Accepted:N0} read, {summary.Refused:N0} refused for {summary.Reasons} different reasons, {summary.Findings.Count} findings");
        foreach (FuzzFinding finding in summary.Findings)
            Console.WriteLine($"  case {finding.Case} and {finding.Count - 1} more: {finding.Kind}: {finding.Detail}");
        return summary.Findings.Count == 0 ? 0 : 1;
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Managed.sln")))
                return folder.FullName;
        throw new DirectoryNotFoundException($"Managed.sln was not found above {AppContext.BaseDirectory}");
    }
}
