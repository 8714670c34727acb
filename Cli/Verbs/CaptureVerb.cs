using System.CommandLine;
using Managed.Verification;

namespace Managed.Cli.Verbs;

/// <summary>`managed capture`: hook points of one run, written as safetensors.</summary>
internal static class CaptureVerb
{
    public static Command Create()
    {
        var model = Shared.Model();
        var input = new InputOptions();
        var hooks = new Option<string[]>("--hooks") { Description = "Hook points: names, aliases, globs, separated by commas. \"*\" is everything.", AllowMultipleArgumentsPerToken = true };
        var positions = new Option<string>("--positions") { Description = "all, last, 0,5,-1 or 2:10.", DefaultValueFactory = _ => "all" };
        var output = new Option<string>("--out") { Description = "The safetensors file to write.", Required = true };
        var load = new LoadArguments();
        var command = new Command("capture", "Runs a text once and writes what its hook points hold.") { model, hooks, positions, output };
        input.AddTo(command);
        load.AddTo(command);
        command.SetAction(result =>
        {
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            int[] ids = input.Read(result, loaded);
            string[] names = [.. (result.GetValue(hooks) ?? []).SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries))];
            RunResult run = loaded.Run(ids, new RunOptions
            {
                Names = names.Length == 0 ? ["logits"] : names,
                Positions = PositionFilter.Parse(result.GetRequiredValue(positions)),
            });
            ActivationFile.Write(result.GetRequiredValue(output), ids, run.Cache.All, loaded.Path, run.Precision.ToString());
            result.InvocationConfiguration.Output.WriteLine($"{run.Cache.Count} hook points of {ids.Length} tokens written to {result.GetRequiredValue(output)} ({run.Precision} precision)");
        });
        return command;
    }
}
