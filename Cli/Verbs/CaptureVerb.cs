using System.CommandLine;
using Managed.Loader;
using Managed.Verification;

namespace Managed.Cli.Verbs;

/// <summary>`managed capture`: hook points of one run, written as safetensors.</summary>
internal static class CaptureVerb
{
    public static Command Create()
    {
        var model = Shared.Model();
        var input = new InputOptions();
        var hooks = new Option<string[]>("--hooks") { Description = "Hook points: names, aliases, globs, separated by commas. \"*\" is everything; without it, the logits.", AllowMultipleArgumentsPerToken = true };
        var positions = new Option<string>("--positions") { Description = "all, last, 0,5,-1 or 2:10.", DefaultValueFactory = _ => "all" };
        var output = new Option<string>("--out") { Description = "The safetensors file to write.", Required = true };
        var adapters = new AdapterArguments();
        var load = new LoadArguments();
        var command = new Command("capture", "Runs a text once and writes what its hook points hold.") { model, hooks, positions, output };
        input.AddTo(command);
        adapters.AddTo(command);
        load.AddTo(command);
        command.SetAction(result =>
        {
            string file = result.GetRequiredValue(output);
            AtomicFile.CheckTarget(file);
            var chosen = PositionFilter.Parse(result.GetRequiredValue(positions));
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            using LoadedAdapters adapter = adapters.Load(result, loaded);
            int[] ids = input.Read(result, loaded);
            if (chosen.FirstOutside(ids.Length) is { } outside)
                throw new UsageException($"--positions: found {outside}, which names none of the {ids.Length} tokens; expected positions from 0 to {ids.Length - 1}, or from -{ids.Length} to -1");
            string[] names = [.. (result.GetValue(hooks) ?? []).SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries))];
            RunResult run = loaded.Run(ids, new RunOptions
            {
                Names = names.Length == 0 ? ["logits"] : names,
                Positions = chosen,
                Adapter = adapter.Together,
            });
            ActivationFile.Write(file, ids, run.Cache.All, loaded.Path, run.Precision.ToString());
            result.InvocationConfiguration.Output.WriteLine(
                $"{Amounts.Count(run.Cache.Count, "hook point")} of {Amounts.Count(ids.Length, "token")} written to {file} ({run.Precision} precision)");
        });
        return command;
    }
}
