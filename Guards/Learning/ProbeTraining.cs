namespace Managed.Guards.Learning;

/// <summary>Trains probes on states of two kinds.</summary>
public static class ProbeTraining
{
    private static readonly double[] s_penalties = [.. Enumerable.Range(-8, 17).Select(i => Math.Pow(10, i / 2.0))];

    /// <summary>A logistic probe: the exact minimum of the penalised cross-entropy.</summary>
    /// <param name="states">States.</param>
    /// <param name="labels">Which are of the positive kind.</param>
    /// <param name="options">How.</param>
    /// <exception cref="GuardException">One kind alone, or options out of range.</exception>
    public static (LinearProbe Probe, LogisticReport Report) Logistic(IReadOnlyList<float[]> states, IReadOnlyList<bool> labels, LogisticOptions? options = null)
    {
        options ??= new LogisticOptions();
        IReadOnlyList<int[]> folds = Folds(labels, options.Folds, options.Seed);
        double[] penalties = options.Penalty is { } given ? [given] : s_penalties;
        var tried = penalties.Select(penalty => (Penalty: penalty, Quality: CrossValidate(states, labels, folds, penalty, options.Standardise))).ToList();
        double chosen = tried.MinBy(entry => entry.Quality.Loss).Penalty;
        LinearProbe probe = Fit(states, labels, chosen, options.Standardise);
        ReadOnlyMemory<float>[] all = [.. states.Select(state => (ReadOnlyMemory<float>)state)];
        return (probe, new LogisticReport(chosen, options.Seed, probe.Judge(all, labels), tried.First(entry => entry.Penalty == chosen).Quality,
            [.. tried.Select(entry => new PenaltyReport(entry.Penalty, entry.Quality))]));
    }

    /// <summary>SafeSwitch's two-layer prober.</summary>
    /// <param name="states">States.</param>
    /// <param name="labels">Which are of the positive kind.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Takes each epoch's report.</param>
    /// <param name="cancellation">Ends the training between two epochs.</param>
    /// <exception cref="GuardException">One kind alone, options out of range, a loss that is not finite.</exception>
    public static (TwoLayerProbe Probe, TrainingReport Report) TwoLayer(
        IReadOnlyList<float[]> states, IReadOnlyList<bool> labels, TwoLayerOptions? options = null, IProgress<EpochReport>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new TwoLayerOptions();
        BothKinds(labels);
        var mlp = new Mlp<float>(states[0].Length, options.Hidden, 2);
        mlp.Initialise(options.Training.Seed);
        int[] held = MlpTrainer.HoldOut(labels, options.Training);
        var heldRows = held.ToHashSet();
        Standardisation? scale = options.Standardise ? new Standardisation([.. states.Where((_, row) => !heldRows.Contains(row))]) : null;
        float[][] rows = [.. states.Select(state => scale is null ? state : Vectors.ToSingle(scale.Apply(state)))];
        float[][] targets = [.. labels.Select(label => (float[])[label ? 1 : 0])];
        TrainingReport report = MlpTrainer.Train(mlp, $"two-layer probe {mlp.Sizes[0]}-{options.Hidden}-2{(options.DoubleSoftmax ? ", double softmax" : "")}",
            rows, targets, held, new ClassLoss<float>(options.DoubleSoftmax), target => target[0] > 0, logits => LogisticRegression.Sigmoid(logits[1] - logits[0]),
            options.Training, progress, cancellation);
        scale?.FoldInto(mlp);
        return (new TwoLayerProbe(mlp), report);
    }

    private static LinearProbe Fit(IReadOnlyList<float[]> states, IReadOnlyList<bool> labels, double penalty, bool standardise)
    {
        Standardisation? scale = standardise ? new Standardisation(states) : null;
        LogisticRegression fit = LogisticRegression.Fit([.. states.Select(state => scale?.Apply(state) ?? Vectors.ToDouble(state))], labels, penalty);
        double bias = scale?.Fold(fit.Weight, fit.Bias) ?? fit.Bias;
        return new LinearProbe(Vectors.ToSingle(fit.Weight), (float)bias);
    }

    private static ProbeQuality CrossValidate(IReadOnlyList<float[]> states, IReadOnlyList<bool> labels, IReadOnlyList<int[]> folds, double penalty, bool standardise)
    {
        var scores = new double[states.Count];
        double loss = 0;
        foreach (int[] fold in folds)
        {
            var held = fold.ToHashSet();
            int[] rest = [.. Enumerable.Range(0, states.Count).Where(row => !held.Contains(row))];
            LinearProbe probe = Fit([.. rest.Select(row => states[row])], [.. rest.Select(row => labels[row])], penalty, standardise);
            foreach (int row in fold)
            {
                scores[row] = probe.Score(states[row]);
                loss += LogisticRegression.Softplus(labels[row] ? -scores[row] : scores[row]);
            }
        }
        return ProbeQuality.Of(scores, labels, loss / states.Count);
    }

    // Each kind is dealt round, so that every fold has both.
    private static int[][] Folds(IReadOnlyList<bool> labels, int folds, ulong seed)
    {
        BothKinds(labels);
        int fewest = Math.Min(labels.Count(label => label), labels.Count(label => !label));
        if (folds < 2)
            throw new GuardException($"{nameof(LogisticOptions.Folds)}: found {folds}; expected 2 or more.");
        if (fewest < 2)
            throw new GuardException("found a single state of one kind; expected at least 2 of each, to be trained on and validated.");
        folds = Math.Min(folds, fewest); // each fold has both kinds
        var random = new SplitMix(seed);
        var parts = new List<int>[folds];
        for (int i = 0; i < folds; i++)
            parts[i] = [];
        int next = 0;
        foreach (bool kind in new[] { false, true })
        {
            int[] rows = [.. Enumerable.Range(0, labels.Count).Where(row => labels[row] == kind)];
            random.Shuffle(rows.AsSpan());
            foreach (int row in rows)
                parts[next++ % folds].Add(row);
        }
        return [.. parts.Select(part => part.Order().ToArray())];
    }

    private static void BothKinds(IReadOnlyList<bool> labels)
    {
        if (labels.Count == 0 || labels.All(label => label == labels[0]))
            throw new GuardException($"found {labels.Count} states of one kind; expected states of both kinds.");
    }
}

/// <summary>How a logistic probe is trained.</summary>
public sealed record LogisticOptions
{
    /// <summary>Weight of |w|²/2; null: chosen by cross-validated loss. The default is scikit-learn's.</summary>
    public double? Penalty { get; init; } = 1;

    /// <summary>Trains on states brought to mean 0 and variance 1; the probe reads them as they are.</summary>
    public bool Standardise { get; init; }

    /// <summary>Folds of the cross-validation; fewer where a kind has fewer states.</summary>
    public int Folds { get; init; } = 5;

    /// <summary>What the folds are drawn with.</summary>
    public ulong Seed { get; init; } = 42;
}

/// <summary>How a two-layer probe is trained.</summary>
public sealed record TwoLayerOptions
{
    /// <summary>Width of the hidden layer.</summary>
    public int Hidden { get; init; } = 64;

    /// <summary>Cross-entropy of a softmax of the softmax, as the published probes were trained; else of the softmax.</summary>
    public bool DoubleSoftmax { get; init; }

    /// <summary>Trains on states brought to mean 0 and variance 1; the probe reads them as they are.</summary>
    public bool Standardise { get; init; }

    /// <summary>Steps, epochs, seed, rows held out.</summary>
    public TrainingOptions Training { get; init; } = new() { Epochs = 60, WeightDecay = 0.1 };

    /// <summary>SafeSwitch's published training: AdamW 1e-5, weight decay 1e-5, 20 epochs, batches of 8, double softmax, states as they are.</summary>
    public static TwoLayerOptions Reference { get; } = new()
    {
        DoubleSoftmax = true,
        Training = new TrainingOptions { LearningRate = 1e-5, WeightDecay = 1e-5, Epochs = 20, BatchRows = 8 },
    };
}

/// <summary>What a logistic probe's training gave.</summary>
/// <param name="Penalty">The penalty that was taken.</param>
/// <param name="Seed">What the folds were drawn with.</param>
/// <param name="Train">On the states it was trained on.</param>
/// <param name="Validation">Over the folds, each judged by a probe that had not seen it.</param>
/// <param name="Penalties">Every penalty that was tried.</param>
public sealed record LogisticReport(double Penalty, ulong Seed, ProbeQuality Train, ProbeQuality Validation, IReadOnlyList<PenaltyReport> Penalties);

/// <summary>A penalty that was tried.</summary>
/// <param name="Penalty">Weight of |w|²/2.</param>
/// <param name="Validation">Quality over the folds.</param>
public sealed record PenaltyReport(double Penalty, ProbeQuality Validation);
