using System.CommandLine;
using Managed.Cli.Evaluations;
using Managed.Guards.Learning;
using Managed.Kernels;
using Managed.Loader;

namespace Managed.Cli.Verbs.Learning;

/// <summary>`managed guard train pilot`: SafeSwitch's second stage, from the model's own answers.</summary>
internal static class TrainPilotVerb
{
    public static Command Create()
    {
        Argument<string> model = Shared.Model();
        var prompts = new Option<string[]>("--prompts") { Description = "Prompts that the model answers: FILE or FILE:key. May be given several times.", Required = true };
        var take = new Option<int>("--take") { Description = "Prompts of each file, evenly spread; 0: all." };
        var judge = new Option<string>("--judge") { Description = "Tells refusals: xstest or strings:FILE.", DefaultValueFactory = _ => "xstest" };
        var pilot = new Option<int>("--pilot") { Description = "Tokens of the answer behind which the probe reads.", DefaultValueFactory = _ => 3 };
        var tokens = new Option<int>("--max-tokens") { Description = "Tokens of an answer that the judge sees.", DefaultValueFactory = _ => 32 };
        var name = new Option<string>("--name") { Description = "What the tensors' names begin with.", DefaultValueFactory = _ => "stage2" };
        var hidden = new Option<int>("--hidden") { Description = "Width of the hidden layer.", DefaultValueFactory = _ => 64 };
        var standardise = new Option<bool>("--standardise") { Description = "Train on states brought to mean 0 and variance 1." };
        var output = new Option<string>("--out") { Description = "The safetensors file to write.", Required = true };
        Option<bool> json = JsonOutput.Option();
        var training = new TrainingArguments();
        var load = new LoadArguments();
        take.AtLeast(0);
        pilot.AtLeast(1);
        tokens.AtLeast(1);
        hidden.AtLeast(1);
        var command = new Command("pilot", "Trains a probe of the first tokens of an answer: whether the model is about to comply, as SafeSwitch's second stage.")
        {
            model, prompts, take, judge, pilot, tokens, name, hidden, standardise, output, json,
        };
        training.AddTo(command);
        load.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            string to = result.GetRequiredValue(output);
            AtomicFile.CheckTarget(to);
            LoadOptions options = load.Read(result);
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), options);
            int[][] asked = [.. result.GetRequiredValue(prompts).SelectMany(file => Prompt.Spread(PromptFile.Read(file), result.GetValue(take))).Select(prompt => prompt.Encode(loaded))];
            PilotAnswers answers = Progress.Run(result, "answering", "prompts", progress => PilotAnswers.Collect(
                loaded, asked, EvalArguments.ReadJudge(result.GetRequiredValue(judge), null), result.GetValue(pilot), result.GetValue(tokens), options.Precision ?? Precision.Fast,
                new PromptProgress(progress, asked.Length), cancellation));
            TwoLayerOptions defaults = training.IsReference(result) ? TwoLayerOptions.Reference : new TwoLayerOptions();
            TwoLayerOptions how = defaults with { Hidden = result.GetValue(hidden), Standardise = result.GetValue(standardise), Training = training.Read(result, defaults.Training) };
            (Probe probe, TrainingReport report) = TrainingArguments.Run(result, "training", how.Training.Epochs, progress =>
            {
                var (trained, curves) = ProbeTraining.TwoLayer(answers.States.Rows, [.. answers.Complied], how, progress, cancellation);
                return ((Probe)trained, curves);
            });
            int complied = answers.Complied.Count(yes => yes);
            LearnedFile.Write(to, probe.Tensors().Select(tensor => ($"{result.GetValue(name)}.{tensor.Name}", tensor.Shape, tensor.Values)), new Dictionary<string, string>
            {
                ["what"] = $"pilot of {result.GetValue(pilot)} tokens",
                ["model"] = LearnedFile.NameOf(loaded),
                ["answers"] = $"{complied} complied, {asked.Length - complied} refused",
            });
            if (result.GetValue(json))
                JsonOutput.Write(result, new { Path = to, Complied = complied, Refused = asked.Length - complied, Report = report });
            else
            {
                TextWriter lines = result.InvocationConfiguration.Output;
                lines.WriteLine($"{asked.Length} answers: {complied} complied, {asked.Length - complied} refused");
                TrainingArguments.Print(lines, report);
                lines.WriteLine($"{result.GetValue(name)} written to {to}");
            }
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
