using System.Numerics.Tensors;

namespace Managed.Guards.Learning;

/// <summary>
/// Columns brought to mean 0 and variance 1 for a training, and taken back into the first layer's weights afterwards, so that
/// what was trained reads the states as they are.
/// </summary>
internal sealed class Standardisation
{
    private readonly double[] mean, inverse; // 1 / standard deviation; 0 for a column that never changes

    public Standardisation(IReadOnlyList<float[]> rows)
    {
        mean = Vectors.Mean(rows);
        var square = new double[mean.Length];
        foreach (float[] row in rows)
        {
            double[] difference = Vectors.Subtract(Vectors.ToDouble(row), mean);
            TensorPrimitives.MultiplyAdd(difference, difference, square, square);
        }
        inverse = Array.ConvertAll(square, sum => sum > 0 ? 1 / Math.Sqrt(sum / rows.Count) : 0);
    }

    public double[] Apply(ReadOnlySpan<float> row)
    {
        double[] scaled = Vectors.Subtract(Vectors.ToDouble(row), mean);
        TensorPrimitives.Multiply(scaled, inverse, scaled);
        return scaled;
    }

    /// <summary>w·(x − mean)/deviation + b as a weight and bias of x itself; the weight is overwritten, the bias given back.</summary>
    public double Fold(Span<double> weight, double bias)
    {
        TensorPrimitives.Multiply(weight, inverse, weight);
        return bias - Vectors.Dot(weight, mean);
    }

    /// <summary>Makes a network's first layer read rows as they are.</summary>
    public void FoldInto(Mlp<float> mlp)
    {
        for (int unit = 0; unit < mlp.Sizes[1]; unit++)
        {
            Span<float> weight = mlp.Parameters[0].AsSpan(unit * mlp.Sizes[0], mlp.Sizes[0]);
            double[] wide = Vectors.ToDouble(weight);
            mlp.Parameters[1][unit] = (float)Fold(wide, mlp.Parameters[1][unit]);
            Vectors.ToSingle(wide).CopyTo(weight);
        }
    }
}
