using System.Numerics.Tensors;

namespace Managed.Guards.Learning;

/// <summary>Directions from the states of two kinds of prompts; everything is summed in float64.</summary>
public static class Directions
{
    /// <summary>The direction from the negative to the positive states.</summary>
    /// <param name="method">How.</param>
    /// <param name="positive">Rows [rows, width].</param>
    /// <param name="negative">Rows; for methods of pairs, the i-th belongs to the i-th positive one.</param>
    /// <exception cref="GuardException">No rows, different widths, counts that are no pairs, or states that give no direction.</exception>
    public static float[] Extract(DirectionMethod method, States positive, States negative) => Vectors.ToSingle(Extract(method, positive, negative, out _));

    internal static double[] Extract(DirectionMethod method, States positive, States negative, out double? share)
    {
        if (positive.Count == 0 || negative.Count == 0)
            throw new GuardException($"{positive.HookPoint}: found {positive.Count} positive and {negative.Count} negative states; expected at least one of each.");
        if (positive.Width != negative.Width)
            throw new GuardException($"{positive.HookPoint}: found states of {positive.Width} and {negative.Width} elements; expected the same width.");
        share = null;
        if (method == DirectionMethod.Mean)
            return Vectors.Subtract(Vectors.Mean(positive.Rows), Vectors.Mean(negative.Rows));
        double[][] plus = Vectors.ToDouble(positive.Rows), minus = Vectors.ToDouble(negative.Rows);
        if (method == DirectionMethod.PcaPooled)
            return Pooled(plus, minus, out share);
        if (plus.Length != minus.Length)
            throw new GuardException($"{positive.HookPoint}: found {plus.Length} positive and {minus.Length} negative states; expected pairs, as {method} compares the two of each pair. {DirectionMethod.Mean} and {DirectionMethod.PcaPooled} need none.");
        double[][] differences = [.. plus.Zip(minus, (a, b) => Vectors.Subtract(a, b))];
        switch (method)
        {
            case DirectionMethod.Pca:
                double[] mean = Vectors.Mean(differences);
                return SignedByPairs(First([.. differences.Select(row => Vectors.Subtract(row, mean))], out share), differences);
            case DirectionMethod.PcaPairwise: // the states less their pair's mean are ± half the difference
                return SignedByPairs(First(differences, out share), differences);
            case DirectionMethod.PcaUncentred:
                return SignedBy(Vectors.Mean(differences), First(differences, out share));
            case DirectionMethod.Logistic:
                return Logistic(differences);
            default:
                throw new GuardException($"found the method {method}; expected one of {string.Join(", ", Enum.GetNames<DirectionMethod>())}.");
        }
    }

    /// <summary>A direction of length 1.</summary>
    /// <exception cref="GuardException">It has no length.</exception>
    public static float[] Unit(ReadOnlySpan<float> direction) => Vectors.ToSingle(Unit(Vectors.ToDouble(direction)));

    /// <summary>The entries of largest magnitude (ties: lower index), as a sparse direction keeps them; indices ascending. (Jailbreak Antidote)</summary>
    /// <param name="direction">The direction.</param>
    /// <param name="count">How many entries are kept.</param>
    public static int[] LargestEntries(ReadOnlySpan<float> direction, int count)
    {
        float[] values = direction.ToArray();
        return [.. Enumerable.Range(0, values.Length).OrderByDescending(i => Math.Abs(values[i])).ThenBy(i => i).Take(count).Order()];
    }

    /// <summary>Rows of differences at every token of every pair, the shorter prompt filled up at its end; rows of zeros are left out. (llama.cpp)</summary>
    /// <param name="model">The model.</param>
    /// <param name="positive">Token ids of the positive prompts.</param>
    /// <param name="negative">Token ids of their counterparts.</param>
    /// <param name="filler">The token that fills up: llama.cpp's generator takes that of a space.</param>
    /// <param name="hooks">Hook points.</param>
    /// <returns>For each hook point, its rows.</returns>
    public static IReadOnlyList<States> TokenDifferences(
        LanguageModel model, IReadOnlyList<int[]> positive, IReadOnlyList<int[]> negative, int filler, IReadOnlyList<string> hooks)
    {
        const float Nothing = 1e-6f;
        if (positive.Count != negative.Count)
            throw new GuardException($"found {positive.Count} positive and {negative.Count} negative prompts; expected pairs.");
        int[] Filled(int[] ids, int length) => [.. ids, .. Enumerable.Repeat(filler, Math.Max(0, length - ids.Length))];
        IReadOnlyList<States> plus = ActivationCollector.Collect(model, [.. positive.Zip(negative, (p, n) => Filled(p, n.Length))], hooks, StatePositions.All);
        IReadOnlyList<States> minus = ActivationCollector.Collect(model, [.. negative.Zip(positive, (n, p) => Filled(n, p.Length))], hooks, StatePositions.All);
        return [.. plus.Zip(minus, (p, n) =>
        {
            IEnumerable<float[]> rows = p.Rows.Zip(n.Rows, (a, b) =>
            {
                var difference = new float[a.Length];
                TensorPrimitives.Subtract(a, b, difference);
                return difference;
            });
            return States.Of(p.HookPoint, p.Width, rows.Where(row => TensorPrimitives.MaxMagnitude<float>(row) is var most && Math.Abs(most) > Nothing));
        })];
    }

    /// <summary>First eigenvector of rows of differences as they are; unit, sign towards their mean.</summary>
    public static float[] UncentredPca(States differences)
    {
        double[][] rows = Vectors.ToDouble(differences.Rows);
        return Vectors.ToSingle(SignedBy(Vectors.Mean(rows), First(rows, out _)));
    }

    private static double[] First(IReadOnlyList<double[]> rows, out double? share)
    {
        PrincipalComponents components = PrincipalComponents.Of(rows, 1);
        share = components.Shares[0];
        return components.Vectors[0];
    }

    private static double[] Pooled(double[][] plus, double[][] minus, out double? share)
    {
        double[] up = Vectors.Mean(plus), down = Vectors.Mean(minus), middle = Vectors.Scaled(up, 0.5);
        Vectors.AddScaled(middle, 0.5, down);
        double[] first = First([.. plus.Concat(minus).Select(row => Vectors.Subtract(row, middle))], out share);
        return SignedBy(Vectors.Subtract(up, down), first);
    }

    private static double[] SignedBy(double[] towards, double[] direction) =>
        Vectors.Dot(towards, direction) < 0 ? Vectors.Scaled(direction, -1) : direction;

    // Turned round where the positive state lies below the negative one in more pairs than above.
    private static double[] SignedByPairs(double[] direction, double[][] differences)
    {
        int above = differences.Count(row => Vectors.Dot(row, direction) > 0), below = differences.Count(row => Vectors.Dot(row, direction) < 0);
        return below > above ? Vectors.Scaled(direction, -1) : direction;
    }

    private static double[] Logistic(double[][] differences)
    {
        // Less its pair's mean, a positive state is half the difference and a negative one its opposite.
        double[][] rows = [.. differences.Select(row => Vectors.Scaled(row, 0.5)), .. differences.Select(row => Vectors.Scaled(row, -0.5))];
        bool[] labels = [.. rows.Select((_, i) => i < differences.Length)];
        return Unit(LogisticRegression.Fit(rows, labels, penalty: 1, intercept: false).Weight);
    }

    private static double[] Unit(double[] direction)
    {
        double norm = Vectors.Norm(direction);
        return norm > 0 && double.IsFinite(norm) ? Vectors.Scaled(direction, 1 / norm)
            : throw new GuardException($"found a direction of length {norm}; expected one with a length, which can be scaled to 1.");
    }
}
