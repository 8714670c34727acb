namespace Managed.Guards.Learning;

/// <summary>Eigenvectors of a small symmetric matrix by Jacobi's rotations, largest eigenvalue first.</summary>
internal static class SymmetricEigen
{
    private const int MostSweeps = 100;

    /// <param name="matrix">Symmetric [n, n]; overwritten.</param>
    /// <returns>Eigenvalues, descending, and the eigenvectors as rows [n, n].</returns>
    public static (double[] Values, double[,] Vectors) Solve(double[,] matrix)
    {
        int n = matrix.GetLength(0);
        var vectors = new double[n, n];
        double scale = 0;
        for (int i = 0; i < n; i++)
        {
            vectors[i, i] = 1;
            for (int j = 0; j < n; j++)
                scale += matrix[i, j] * matrix[i, j];
        }
        for (int sweep = 0; sweep < MostSweeps && OffDiagonal(matrix, n) > 1e-32 * scale; sweep++)
            for (int p = 0; p < n - 1; p++)
                for (int q = p + 1; q < n; q++)
                    Rotate(matrix, vectors, n, p, q);

        int[] order = [.. Enumerable.Range(0, n).OrderByDescending(i => matrix[i, i])];
        var sorted = new double[n, n];
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                sorted[i, j] = vectors[order[i], j];
        return ([.. order.Select(i => matrix[i, i])], sorted);
    }

    private static double OffDiagonal(double[,] matrix, int n)
    {
        double sum = 0;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < i; j++)
                sum += 2 * matrix[i, j] * matrix[i, j];
        return sum;
    }

    // Makes the element (p, q) zero.
    private static void Rotate(double[,] matrix, double[,] vectors, int n, int p, int q)
    {
        if (matrix[p, q] == 0)
            return;
        double theta = (matrix[q, q] - matrix[p, p]) / (2 * matrix[p, q]);
        double t = (theta >= 0 ? 1 : -1) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        double c = 1 / Math.Sqrt((t * t) + 1), s = t * c;
        for (int k = 0; k < n; k++)
        {
            (double kp, double kq) = (matrix[k, p], matrix[k, q]);
            (matrix[k, p], matrix[k, q]) = ((c * kp) - (s * kq), (s * kp) + (c * kq));
        }
        for (int k = 0; k < n; k++)
        {
            (double pk, double qk) = (matrix[p, k], matrix[q, k]);
            (matrix[p, k], matrix[q, k]) = ((c * pk) - (s * qk), (s * pk) + (c * qk));
            (pk, qk) = (vectors[p, k], vectors[q, k]);
            (vectors[p, k], vectors[q, k]) = ((c * pk) - (s * qk), (s * pk) + (c * qk));
        }
    }
}
