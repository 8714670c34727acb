namespace Managed.Guards.Evaluation;

/// <summary>Scores of a classifier, a gate or a probe, beside the truth: what quality, ranking and calibration are computed from.</summary>
public sealed class LabelledScores
{
    private readonly double[] scores;
    private readonly bool[] labels;
    private readonly int[] descending; // indices, highest score first

    /// <param name="scores">A score for each item; higher means more likely positive. Calibration needs probabilities.</param>
    /// <param name="labels">Whether the item is positive.</param>
    /// <exception cref="ArgumentException">None, different counts, or a score that is not finite.</exception>
    public LabelledScores(IReadOnlyList<double> scores, IReadOnlyList<bool> labels)
    {
        if (scores.Count == 0 || scores.Count != labels.Count)
            throw new ArgumentException($"Labelled scores: found {scores.Count} scores and {labels.Count} labels; expected as many of both, and at least one.");
        this.scores = [.. scores];
        this.labels = [.. labels];
        int bad = Array.FindIndex(this.scores, score => !double.IsFinite(score));
        if (bad >= 0)
            throw new ArgumentException($"Labelled scores: found {this.scores[bad]} as score {bad}; expected finite numbers.");
        descending = [.. Enumerable.Range(0, this.scores.Length).OrderByDescending(i => this.scores[i])];
        Positives = this.labels.Count(label => label);
    }

    /// <summary>Number of items.</summary>
    public int Count => scores.Length;

    /// <summary>Items that are positive.</summary>
    public int Positives { get; }

    /// <summary>What comes of taking every score from the threshold on as positive.</summary>
    public Confusion At(double threshold)
    {
        int truePositives = 0, falsePositives = 0;
        for (int i = 0; i < Count; i++)
            if (scores[i] >= threshold)
                _ = labels[i] ? truePositives++ : falsePositives++;
        return new Confusion(truePositives, falsePositives, Positives - truePositives, Count - Positives - falsePositives);
    }

    /// <summary>P(score of a positive &gt; score of a negative) + ½ P(equal); null where one of the classes is empty.</summary>
    public double? Auroc()
    {
        if (Positives == 0 || Positives == Count)
            return null;
        double wins = 0;
        int negativesBelow = Count - Positives;
        foreach (var (positives, negatives) in Ties())
        {
            negativesBelow -= negatives;
            wins += positives * (negativesBelow + (negatives / 2.0));
        }
        return wins / ((double)Positives * (Count - Positives));
    }

    /// <summary>Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct thresholds, descending: the area under the precision-recall curve; null without positives.</summary>
    public double? AveragePrecision()
    {
        if (Positives == 0)
            return null;
        double area = 0;
        int found = 0, taken = 0;
        foreach (var (positives, negatives) in Ties())
        {
            found += positives;
            taken += positives + negatives;
            area += (double)positives / Positives * found / taken;
        }
        return area;
    }

    /// <summary>Mean (score − label)²; null where a score lies outside [0, 1].</summary>
    public double? Brier()
    {
        if (!AreProbabilities)
            return null;
        double sum = 0;
        for (int i = 0; i < Count; i++)
            sum += Math.Pow(scores[i] - Label(i), 2);
        return sum / Count;
    }

    /// <summary>Expected calibration error: Σ n_b / n · |mean score − mean label| over bins of equal width; null where a score lies outside [0, 1].</summary>
    /// <param name="bins">Number of bins; an edge belongs to the bin below it.</param>
    public double? ExpectedCalibrationError(int bins = 10) =>
        AreProbabilities ? Calibration(bins).Sum(bin => (double)bin.Count / Count * Math.Abs(bin.MeanScore - bin.MeanLabel)) : null;

    /// <summary>How often items are positive, by score; bins without items are left out.</summary>
    /// <exception cref="ArgumentException">Fewer than one bin, or scores outside [0, 1].</exception>
    public IReadOnlyList<CalibrationBin> Calibration(int bins = 10)
    {
        if (bins < 1 || !AreProbabilities)
            throw new ArgumentException($"Calibration: found {bins} bins and scores from {scores.Min()} to {scores.Max()}; expected at least one bin and scores from 0 to 1.");
        var counts = new int[bins];
        double[] scoreSums = new double[bins], labelSums = new double[bins];
        for (int i = 0; i < Count; i++)
        {
            int bin = Math.Clamp((int)Math.Ceiling(scores[i] * bins) - 1, 0, bins - 1);
            counts[bin]++;
            scoreSums[bin] += scores[i];
            labelSums[bin] += Label(i);
        }
        return [.. Enumerable.Range(0, bins).Where(bin => counts[bin] > 0).Select(bin => new CalibrationBin(
            (double)bin / bins, (bin + 1.0) / bins, counts[bin], scoreSums[bin] / counts[bin], labelSums[bin] / counts[bin]))];
    }

    private bool AreProbabilities => Array.TrueForAll(scores, score => score is >= 0 and <= 1);

    private double Label(int item) => labels[item] ? 1 : 0;

    // Items of equal score together, highest first.
    private IEnumerable<(int Positives, int Negatives)> Ties()
    {
        for (int i = 0; i < Count;)
        {
            int positives = 0, negatives = 0;
            for (double score = scores[descending[i]]; i < Count && scores[descending[i]] == score; i++)
                _ = labels[descending[i]] ? positives++ : negatives++;
            yield return (positives, negatives);
        }
    }
}

/// <summary>Items whose scores are near each other.</summary>
/// <param name="From">The scores are above this (the first bin holds 0 too).</param>
/// <param name="To">And at most this.</param>
/// <param name="Count">Items.</param>
/// <param name="MeanScore">Their mean score.</param>
/// <param name="MeanLabel">The share of them that is positive.</param>
public sealed record CalibrationBin(double From, double To, int Count, double MeanScore, double MeanLabel);
