using System.Numerics.Tensors;
using Managed.Kernels;

namespace Managed.Guards.Learning;

/// <summary>Some token rows, their logits, and after <see cref="Differentiate"/> the loss's gradient by the head's products.</summary>
internal sealed class HeadBatch
{
    private readonly int[] next;

    public HeadBatch(ITokenRows rows, ReadOnlySpan<int> chosen, int vocabulary)
    {
        Count = chosen.Length;
        States = new float[Count][];
        next = new int[Count];
        Values = new float[Count][];
        for (int i = 0; i < Count; i++)
        {
            States[i] = rows.State(chosen[i]).ToArray();
            next[i] = rows.Next(chosen[i]);
            Values[i] = new float[vocabulary];
            if ((uint)next[i] >= (uint)vocabulary)
                throw new GuardException($"refusal head: found the token {next[i]}; expected ids below {vocabulary}.");
        }
    }

    public int Count { get; }

    /// <summary>[rows][width].</summary>
    public float[][] States { get; }

    /// <summary>Products W u, then their gradients, [rows][vocabulary].</summary>
    public float[][] Values { get; }

    /// <summary>Replaces the products by the gradient of Σ −ln p(next) · weight; gives the loss without the weight, and how many tokens were the most likely ones.</summary>
    public (double Loss, int Right) Differentiate(LogitShape shape, double weight)
    {
        var losses = new double[Count];
        var right = new bool[Count];
        Parallel.For(0, Count, row =>
        {
            float[] values = Values[row];
            if (shape.Bias is not null)
                TensorPrimitives.Add(values, shape.Bias, values);
            if (shape.Scale != 1)
                TensorPrimitives.Multiply(values, shape.Scale, values);
            if (shape.SoftCap != 0)
                for (int i = 0; i < values.Length; i++)
                    values[i] = shape.SoftCap * MathF.Tanh(values[i] / shape.SoftCap);
            double normaliser = LogSumExp.Of(values);
            losses[row] = normaliser - values[next[row]];
            right[row] = TensorPrimitives.IndexOfMax<float>(values) == next[row];
            for (int i = 0; i < values.Length; i++)
            {
                double gradient = Math.Exp(values[i] - normaliser) - (i == next[row] ? 1 : 0);
                if (shape.SoftCap != 0)
                    gradient *= 1 - ((double)values[i] / shape.SoftCap * values[i] / shape.SoftCap);
                values[i] = (float)(gradient * weight * shape.Scale);
            }
        });
        return (losses.Sum(), right.Count(one => one));
    }
}
