using System.CommandLine;
using System.Text.Json;
using Managed.Cli;

namespace Managed.Peers;

/// <summary>`race`: this project and llama.cpp in turn.</summary>
internal static class RaceVerb
{
    public static Command Create(TextWriter output, TextWriter error)
    {
        var folder = new Argument<string>("folder") { Description = "Where the GGUF files lie that race.sh made." };
        var files = List("--file", $"Names, with * and ?, or paths. Made by race.sh: {string.Join(", ", RacePlan.Names)}.", [RacePlan.Names[0]]);
        var cases = List("--case", $"`short` ({string.Join(", ", RacePlan.ShortCases)}), `all` ({string.Join(", ", RacePlan.Cases)}), or prompt-TOKENS, decode-CONTEXT, decode-CONTEXT-xROWS.", ["short"]);
        var threads = new Option<int[]>("--threads") { Description = "Of both engines; several: one race each.", DefaultValueFactory = _ => [Environment.ProcessorCount], AllowMultipleArgumentsPerToken = true };
        var pairs = new Option<int>("--pairs") { Description = "Turns of each engine on every case.", DefaultValueFactory = _ => 7 };
        var tokens = new Option<int>("--tokens") { Description = "Steps of decoding.", DefaultValueFactory = _ => RaceCase.DecodedTokens };
        var clock = new Option<string>("--clock") { Description = "wall, or processor: the time that a single thread computed, for a busy machine.", DefaultValueFactory = _ => "wall" };
        clock.AcceptOnlyFromAmong("wall", "processor");
        var json = new Option<string?>("--json") { Description = "Also write the results to this file." };
        var command = new Command("race", "Runs this project and llama.cpp in turn on the same files and prints the ratios of their rates.") { folder, files, cases, threads, pairs, tokens, clock, json };
        command.SetAction(parsed =>
        {
            string[] names = [.. Split(parsed.GetValue(cases)!).SelectMany(name => name switch { "short" => RacePlan.ShortCases, "all" => RacePlan.Cases, _ => [name] })];
            foreach (string name in names)
                RaceCase.Parse(name, parsed.GetValue(tokens));
            var results = new List<RaceResult>();
            var race = new Race(parsed.GetValue(pairs), parsed.GetValue(tokens), parsed.GetValue(clock) == "processor", error.WriteLine);
            foreach (string file in RacePlan.Files(parsed.GetRequiredValue(folder), Split(parsed.GetValue(files)!)))
                foreach (int count in parsed.GetValue(threads)!)
                    results.AddRange(race.Run(file, names, count));
            RaceReport.Print(output, results);
            if (parsed.GetValue(json) is { } path)
                File.WriteAllText(path, JsonSerializer.Serialize(results, JsonOutput.Format));
        });
        return command;
    }

    private static Option<string[]> List(string name, string description, IEnumerable<string> byDefault) =>
        new(name) { Description = description, DefaultValueFactory = _ => [.. byDefault], AllowMultipleArgumentsPerToken = true };

    private static string[] Split(string[] values) => [.. values.SelectMany(value => value.Split(',', StringSplitOptions.RemoveEmptyEntries))];
}
