namespace Managed.Guards.Evaluation;

/// <summary>The Beta distribution: what exact binomial intervals and tests are made of.</summary>
internal static class BetaDistribution
{
    private static readonly double[] s_lanczos = // g = 7, 9 terms
    [
        0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
        12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
    ];

    /// <summary>P(X ≤ x): the regularised incomplete beta function I_x(a, b).</summary>
    public static double Cumulative(double x, double a, double b)
    {
        if (x <= 0)
            return 0;
        if (x >= 1)
            return 1;
        // the continued fraction converges fast on this side of the mean; the other is its mirror
        return x < (a + 1) / (a + b + 2) ? Fraction(x, a, b) : 1 - Fraction(1 - x, b, a);
    }

    /// <summary>The x with P(X ≤ x) = probability.</summary>
    public static double Quantile(double probability, double a, double b)
    {
        double low = 0, high = 1;
        while (true)
        {
            double middle = (low + high) / 2;
            if (middle <= low || middle >= high) // neighbours: as near as numbers come
                return middle;
            if (Cumulative(middle, a, b) < probability)
                low = middle;
            else
                high = middle;
        }
    }

    // Lentz's evaluation of the continued fraction.
    private static double Fraction(double x, double a, double b)
    {
        const double Tiny = 1e-300;
        double front = Math.Exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + (a * Math.Log(x)) + (b * Math.Log(1 - x))) / a;
        double c = 1, d = 1 / NotZero(1 - ((a + b) * x / (a + 1))), value = d;
        for (int m = 1; m < 10_000; m++)
        {
            Term(m * (b - m) * x / ((a + (2 * m) - 1) * (a + (2 * m))));
            double change = Term(-(a + m) * (a + b + m) * x / ((a + (2 * m)) * (a + (2 * m) + 1)));
            if (Math.Abs(change - 1) < 1e-16)
                break;
        }
        return front * value;

        double Term(double numerator)
        {
            d = 1 / NotZero(1 + (numerator * d));
            c = NotZero(1 + (numerator / c));
            value *= c * d;
            return c * d;
        }

        static double NotZero(double number) => Math.Abs(number) < Tiny ? Tiny : number;
    }

    private static double LogGamma(double x) // x ≥ 0.5
    {
        x--;
        double sum = s_lanczos[0], t = x + 7.5;
        for (int i = 1; i < s_lanczos.Length; i++)
            sum += s_lanczos[i] / (x + i);
        return (0.5 * Math.Log(2 * Math.PI)) + ((x + 0.5) * Math.Log(t)) - t + Math.Log(sum);
    }
}
