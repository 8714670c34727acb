using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Managed.Guards.Evaluation;
using Managed.Tests.Sampling;
using Interval = Managed.Guards.Evaluation.Interval;

namespace Managed.Tests.Guards.Evaluation;

/// <summary>Statistics against scikit-learn, scipy and statsmodels, and what must hold of any numbers.</summary>
public class StatisticsTests
{
    private const double Tolerance = 1e-9;

    private static readonly JsonElement s_goldens = EvalGoldens.Json("statistics.json");

    private static IEnumerable<TestCaseData> Classifiers() => s_goldens.GetProperty("classifiers").EnumerateArray()
        .Select(golden => new TestCaseData(golden).SetArgDisplayNames(golden.GetProperty("name").GetString()!));

    private static LabelledScores Scores(JsonElement golden) =>
        new(golden.GetProperty("scores").Doubles(), [.. golden.GetProperty("labels").Ints().Select(label => label == 1)]);

    [Test]
    public void Intervals_of_rates_are_those_of_statsmodels()
    {
        foreach (JsonElement golden in s_goldens.GetProperty("intervals").EnumerateArray())
        {
            int successes = golden.Count("successes"), trials = golden.Count("trials");
            Check(Interval.Wilson(successes, trials), golden.GetProperty("wilson").Doubles(), $"Wilson {successes} of {trials}");
            Check(Interval.ClopperPearson(successes, trials), golden.GetProperty("clopper_pearson").Doubles(), $"Clopper-Pearson {successes} of {trials}");
        }

        static void Check(Interval found, double[] expected, string what) =>
            Assert.That(new[] { found.Low, found.High }, Is.EqualTo(expected).Within(Tolerance), what);
    }

    [TestCaseSource(nameof(Classifiers))]
    public void Classifiers_are_measured_as_by_scikit_learn(JsonElement golden)
    {
        LabelledScores scores = Scores(golden);
        Confusion confusion = scores.At(golden.Number("threshold"));
        Assert.Multiple(() =>
        {
            Assert.That((confusion.TruePositives, confusion.FalsePositives, confusion.FalseNegatives, confusion.TrueNegatives),
                Is.EqualTo((golden.Count("tp"), golden.Count("fp"), golden.Count("fn"), golden.Count("tn"))));
            Assert.That(confusion.Precision, Is.EqualTo(golden.Number("precision")).Within(Tolerance), "precision");
            Assert.That(confusion.Recall, Is.EqualTo(golden.Number("recall")).Within(Tolerance), "recall");
            Assert.That(confusion.F1, Is.EqualTo(golden.Number("f1")).Within(Tolerance), "F1");
            Same(scores.Auroc(), "auroc");
            Same(scores.AveragePrecision(), "average_precision");
            Same(scores.Brier(), "brier");
            Same(scores.ExpectedCalibrationError(10), "ece_10");
            Same(scores.ExpectedCalibrationError(15), "ece_15");
        });

        void Same(double? found, string name)
        {
            if (golden.Nullable(name) is { } expected)
                Assert.That(found, Is.EqualTo(expected).Within(Tolerance), name);
            else
                Assert.That(found, Is.Null, name);
        }
    }

    [Test]
    public void Calibration_bins_hold_every_item_once_and_give_the_error()
    {
        LabelledScores scores = Scores(s_goldens.GetProperty("classifiers").EnumerateArray().Single(golden => golden.GetProperty("name").GetString() == "random 1000"));
        IReadOnlyList<CalibrationBin> bins = scores.Calibration(15);
        Assert.That(bins.Sum(bin => bin.Count), Is.EqualTo(1000));
        Assert.That(bins.Sum(bin => bin.Count / 1000.0 * Math.Abs(bin.MeanScore - bin.MeanLabel)), Is.EqualTo(scores.ExpectedCalibrationError(15)).Within(Tolerance));
        Assert.That(bins, Has.All.Matches<CalibrationBin>(bin => bin.MeanScore >= bin.From && bin.MeanScore <= bin.To));
    }

    // P of the binomial distribution with ½, summed by hand: 1 of 6: 2 (1 + 6) / 64; 0 of 5: 2 / 32; 3 of 10: 2 (1 + 10 + 45 + 120) / 1024
    [TestCase(1, 5, 14.0 / 64)]
    [TestCase(5, 0, 2.0 / 32)]
    [TestCase(3, 7, 352.0 / 1024)]
    [TestCase(4, 4, 1)]
    [TestCase(0, 0, 1)]
    public void McNemars_exact_test_sums_the_binomial(int onlyFirst, int onlySecond, double expected) =>
        Assert.That(new McNemar(onlyFirst, onlySecond).ExactP, Is.EqualTo(expected).Within(1e-12));

    [Test]
    public void McNemar_counts_the_items_that_differ()
    {
        Assert.That(McNemar.Of([true, true, false, true], [true, false, true, false]), Is.EqualTo(new McNemar(2, 1)));
        Assert.That(() => McNemar.Of([true], []), Throws.ArgumentException);
    }

    [Test]
    public void Quantiles_interpolate_between_neighbours()
    {
        double[] sorted = [1, 2, 4, 8];
        Assert.That(new[] { 0, 0.25, 0.5, 0.9, 1 }.Select(share => Quantiles.OfSorted(sorted, share)), Is.EqualTo(new[] { 1, 1.75, 3, 6.8, 8 }).Within(1e-12));
        Assert.That(() => Quantiles.OfSorted([], 0.5), Throws.ArgumentException);
    }

    [Test]
    public void A_bootstrap_interval_is_the_same_for_the_same_seed_and_near_Wilsons_for_a_rate()
    {
        bool[] items = [.. Enumerable.Range(0, 400).Select(i => i % 4 == 0)];
        Interval found = Interval.Bootstrap(items.Length, Rate, seed: 5);
        Assert.That(Interval.Bootstrap(items.Length, Rate, seed: 5), Is.EqualTo(found));
        Assert.That(Interval.Bootstrap(items.Length, Rate, seed: 6), Is.Not.EqualTo(found));
        Interval wilson = Interval.Wilson(100, 400);
        Assert.That(new[] { found.Low, found.High }, Is.EqualTo(new[] { wilson.Low, wilson.High }).Within(0.01));

        double Rate(int[] sample) => sample.Count(i => items[i]) / (double)sample.Length;
    }

    [Test]
    public void Intervals_hold_the_rate_and_mirror_each_other() => Prop.ForAll(
        Gen.Choose(1, 5000).SelectMany(trials => Gen.Choose(0, trials).Select(successes => (successes, trials))).ToArbitrary(),
        rate =>
        {
            (int successes, int trials) = rate;
            Interval wilson = Interval.Wilson(successes, trials), exact = Interval.ClopperPearson(successes, trials);
            Interval mirrored = Interval.ClopperPearson(trials - successes, trials);
            double share = (double)successes / trials;
            return wilson.Low <= share && share <= wilson.High && exact.Low <= share && share <= exact.High
                && Math.Abs(exact.Low - (1 - mirrored.High)) < 1e-9 && Math.Abs(exact.High - (1 - mirrored.Low)) < 1e-9;
        }).QuickCheckThrowOnFailure();

    [Test]
    public void Auroc_is_the_share_of_pairs_in_the_right_order() => Prop.ForAll(
        Gen.Zip(Gen.Choose(0, 5), Gen.Choose(0, 1)).NonEmptyListOf().ToArbitrary(),
        items =>
        {
            (int Score, bool Label)[] list = [.. items.Select(item => (item.Item1, item.Item2 == 1))];
            double[] pairs = [.. from positive in list where positive.Label from negative in list where !negative.Label select positive.Score > negative.Score ? 1.0 : positive.Score == negative.Score ? 0.5 : 0];
            double? found = new LabelledScores([.. list.Select(item => (double)item.Score)], [.. list.Select(item => item.Label)]).Auroc();
            return pairs.Length == 0 ? found is null : Math.Abs(found!.Value - pairs.Average()) < 1e-12;
        }).QuickCheckThrowOnFailure();

    [Test]
    public void What_cannot_be_measured_is_refused()
    {
        Assert.That(() => new LabelledScores([], []), Throws.ArgumentException);
        Assert.That(() => new LabelledScores([1], [true, false]), Throws.ArgumentException);
        Assert.That(() => new LabelledScores([double.NaN], [true]), Throws.ArgumentException.With.Message.Contains("NaN"));
        Assert.That(() => Interval.Wilson(0, 0), Throws.ArgumentException);
        Assert.That(() => Interval.ClopperPearson(3, 2), Throws.ArgumentException);
    }
}
