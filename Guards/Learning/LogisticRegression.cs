using System.Numerics.Tensors;

namespace Managed.Guards.Learning;

/// <summary>
/// The exact minimum of penalty · |w|²/2 + Σ ln(1 + e^(−y (w·x + b))), y = ±1, in float64, by Newton's method with conjugate
/// gradients inside: no matrix is formed, nothing is drawn, the same rows give the same bits.
/// </summary>
internal sealed class LogisticRegression
{
    private const int MostSteps = 200;
    private const double Converged = 1e-10; // norm of the gradient, relative to that at the start

    private LogisticRegression(double[] weight, double bias, double loss)
    {
        Weight = weight;
        Bias = bias;
        Loss = loss;
    }

    public double[] Weight { get; }

    public double Bias { get; }

    /// <summary>The objective at the minimum.</summary>
    public double Loss { get; }

    /// <summary>w·x + b.</summary>
    public double Score(ReadOnlySpan<double> row) => Vectors.Dot(Weight, row) + Bias;

    /// <summary>ln(1 + eˣ), without overflow.</summary>
    public static double Softplus(double x) => Math.Max(x, 0) + double.LogP1(Math.Exp(-Math.Abs(x)));

    public static double Sigmoid(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));

    /// <param name="rows">X, [rows][width].</param>
    /// <param name="labels">Which rows are positive.</param>
    /// <param name="penalty">Weight of |w|²/2, above 0; scikit-learn's C is its inverse.</param>
    /// <param name="intercept">Whether there is a b, which bears no penalty.</param>
    /// <exception cref="GuardException">One class alone, a penalty that is not positive, rows that are not finite.</exception>
    public static LogisticRegression Fit(IReadOnlyList<double[]> rows, IReadOnlyList<bool> labels, double penalty, bool intercept = true)
    {
        if (!(penalty > 0) || !double.IsFinite(penalty))
            throw new GuardException($"logistic regression: found the penalty {penalty}; expected a finite number above 0, without which separable states have no minimum.");
        int positives = labels.Count(label => label);
        if (positives == 0 || positives == labels.Count)
            throw new GuardException($"logistic regression: found {positives} positive of {labels.Count} states; expected both kinds.");

        int width = rows[0].Length;
        var point = new double[width + 1]; // w, then b
        var scores = new double[rows.Count];
        double loss = Objective(point, scores);
        double first = 0;
        for (int step = 0; step < MostSteps; step++)
        {
            double[] gradient = Gradient(point, scores, out double[] curvature);
            double norm = Vectors.Norm(gradient);
            if (!double.IsFinite(norm))
                throw new GuardException("logistic regression: found states that are not finite numbers.");
            first = step == 0 ? norm : first;
            if (norm <= Converged * Math.Max(first, 1e-300))
                break;
            double[] direction = Solve(gradient, curvature, Math.Min(0.1, norm / first) * 1e-3);
            double slope = Vectors.Dot(gradient, direction), size = 1, slack = 1e-14 * Math.Abs(loss);
            var tried = new double[point.Length];
            double value;
            do
            {
                point.CopyTo(tried, 0);
                Vectors.AddScaled(tried, -size, direction);
                value = Objective(tried, scores);
                size /= 2;
            }
            while (!(value <= loss - (1e-4 * size * slope) + slack) && size > 1e-12);
            if (!(value <= loss + slack))
                break; // as low as float64 can tell
            point = tried;
            loss = value;
        }
        return new LogisticRegression(point[..width], point[width], loss);

        double Objective(double[] at, double[] scored)
        {
            double sum = 0.5 * penalty * Vectors.Dot(at.AsSpan(0, width), at.AsSpan(0, width));
            for (int i = 0; i < scored.Length; i++)
            {
                scored[i] = Vectors.Dot(rows[i], at.AsSpan(0, width)) + at[width];
                sum += Softplus(labels[i] ? -scored[i] : scored[i]);
            }
            return sum;
        }

        double[] Gradient(double[] at, double[] scored, out double[] weights)
        {
            Objective(at, scored);
            var gradient = new double[width + 1];
            TensorPrimitives.Multiply(at.AsSpan(0, width), penalty, gradient.AsSpan(0, width));
            weights = new double[scored.Length];
            for (int i = 0; i < scored.Length; i++)
            {
                double p = Sigmoid(scored[i]), error = p - (labels[i] ? 1 : 0);
                weights[i] = p * (1 - p);
                Vectors.AddScaled(gradient.AsSpan(0, width), error, rows[i]);
                gradient[width] += intercept ? error : 0;
            }
            return gradient;
        }

        // Hessian · solution = gradient, to a relative residual.
        double[] Solve(double[] gradient, double[] weights, double tolerance)
        {
            var solution = new double[width + 1];
            double[] rest = (double[])gradient.Clone(), search = (double[])gradient.Clone();
            double square = Vectors.Dot(rest, rest), goal = square * tolerance * tolerance;
            for (int i = 0; i < 2 * (width + 1) && square > goal; i++)
            {
                var product = new double[width + 1];
                TensorPrimitives.Multiply(search.AsSpan(0, width), penalty, product.AsSpan(0, width));
                for (int row = 0; row < weights.Length; row++)
                {
                    double along = weights[row] * (Vectors.Dot(rows[row], search.AsSpan(0, width)) + search[width]);
                    Vectors.AddScaled(product.AsSpan(0, width), along, rows[row]);
                    product[width] += intercept ? along : 0;
                }
                double bend = Vectors.Dot(search, product);
                if (!(bend > 0))
                    break;
                double length = square / bend;
                Vectors.AddScaled(solution, length, search);
                Vectors.AddScaled(rest, -length, product);
                double next = Vectors.Dot(rest, rest);
                TensorPrimitives.MultiplyAdd(search, next / square, rest, search);
                square = next;
            }
            return solution;
        }
    }
}
