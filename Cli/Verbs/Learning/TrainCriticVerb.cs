using System.CommandLine;
using Managed.Guards.Learning;
using Managed.Loader;

namespace Managed.Cli.Verbs.Learning;

/// <summary>`managed guard train critic`: InferenceGuard's critic, from scored answers.</summary>
internal static class TrainCriticVerb
{
    public static Command Create()
    {
        Argument<string> model = Shared.Model();
        var answers = new Option<string>("--answers") { Description = "Scored answers, a JSON object a line: {prompt, answer, costs: one a block, task_cost}.", Required = true };
        var block = new Option<int>("--block") { Description = "Tokens of a block.", DefaultValueFactory = _ => 32 };
        var budget = new Option<double>("--budget") { Description = "Safety budget at the beginning.", DefaultValueFactory = _ => 10 };
        var discount = new Option<double>("--discount") { Description = "γ.", DefaultValueFactory = _ => 0.999 };
        var hidden = new Option<int[]>("--hidden") { Description = "Widths of the hidden layers.", AllowMultipleArgumentsPerToken = true };
        var name = new Option<string>("--name") { Description = "What the tensors' names begin with.", DefaultValueFactory = _ => "critic" };
        var output = new Option<string>("--out") { Description = "The safetensors file to write.", Required = true };
        Option<bool> json = JsonOutput.Option();
        var training = new TrainingArguments();
        var load = new LoadArguments();
        block.AtLeast(1);
        var command = new Command("critic", "Trains InferenceGuard's critic: from a state and a budget to the chance that the budget lasts, and the cost to go.")
        {
            model, answers, block, budget, discount, hidden, name, output, json,
        };
        training.AddTo(command);
        load.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            string to = result.GetRequiredValue(output);
            AtomicFile.CheckTarget(to);
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            IReadOnlyList<CriticExample> examples = ScoredAnswers.Read(
                result.GetRequiredValue(answers), loaded, result.GetValue(block), result.GetValue(budget), result.GetValue(discount), cancellation: cancellation);
            CriticOptions defaults = training.IsReference(result) ? CriticOptions.Reference : new CriticOptions();
            CriticOptions options = defaults with
            {
                Hidden = result.GetValue(hidden) is { Length: > 0 } widths ? widths : defaults.Hidden,
                Training = training.Read(result, defaults.Training),
            };
            (Critic critic, TrainingReport report) = TrainingArguments.Run(result, "training the critic", options.Training.Epochs, progress =>
                CriticTraining.Train(examples, options, progress, cancellation));
            string called = result.GetRequiredValue(name);
            LearnedFile.Write(to, critic.Tensors().Select(tensor => ($"{called}.{tensor.Name}", tensor.Shape, tensor.Values)), new Dictionary<string, string>
            {
                ["what"] = report.What,
                ["model"] = LearnedFile.NameOf(loaded),
                ["seed"] = $"{report.Seed}",
            });
            if (result.GetValue(json))
                JsonOutput.Write(result, new { Path = to, Report = report });
            else
            {
                TrainingArguments.Print(result.InvocationConfiguration.Output, report);
                result.InvocationConfiguration.Output.WriteLine($"{called} written to {to}");
            }
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
