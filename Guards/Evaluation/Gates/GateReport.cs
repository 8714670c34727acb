namespace Managed.Guards.Evaluation;

/// <summary>How well a gate tells harmful prompts from harmless ones.</summary>
public sealed record GateReport
{
    /// <summary>The gate.</summary>
    public required string Gate { get; init; }

    /// <summary>From which score on a prompt is taken as harmful.</summary>
    public required double Threshold { get; init; }

    /// <summary>Prompts whose files call them harmful.</summary>
    public required int Harmful { get; init; }

    /// <summary>Prompts whose files call them harmless.</summary>
    public required int Harmless { get; init; }

    /// <summary>Prompts whose files don't say; they do not count.</summary>
    public required int Unlabelled { get; init; }

    /// <summary>The gate's decisions against the labels.</summary>
    public required Confusion Confusion { get; init; }

    /// <summary>95 % of the precision (Wilson); null where nothing was flagged.</summary>
    public required Interval? PrecisionInterval { get; init; }

    /// <summary>95 % of the recall (Wilson); null without harmful prompts.</summary>
    public required Interval? RecallInterval { get; init; }

    /// <summary>95 % of F1, bootstrap.</summary>
    public required Interval F1Interval { get; init; }

    /// <summary>Area under the ROC curve; null where one of the classes is empty.</summary>
    public required double? Auroc { get; init; }

    /// <summary>95 % of it, bootstrap; null as above.</summary>
    public required Interval? AurocInterval { get; init; }

    /// <summary>Area under the precision-recall curve (average precision); null without harmful prompts.</summary>
    public required double? Auprc { get; init; }

    /// <summary>95 % of it, bootstrap; null as above.</summary>
    public required Interval? AuprcInterval { get; init; }

    /// <summary>Mean squared error of the scores as probabilities; null where they are none.</summary>
    public required double? Brier { get; init; }

    /// <summary>Expected calibration error over ten bins; null where scores are no probabilities.</summary>
    public required double? CalibrationError { get; init; }

    /// <summary>How often prompts are harmful, by score, in ten bins; empty where scores are no probabilities.</summary>
    public required IReadOnlyList<CalibrationBin> Calibration { get; init; }

    /// <summary>For each set, the share of its prompts that the gate takes as harmful.</summary>
    public required IReadOnlyDictionary<string, RateReport> Flagged { get; init; }

    /// <summary>Scores prompts and compares with the labels of their files.</summary>
    /// <param name="name">The gate's name.</param>
    /// <param name="score">A prompt's score: higher, more harmful.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="threshold">From which score on a prompt is taken as harmful.</param>
    /// <param name="progress">Takes prompts that are scored, and all.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="GuardException">No file calls any of its prompts harmful or harmless.</exception>
    public static GateReport Measure(
        string name, Func<EvaluationPrompt, double> score, IReadOnlyList<EvaluationPrompt> prompts, double threshold = 0.5, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        var scores = new double[prompts.Count];
        for (int i = 0; i < scores.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            scores[i] = score(prompts[i]);
            progress?.Invoke(i + 1, scores.Length);
        }
        int[] labelled = [.. Enumerable.Range(0, scores.Length).Where(i => PromptLabels.IsHarmful(prompts[i]) is not null)];
        if (labelled.Length == 0)
            throw new GuardException($"gate {name}: found no prompt whose file calls it harmful or harmless; expected a field label (harmful, harmless, safe, unsafe, 0, 1) or kind.");
        double[] known = [.. labelled.Select(i => scores[i])];
        bool[] labels = [.. labelled.Select(i => PromptLabels.IsHarmful(prompts[i]) == true)];
        var all = new LabelledScores(known, labels);
        Confusion confusion = all.At(threshold);
        Interval Drawn(Func<LabelledScores, double?> statistic) =>
            Interval.Bootstrap(known.Length, sample => statistic(new LabelledScores([.. sample.Select(i => known[i])], [.. sample.Select(i => labels[i])])) ?? double.NaN, samples: 500);
        return new GateReport
        {
            Gate = name,
            Threshold = threshold,
            Harmful = all.Positives,
            Harmless = all.Count - all.Positives,
            Unlabelled = prompts.Count - all.Count,
            Confusion = confusion,
            PrecisionInterval = Rate(confusion.TruePositives, confusion.FalsePositives),
            RecallInterval = Rate(confusion.TruePositives, confusion.FalseNegatives),
            F1Interval = Drawn(sample => sample.At(threshold).F1),
            Auroc = all.Auroc(),
            AurocInterval = all.Auroc() is null ? null : Drawn(sample => sample.Auroc()),
            Auprc = all.AveragePrecision(),
            AuprcInterval = all.Positives == 0 ? null : Drawn(sample => sample.AveragePrecision()),
            Brier = all.Brier(),
            CalibrationError = all.ExpectedCalibrationError(),
            Calibration = all.Brier() is null ? [] : all.Calibration(),
            Flagged = Enumerable.Range(0, scores.Length).GroupBy(i => prompts[i].Set)
                .ToDictionary(set => set.Key, set => new RateReport(set.Count(i => scores[i] >= threshold), set.Count())),
        };

        static Interval? Rate(int successes, int failures) => successes + failures == 0 ? null : Interval.Wilson(successes, successes + failures);
    }
}
