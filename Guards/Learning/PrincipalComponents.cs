using System.Numerics.Tensors;

namespace Managed.Guards.Learning;

/// <summary>
/// The first eigenvectors of XᵀX for rows X, in float64, by subspace iteration with Rayleigh-Ritz: XᵀX is never formed, a
/// start that is always the same makes the result so.
/// </summary>
internal sealed class PrincipalComponents
{
    private const int Extra = 8, MostIterations = 5000; // vectors beside those wanted: they make it converge
    private const double Converged = 1e-12, Acceptable = 1e-6; // residual relative to the largest eigenvalue

    private PrincipalComponents(double[][] vectors, double[] values, double total)
    {
        Vectors = vectors;
        Values = values;
        Shares = [.. values.Select(value => total > 0 ? value / total : 0)];
    }

    /// <summary>Unit vectors, [components][width], by falling eigenvalue; their signs mean nothing.</summary>
    public double[][] Vectors { get; }

    /// <summary>Eigenvalues of XᵀX.</summary>
    public double[] Values { get; }

    /// <summary>Share of the rows' sum of squares along each.</summary>
    public double[] Shares { get; }

    /// <param name="rows">X, [rows][width]; centred by the caller where that is wanted.</param>
    /// <param name="count">Components, at most the smaller side of X.</param>
    /// <exception cref="GuardException">Too few rows, rows that are all zero or not finite, or no convergence.</exception>
    public static PrincipalComponents Of(IReadOnlyList<double[]> rows, int count)
    {
        if (rows.Count == 0 || Math.Min(rows.Count, rows[0].Length) < count)
            throw new GuardException($"principal components: found {rows.Count} rows{(rows.Count > 0 ? $" of {rows[0].Length} elements" : "")}; expected at least {count} of both.");
        double total = rows.Sum(row => Learning.Vectors.Dot(row, row));
        if (!double.IsFinite(total) || total == 0)
            throw new GuardException($"principal components: found rows with the sum of squares {total}; expected finite rows that differ.");

        int width = rows[0].Length, block = Math.Min(count + Extra, Math.Min(rows.Count, width));
        double[][] vectors = Start(block, width);
        double residual = double.PositiveInfinity;
        for (int iteration = 0; iteration < MostIterations; iteration++)
        {
            Orthonormalise(vectors);
            double[][] projected = [.. vectors.Select(vector => Project(rows, vector))]; // X v, [block][rows]
            (double[] values, double[,] turn) = SymmetricEigen.Solve(Products(projected));
            vectors = Turn(turn, vectors);
            projected = Turn(turn, projected);
            double[][] next = [.. projected.Select(side => Combine(rows, side, width))]; // Xᵀ X v
            residual = 0;
            for (int i = 0; i < count; i++)
            {
                double[] difference = (double[])next[i].Clone();
                Learning.Vectors.AddScaled(difference, -values[i], vectors[i]);
                residual = Math.Max(residual, Learning.Vectors.Norm(difference) / values[0]);
            }
            if (residual <= Converged || (iteration == MostIterations - 1 && residual <= Acceptable))
                return new PrincipalComponents(vectors[..count], values[..count], total);
            vectors = next;
        }
        throw new GuardException($"principal components: after {MostIterations} iterations the residual is {residual:0.0e+00} of the largest eigenvalue; the components are too close to each other to be told apart.");
    }

    private static double[][] Start(int block, int width)
    {
        var random = new SplitMix(1);
        var vectors = new double[block][];
        for (int i = 0; i < block; i++)
        {
            vectors[i] = new double[width];
            for (int j = 0; j < width; j++)
                vectors[i][j] = random.NextDouble() - 0.5;
        }
        return vectors;
    }

    // Gram-Schmidt, twice; a vector that the others span becomes zero.
    internal static void Orthonormalise(double[][] vectors)
    {
        for (int i = 0; i < vectors.Length; i++)
        {
            double before = Learning.Vectors.Norm(vectors[i]);
            for (int pass = 0; pass < 2; pass++)
                for (int j = 0; j < i; j++)
                    Learning.Vectors.AddScaled(vectors[i], -Learning.Vectors.Dot(vectors[i], vectors[j]), vectors[j]);
            double norm = Learning.Vectors.Norm(vectors[i]);
            if (norm <= 1e-14 * before)
                Array.Clear(vectors[i]);
            else
                TensorPrimitives.Divide(vectors[i], norm, vectors[i]);
        }
    }

    private static double[] Project(IReadOnlyList<double[]> rows, double[] vector)
    {
        var projected = new double[rows.Count];
        for (int row = 0; row < projected.Length; row++)
            projected[row] = Learning.Vectors.Dot(rows[row], vector);
        return projected;
    }

    private static double[] Combine(IReadOnlyList<double[]> rows, double[] factors, int width)
    {
        var sum = new double[width];
        for (int row = 0; row < factors.Length; row++)
            Learning.Vectors.AddScaled(sum, factors[row], rows[row]);
        return sum;
    }

    private static double[,] Products(double[][] vectors)
    {
        var products = new double[vectors.Length, vectors.Length];
        for (int i = 0; i < vectors.Length; i++)
            for (int j = 0; j <= i; j++)
                products[i, j] = products[j, i] = Learning.Vectors.Dot(vectors[i], vectors[j]);
        return products;
    }

    private static double[][] Turn(double[,] turn, double[][] vectors)
    {
        var turned = new double[vectors.Length][];
        for (int i = 0; i < turned.Length; i++)
        {
            turned[i] = new double[vectors[0].Length];
            for (int j = 0; j < vectors.Length; j++)
                Learning.Vectors.AddScaled(turned[i], turn[i, j], vectors[j]);
        }
        return turned;
    }
}
