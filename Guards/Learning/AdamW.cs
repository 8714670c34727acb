using System.Numerics;
using System.Numerics.Tensors;

namespace Managed.Guards.Learning;

/// <summary>
/// AdamW as in PyTorch: p ← p (1 − lr·wd); M ← β₁M + (1−β₁)g; N ← β₂N + (1−β₂)g²; p ← p − lr (M/(1−β₁ˢ)) / (√(N/(1−β₂ˢ)) + ε).
/// Without weight decay it is Adam.
/// </summary>
internal sealed class AdamW<T>(IReadOnlyList<T[]> parameters, double weightDecay = 0, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
    where T : struct, IFloatingPointIeee754<T>
{
    private readonly T[][] first = [.. parameters.Select(parameter => new T[parameter.Length])];
    private readonly T[][] second = [.. parameters.Select(parameter => new T[parameter.Length])];
    private int step;

    /// <summary>One step along these gradients.</summary>
    public void Step(IReadOnlyList<T[]> gradients, double learningRate)
    {
        step++;
        T rate = T.CreateTruncating(learningRate / (1 - Math.Pow(beta1, step))), root = T.CreateTruncating(1 / Math.Sqrt(1 - Math.Pow(beta2, step)));
        T keep = T.CreateTruncating(1 - (learningRate * weightDecay)), small = T.CreateTruncating(epsilon);
        (T b1, T b2) = (T.CreateTruncating(beta1), T.CreateTruncating(beta2));
        (T c1, T c2) = (T.CreateTruncating(1 - beta1), T.CreateTruncating(1 - beta2));
        for (int i = 0; i < parameters.Count; i++)
        {
            int index = i;
            Chunks(parameters[i].Length, (from, count) =>
            {
                Span<T> p = parameters[index].AsSpan(from, count), m = first[index].AsSpan(from, count), n = second[index].AsSpan(from, count);
                ReadOnlySpan<T> g = gradients[index].AsSpan(from, count);
                Span<T> change = new T[count];
                TensorPrimitives.Multiply(m, b1, m);
                TensorPrimitives.MultiplyAdd(g, c1, m, m);
                TensorPrimitives.Multiply(g, g, change);
                TensorPrimitives.Multiply(n, b2, n);
                TensorPrimitives.MultiplyAdd(change, c2, n, n);
                TensorPrimitives.Sqrt(n, change);
                TensorPrimitives.Multiply(change, root, change);
                TensorPrimitives.Add(change, small, change);
                TensorPrimitives.Divide(m, change, change);
                TensorPrimitives.Multiply(p, keep, p);
                TensorPrimitives.MultiplyAdd(change, -rate, p, p);
            });
        }
    }

    private static void Chunks(int length, Action<int, int> body)
    {
        const int Chunk = 4096;
        int chunks = (length + Chunk - 1) / Chunk;
        void One(int i) => body(i * Chunk, Math.Min(Chunk, length - (i * Chunk)));
        if (chunks >= 16)
            Parallel.For(0, chunks, One);
        else
            for (int i = 0; i < chunks; i++)
                One(i);
    }
}
