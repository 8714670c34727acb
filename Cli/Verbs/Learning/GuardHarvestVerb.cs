using System.CommandLine;
using Managed.Guards.Learning;
using Managed.Guards.Learning.Harvest;

namespace Managed.Cli.Verbs.Learning;

/// <summary>`managed guard harvest`: states of many prompts to disk, by one process or several; `--merge` checks and lists them.</summary>
internal static class GuardHarvestVerb
{
    public static Command Create()
    {
        Argument<string> model = Shared.Model();
        model.Arity = ArgumentArity.ZeroOrOne;
        var prompts = new Option<string[]>("--prompts") { Description = "Prompts: FILE or FILE:key. May be given several times." };
        var hooks = new Option<string[]>("--hooks") { Description = "Hook points, separated by commas.", DefaultValueFactory = _ => ["resid_post"] };
        var positions = new Option<StatePositions>("--positions") { Description = "Which tokens are kept: last, all or mean.", DefaultValueFactory = _ => StatePositions.Last };
        var raw = new Option<bool>("--raw") { Description = "Texts are complete; without it they are a user's turn in the chat template." };
        var size = new Option<int>("--part") { Description = "Prompts of one part, which is one file.", DefaultValueFactory = _ => 256 };
        var shard = new Option<string>("--shard") { Description = "This process's share: i/n with i from 0, or auto (Slurm's array), auto/n (Kubernetes' completion index).", DefaultValueFactory = _ => "0/1" };
        var merge = new Option<bool>("--merge") { Description = "Check that all parts are there and whole, and write index.json." };
        var output = new Option<string>("--out") { Description = "The folder.", Required = true };
        Option<bool> json = JsonOutput.Option();
        var load = new LoadArguments();
        size.AtLeast(1);
        var command = new Command("harvest", "Writes the states of many prompts to disk; started again, it goes on where it was.")
        {
            model, prompts, hooks, positions, raw, size, shard, merge, output, json,
        };
        load.AddTo(command);
        command.Validators.Add(result =>
        {
            bool merging = result.GetValue(merge), given = result.GetValue(model) is not null && result.GetValue(prompts) is { Length: > 0 };
            if (merging == given || (merging && (result.GetValue(model) is not null || result.GetValue(prompts) is { Length: > 0 })))
                result.AddError("give a model with --prompts, or --merge alone");
        });
        command.SetAction((result, cancellation) =>
        {
            string folder = result.GetRequiredValue(output);
            if (result.GetValue(merge))
            {
                long rows = ActivationHarvest.Merge(folder);
                if (result.GetValue(json))
                    JsonOutput.Write(result, new { Path = folder, Rows = rows });
                else
                    result.InvocationConfiguration.Output.WriteLine($"{folder}: every part is there and whole, {rows} rows");
                return Task.FromResult(ExitCode.Success);
            }
            HarvestShard share = HarvestShard.Parse(result.GetRequiredValue(shard), Environment.GetEnvironmentVariable);
            using LanguageModel loaded = LanguageModel.Load(result.GetValue(model)!, load.Read(result));
            int[][] ids = [.. result.GetValue(prompts)!.SelectMany(PromptFile.Read).Select(prompt => prompt.Encode(loaded, result.GetValue(raw)))];
            var options = new HarvestOptions
            {
                Hooks = [.. result.GetValue(hooks)!.SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries))],
                Positions = result.GetValue(positions),
                PromptsOfPart = result.GetValue(size),
                Shard = share,
                Warn = warning => result.InvocationConfiguration.Error.WriteLine($"managed: warning: {warning}"),
            };
            HarvestReport report = Progress.Run(result, "harvesting", "prompts", progress =>
                ActivationHarvest.Run(loaded, ids, folder, options, new PromptProgress(progress, ids.Length / share.Count), cancellation));
            if (result.GetValue(json))
                JsonOutput.Write(result, new { Path = folder, share.Index, share.Count, report.Parts, report.Done, report.Kept, report.Replaced });
            else
                result.InvocationConfiguration.Output.WriteLine($"{folder}: {report.Done} parts done, {report.Kept} were there, of {report.Parts} in all (share {share.Index} of {share.Count})");
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
