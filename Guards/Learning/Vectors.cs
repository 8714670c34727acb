using System.Numerics.Tensors;

namespace Managed.Guards.Learning;

/// <summary>Arithmetic of rows in float64; every sum goes in the order of the rows.</summary>
internal static class Vectors
{
    public static double[] ToDouble(ReadOnlySpan<float> row)
    {
        var wide = new double[row.Length];
        TensorPrimitives.ConvertTruncating(row, wide);
        return wide;
    }

    public static float[] ToSingle(ReadOnlySpan<double> row)
    {
        var narrow = new float[row.Length];
        for (int i = 0; i < narrow.Length; i++)
            narrow[i] = (float)row[i];
        return narrow;
    }

    public static double[][] ToDouble(IReadOnlyList<float[]> rows) => [.. rows.Select(row => ToDouble(row))];

    /// <summary>Mean of the rows.</summary>
    public static double[] Mean(IReadOnlyList<float[]> rows)
    {
        var sum = new double[rows[0].Length];
        foreach (float[] row in rows)
            TensorPrimitives.Add(sum, ToDouble(row), sum);
        TensorPrimitives.Divide(sum, rows.Count, sum);
        return sum;
    }

    /// <inheritdoc cref="Mean(IReadOnlyList{float[]})"/>
    public static double[] Mean(IReadOnlyList<double[]> rows)
    {
        var sum = new double[rows[0].Length];
        foreach (double[] row in rows)
            TensorPrimitives.Add(sum, row, sum);
        TensorPrimitives.Divide(sum, rows.Count, sum);
        return sum;
    }

    public static double[] Subtract(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var difference = new double[a.Length];
        TensorPrimitives.Subtract(a, b, difference);
        return difference;
    }

    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b) => TensorPrimitives.Dot(a, b);

    public static double Norm(ReadOnlySpan<double> a) => Math.Sqrt(TensorPrimitives.Dot(a, a));

    /// <summary>target += factor · direction.</summary>
    public static void AddScaled(Span<double> target, double factor, ReadOnlySpan<double> direction) =>
        TensorPrimitives.MultiplyAdd(direction, factor, target, target);

    public static double[] Scaled(ReadOnlySpan<double> row, double factor)
    {
        var scaled = new double[row.Length];
        TensorPrimitives.Multiply(row, factor, scaled);
        return scaled;
    }
}
