using System.CommandLine;
using Managed.Guards.Learning;

namespace Managed.Cli.Verbs.Learning;

/// <summary>How a training is run: `--epochs`, `--rate`, `--decay`, `--batch`, `--seed`, `--validation`.</summary>
internal sealed class TrainingArguments
{
    private readonly Option<int?> epochs = new("--epochs") { Description = "Passes over the rows." };
    private readonly Option<double?> rate = new("--rate") { Description = "Step size of AdamW." };
    private readonly Option<double?> decay = new("--decay") { Description = "Weight decay of AdamW." };
    private readonly Option<int?> batch = new("--batch") { Description = "Rows of a step." };
    private readonly Option<ulong?> seed = new("--seed") { Description = "What is drawn is drawn with this number." };
    private readonly Option<double?> validation = new("--validation") { Description = "Share of the rows that is held out." };
    private readonly Option<bool> reference = new("--reference") { Description = "The published training's settings, where others are not given." };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { epochs, rate, decay, batch, seed, validation, reference })
            command.Options.Add(option);
    }

    public bool IsReference(ParseResult result) => result.GetValue(reference);

    public TrainingOptions Read(ParseResult result, TrainingOptions defaults) => defaults with
    {
        Epochs = result.GetValue(epochs) ?? defaults.Epochs,
        LearningRate = result.GetValue(rate) ?? defaults.LearningRate,
        WeightDecay = result.GetValue(decay) ?? defaults.WeightDecay,
        BatchRows = result.GetValue(batch) ?? defaults.BatchRows,
        Seed = result.GetValue(seed) ?? defaults.Seed,
        ValidationShare = result.GetValue(validation) ?? defaults.ValidationShare,
    };

    /// <summary>Trains under a progress bar that counts epochs.</summary>
    public static T Run<T>(ParseResult result, string what, int epochs, Func<IProgress<EpochReport>, T> train) =>
        Progress.Run(result, what, "epochs", progress => train(new Epochs(progress, epochs)));

    /// <summary>The curves, a line an epoch; of many, the first and every so many.</summary>
    public static void Print(TextWriter output, TrainingReport report)
    {
        output.WriteLine($"{report.What}: {Amounts.Count(report.TrainRows, "row")} trained on, {report.ValidationRows} held out, seed {report.Seed}");
        int every = Math.Max(1, report.Epochs.Count / 12);
        foreach (EpochReport epoch in report.Epochs.Where(epoch => epoch.Epoch == 1 || epoch.Epoch % every == 0 || epoch.Epoch == report.KeptEpoch || epoch.Epoch == report.Epochs.Count))
            output.WriteLine(FormattableString.Invariant(
                $"  epoch {epoch.Epoch,4}  loss {epoch.TrainLoss:0.0000}{Part("accuracy", epoch.TrainAccuracy)}{Part("  validation loss", epoch.ValidationLoss)}{Part("accuracy", epoch.ValidationAccuracy)}{Part("AUC", epoch.ValidationAuc)}{(epoch.Epoch == report.KeptEpoch ? "  kept" : "")}"));
    }

    private static string Part(string name, double? value) => value is { } known ? FormattableString.Invariant($"  {name} {known:0.0000}") : "";

    private sealed class Epochs(IProgress<WorkDone> progress, int total) : IProgress<EpochReport>
    {
        public void Report(EpochReport value) => progress.Report(new WorkDone(value.Epoch, total));
    }
}

/// <summary>Prompts done, as work done.</summary>
internal sealed class PromptProgress(IProgress<WorkDone> progress, int total) : IProgress<int>
{
    public void Report(int value) => progress.Report(new WorkDone(value, total));
}
