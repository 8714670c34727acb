using System.CommandLine;
using System.Globalization;
using Managed.Guards.Learning;
using Managed.Loader;

namespace Managed.Cli.Verbs.Learning;

/// <summary>`managed guard train function-vector`: mean head outputs × W_O over chosen heads.</summary>
internal static class TrainFunctionVectorVerb
{
    public static Command Create()
    {
        Argument<string> model = Shared.Model();
        var prompts = new Option<string[]>("--prompts") { Description = "Prompts that show the task: FILE or FILE:key.", Required = true };
        var heads = new Option<string?>("--heads") { Description = "Heads as layer.head, separated by commas; one that is named twice counts twice. Without it they are selected by --effect-prompts." };
        var effectPrompts = new Option<string[]>("--effect-prompts") { Description = "Prompts that do not show the task, for the heads' indirect effects." };
        var answer = new Option<string?>("--answer") { Description = "The text whose first token would be right after those prompts." };
        var count = new Option<int>("--count") { Description = "How many heads are selected.", DefaultValueFactory = _ => 10 };
        var raw = new Option<bool>("--raw") { Description = "Texts are complete; without it they are a user's turn in the chat template." };
        var name = new Option<string>("--name") { Description = "The tensor's name.", DefaultValueFactory = _ => "function_vector" };
        var output = new Option<string>("--out") { Description = "The safetensors file to write.", Required = true };
        Option<bool> json = JsonOutput.Option();
        var load = new LoadArguments();
        count.AtLeast(1);
        var command = new Command("function-vector", "Builds a function vector: the mean outputs of chosen heads, as they are written to the stream.")
        {
            model, prompts, heads, effectPrompts, answer, count, raw, name, output, json,
        };
        load.AddTo(command);
        command.Validators.Add(result =>
        {
            bool selected = result.GetValue(effectPrompts) is { Length: > 0 };
            if (result.GetValue(heads) is not null == selected || selected != result.GetValue(answer) is not null)
                result.AddError("give --heads, or --effect-prompts with --answer");
        });
        command.SetAction((result, cancellation) =>
        {
            string to = result.GetRequiredValue(output);
            AtomicFile.CheckTarget(to);
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), load.Read(result));
            int[][] Ids(Option<string[]> option) => [.. result.GetValue(option)!.SelectMany(PromptFile.Read).Select(prompt => prompt.Encode(loaded, result.GetValue(raw)))];
            int[][] shown = Ids(prompts);
            double[][] means = Progress.Run(result, "mean head outputs", "prompts", progress =>
                FunctionVectors.MeanHeadOutputs(loaded, shown, new PromptProgress(progress, shown.Length), cancellation));
            IReadOnlyList<HeadEffect>? effects = null;
            WeightedHead[] chosen;
            if (result.GetValue(heads) is { } list)
                chosen = [.. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(ParseHead)];
            else
            {
                int[][] others = Ids(effectPrompts);
                int right = loaded.Encode(result.GetValue(answer)!, addSpecialTokens: false) is [var first, ..] ? first : throw new UsageException("--answer: found a text without tokens; expected the right answer");
                effects = Progress.Run(result, "indirect effects", "prompts", progress => FunctionVectors.IndirectEffects(
                    loaded, others, [.. others.Select(_ => right)], means, new PromptProgress(progress, others.Length), cancellation));
                chosen = [.. effects.Take(result.GetValue(count)).Select(effect => new WeightedHead(effect.Layer, effect.Head))];
            }
            float[] vector = FunctionVectors.Build(loaded, means, chosen);
            LearnedFile.Write(to, [(result.GetRequiredValue(name), [vector.Length], vector)], new Dictionary<string, string>
            {
                ["what"] = "function vector",
                ["model"] = LearnedFile.NameOf(loaded),
                ["heads"] = string.Join(',', chosen.Select(head => $"{head.Layer}.{head.Head}")),
            });
            double length = Math.Sqrt(vector.Sum(x => (double)x * x));
            if (result.GetValue(json))
                JsonOutput.Write(result, new { Path = to, Heads = chosen, Length = length, Effects = effects });
            else
            {
                TextWriter lines = result.InvocationConfiguration.Output;
                foreach (HeadEffect effect in (effects ?? []).Take(chosen.Length))
                    lines.WriteLine(FormattableString.Invariant($"head {effect.Layer}.{effect.Head}: effect {effect.Effect:+0.0000;-0.0000}"));
                lines.WriteLine(FormattableString.Invariant($"{result.GetValue(name)} of {Amounts.Count(chosen.Length, "head")}, length {length:0.000}, written to {to}"));
            }
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static WeightedHead ParseHead(string text)
    {
        string[] parts = text.Split('.');
        return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int layer)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int head)
            ? new WeightedHead(layer, head) : throw new UsageException($"--heads: found '{text}'; expected layer.head, such as 14.1");
    }
}
