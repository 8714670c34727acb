using Managed.Guards.Learning;

namespace Managed.Tests.Guards.Learning;

/// <summary>Directions of planted states, golden numbers of papers, and what is refused.</summary>
public class DirectionTests
{
    private static States Rows(params float[][] rows) => States.Of("test", rows[0].Length, rows);

    // Noise around two means that lie along `direction`.
    private static (States Positive, States Negative) Planted(int seed, int count, double[] direction, double gap)
    {
        var random = new SplitMix((ulong)seed);
        float[] Row(double along)
        {
            var row = new float[direction.Length];
            for (int i = 0; i < row.Length; i++)
                row[i] = (float)((along * direction[i]) + random.NextDouble() - 0.5);
            return row;
        }
        return (Rows([.. Enumerable.Range(0, count).Select(_ => Row(gap))]), Rows([.. Enumerable.Range(0, count).Select(_ => Row(-gap))]));
    }

    [Test]
    public void Methods_find_a_planted_direction_and_its_sign(
        [Values(DirectionMethod.Mean, DirectionMethod.PcaPairwise, DirectionMethod.PcaUncentred, DirectionMethod.PcaPooled, DirectionMethod.Logistic)] DirectionMethod method,
        [Values(1, -1)] int sign)
    {
        double[] direction = [.. Enumerable.Range(0, 40).Select(i => i == 7 ? 0.6 * sign : i == 31 ? -0.8 : 0)];
        var (positive, negative) = Planted(5, 400, direction, 8);
        float[] found = Directions.Unit(Directions.Extract(method, positive, negative));
        Assert.That(SteeringGoldens.Angle(found, Vectors.ToSingle(direction)), Is.LessThan(2e-3));
    }

    // They hold nothing of a shift that all pairs share.
    [Test]
    public void Centred_differences_show_what_varies_from_pair_to_pair()
    {
        var random = new SplitMix(9);
        float[] Row(double shift) => [(float)(random.NextDouble() + 10), (float)shift, (float)random.NextDouble()];
        double[] shifts = [.. Enumerable.Range(0, 200).Select(i => 4 + (i % 7))];
        float[] found = Directions.Extract(DirectionMethod.Pca, Rows([.. shifts.Select(Row)]), Rows([.. shifts.Select(_ => Row(0))]));
        Assert.That(SteeringGoldens.Angle(found, [0, 1, 0]), Is.LessThan(1e-3));
    }

    [Test]
    public void The_order_of_pairs_does_not_turn_a_direction()
    {
        var (positive, negative) = Planted(6, 50, [.. Enumerable.Range(0, 16).Select(i => i == 3 ? 1.0 : 0)], 2);
        States Reversed(States states) => Rows([.. states.Rows.Reverse()]);
        foreach (DirectionMethod method in Enum.GetValues<DirectionMethod>())
            Assert.That(SteeringGoldens.Angle(Directions.Extract(method, positive, negative), Directions.Extract(method, Reversed(positive), Reversed(negative))), Is.LessThan(1e-9), method.ToString());
    }

    [Test]
    public void The_vector_of_scans_is_the_golden()
    {
        float[] raw = Directions.Extract(DirectionMethod.Mean, Rows([1, 2, 0], [2, 2, 1]), Rows([0, 1, 1], [-1, 0, 1]));
        Assert.That(raw, Is.EqualTo(new[] { 2, 1.5f, -0.5f }));
        Assert.That(Directions.Unit(raw), Is.EqualTo(new[] { .784465f, .588348f, -.196116f }).Within(1e-6));
    }

    [Test]
    public void The_mask_of_jailbreak_antidote_is_the_golden()
    {
        float[] direction = [.5f, -.1f, .7f, .02f, -.3f];
        Assert.That(Directions.LargestEntries(direction, 2), Is.EqualTo(new[] { 0, 2 }));
        Assert.That(Directions.LargestEntries(direction, 5), Is.EqualTo(new[] { 0, 1, 2, 3, 4 }));
    }

    [Test]
    public void Logistic_regression_stands_where_its_gradient_is_zero([Values(0.01, 1, 100)] double penalty, [Values] bool intercept)
    {
        var (positive, negative) = Planted(8, 60, [.. Enumerable.Range(0, 12).Select(i => i == 3 ? 1.0 : 0)], 0.2);
        double[][] rows = Vectors.ToDouble([.. positive.Rows, .. negative.Rows]);
        bool[] labels = [.. rows.Select((_, i) => i < 60)];
        LogisticRegression fit = LogisticRegression.Fit(rows, labels, penalty, intercept);
        var gradient = Vectors.Scaled(fit.Weight, penalty);
        double bias = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            double error = LogisticRegression.Sigmoid(fit.Score(rows[i])) - (labels[i] ? 1 : 0);
            Vectors.AddScaled(gradient, error, rows[i]);
            bias += error;
        }
        Assert.That(Vectors.Norm(gradient), Is.LessThan(1e-6));
        Assert.That(intercept ? bias : fit.Bias, Is.EqualTo(0).Within(1e-6));
    }

    [Test]
    public void Components_of_equal_rows_diagonal_rows_and_few_rows()
    {
        PrincipalComponents components = PrincipalComponents.Of([[3, 0, 0, 0], [0, 2, 0, 0], [0, 0, 1, 0]], 3);
        Assert.That(components.Values, Is.EqualTo(new[] { 9.0, 4, 1 }).Within(1e-10));
        for (int i = 0; i < 3; i++)
            Assert.That(Math.Abs(components.Vectors[i][i]), Is.EqualTo(1).Within(1e-10));
        Assert.That(PrincipalComponents.Of([[1, 1], [1, 1]], 1).Shares[0], Is.EqualTo(1).Within(1e-12));
        Assert.That(() => PrincipalComponents.Of([[0.0, 0]], 1), Throws.TypeOf<GuardException>());
        Assert.That(() => PrincipalComponents.Of([[1, double.NaN]], 1), Throws.TypeOf<GuardException>());
        Assert.That(() => PrincipalComponents.Of([[1.0, 2]], 2), Throws.TypeOf<GuardException>());
    }

    [Test]
    public void What_gives_no_direction_is_refused()
    {
        States one = Rows([1, 2]), two = Rows([1, 2], [3, 4]), wide = Rows([1, 2, 3]);
        Assert.That(() => Directions.Extract(DirectionMethod.PcaPairwise, one, two), Throws.TypeOf<GuardException>().With.Message.Contains("pairs"));
        Assert.That(() => Directions.Extract(DirectionMethod.Mean, one, wide), Throws.TypeOf<GuardException>().With.Message.Contains("width"));
        Assert.That(() => Directions.Extract(DirectionMethod.PcaPairwise, one, one), Throws.TypeOf<GuardException>(), "no difference");
        Assert.That(() => Directions.Unit([0, 0]), Throws.TypeOf<GuardException>());
        Assert.That(() => LogisticRegression.Fit([[1.0], [2]], [true, true], 1), Throws.TypeOf<GuardException>().With.Message.Contains("both kinds"));
        Assert.That(() => LogisticRegression.Fit([[1.0], [2]], [true, false], 0), Throws.TypeOf<GuardException>().With.Message.Contains("penalty"));
    }
}
