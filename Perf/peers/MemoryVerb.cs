using System.CommandLine;
using System.Globalization;

namespace Managed.Peers;

/// <summary>`memory`: what lies in memory after the same work.</summary>
internal static class MemoryVerb
{
    private static readonly string[] s_work = ["prompt-512", "decode-512"];

    public static Command Create(TextWriter output)
    {
        var files = new Argument<string[]>("files") { Description = "GGUF files." };
        var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
        var command = new Command("memory", "Resident memory of both engines after a prompt of 512 tokens and 128 new ones, less the runtime that both programs share.") { files, threads };
        command.SetAction(parsed =>
        {
            output.WriteLine("| file, MiB resident | engine | all | mapped files | other | the same less the program before loading: all | mapped files | other |");
            output.WriteLine("|---|---|---|---|---|---|---|---|");
            foreach (string file in parsed.GetRequiredValue(files))
                foreach (string name in EngineHost.Engines.Keys)
                {
                    using var engine = new EngineProcess(name);
                    HostReply before = engine.Ask(new HostRequest("memory"));
                    engine.Ask(new HostRequest("open", Path.GetFullPath(file), parsed.GetValue(threads)));
                    foreach (string work in s_work)
                        engine.Ask(new HostRequest("run", Case: work));
                    HostReply after = engine.Ask(new HostRequest("memory"));
                    output.WriteLine($"| {Path.GetFileNameWithoutExtension(file)} | {name} | {Parts(after.ResidentBytes, after.FileBytes)} | {Parts(after.ResidentBytes - before.ResidentBytes, after.FileBytes - before.FileBytes)} |");
                }
        });
        return command;
    }

    private static string Parts(long all, long files) => string.Create(CultureInfo.InvariantCulture, $"{Mebibytes(all):0.0} | {Mebibytes(files):0.0} | {Mebibytes(all - files):0.0}");

    private static double Mebibytes(long bytes) => bytes / 1048576.0;
}
