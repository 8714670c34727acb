using System.CommandLine;
using Managed.Guards.Learning;
using Managed.Loader;

namespace Managed.Cli.Verbs.Learning;

/// <summary>`managed guard train head`: a head that takes the place of the model's own, from texts.</summary>
internal static class TrainHeadVerb
{
    public static Command Create()
    {
        Argument<string> model = Shared.Model();
        var text = new Option<string>("--text") { Description = "Texts to train on, a JSON value a line: [[text, learn], …], {prompt, answer}, {text} or a string; .gz is unpacked. May stand beside --prompts." };
        var prompts = new Option<string[]>("--prompts") { Description = "Prompts that are to be answered with --answers: FILE or FILE:key. May be given several times." };
        var take = new Option<int>("--take") { Description = "Prompts of each file, evenly spread; 0: all." };
        var answers = new Option<string?>("--answers") { Description = "A text file with an answer a line; the prompts are given them in turn." };
        var rank = new Option<int>("--rank") { Description = "Train a change of this rank; 0: a whole head." };
        var compress = new Option<int>("--compress") { Description = "Train a whole head, then keep its best change of this rank." };
        var name = new Option<string>("--name") { Description = "The tensors' name.", DefaultValueFactory = _ => "refusal_head" };
        var output = new Option<string>("--out") { Description = "The safetensors file to write.", Required = true };
        Option<bool> json = JsonOutput.Option();
        var training = new TrainingArguments();
        var load = new LoadArguments();
        rank.AtLeast(0);
        compress.AtLeast(0);
        take.AtLeast(0);
        var command = new Command("head", "Trains a head on texts with the body frozen, as SafeSwitch's refusal head.") { model, text, prompts, take, answers, rank, compress, name, output, json };
        training.AddTo(command);
        load.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(rank) > 0 && result.GetValue(compress) > 0)
                result.AddError("give --rank or --compress, not both");
            if (result.GetResult(prompts) is null != result.GetResult(answers) is null)
                result.AddError("--prompts and --answers belong together");
            else if (result.GetResult(text) is null && result.GetResult(prompts) is null)
                result.AddError("there is nothing to learn; give --text, or --prompts with --answers");
        });
        command.SetAction((result, cancellation) =>
        {
            string to = result.GetRequiredValue(output);
            AtomicFile.CheckTarget(to);
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            TrainingText[] texts =
            [
                .. result.GetValue(text) is { } file ? TrainingTextFile.Read(file, loaded) : [],
                .. result.GetValue(answers) is { } given ? TrainingTextFile.Answered(
                    [.. result.GetValue(prompts)!.SelectMany(source => Prompt.Spread(PromptFile.Read(source), result.GetValue(take)))], TrainingTextFile.Lines(given), loaded) : [],
            ];
            HeadOptions defaults = training.IsReference(result) ? HeadOptions.Reference : new HeadOptions();
            HeadOptions options = defaults with { Rank = result.GetValue(rank), Training = training.Read(result, defaults.Training) };
            (OutputHead head, TrainingReport report) = TrainingArguments.Run(result, "training the head", options.Training.Epochs, progress =>
                HeadTraining.Train(loaded, texts, options, progress, cancellation));
            double? kept = null;
            if (result.GetValue(compress) is > 0 and var asked)
                (head, kept) = head.Compress(loaded, asked);
            string called = result.GetRequiredValue(name);
            LearnedFile.Write(to, head.Tensors().Select(tensor => (head.Rank == 0 ? called : $"{called}.{tensor.Name}", tensor.Shape, tensor.Values)), new Dictionary<string, string>
            {
                ["what"] = report.What,
                ["model"] = LearnedFile.NameOf(loaded),
                ["seed"] = $"{report.Seed}",
            });
            if (result.GetValue(json))
                JsonOutput.Write(result, new { Path = to, head.Rank, KeptShare = kept, Report = report });
            else
            {
                TextWriter lines = result.InvocationConfiguration.Output;
                TrainingArguments.Print(lines, report);
                if (kept is { } share)
                    lines.WriteLine(FormattableString.Invariant($"compressed to rank {head.Rank}: {share:P1} of the change's sum of squares kept"));
                lines.WriteLine($"{called} written to {to}");
            }
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
