using System.Numerics;
using System.Numerics.Tensors;

namespace Managed.Guards.Learning;

/// <summary>A multilayer perceptron with ReLU between its layers, and its gradients. Sums go in a fixed order, whatever the threads.</summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class Mlp<T>
    where T : struct, IFloatingPointIeee754<T>
{
    private const long WorthThreads = 1 << 20; // multiply-adds

    private readonly T[][] gradients; // as Parameters
    private T[][][] outputs = []; // [layers][rows][width], before ReLU
    private T[][][] deltas = [];

    /// <param name="sizes">Widths: input, hidden ones, output.</param>
    public Mlp(params int[] sizes)
    {
        Sizes = sizes;
        Parameters = new T[2 * (sizes.Length - 1)][];
        for (int layer = 0; layer < Layers; layer++)
        {
            Parameters[2 * layer] = new T[sizes[layer + 1] * sizes[layer]];
            Parameters[(2 * layer) + 1] = new T[sizes[layer + 1]];
        }
        gradients = Array.ConvertAll(Parameters, parameter => new T[parameter.Length]);
    }

    public int[] Sizes { get; }

    public int Layers => Sizes.Length - 1;

    /// <summary>Weight [outputs, inputs] and bias [outputs] of each layer in turn.</summary>
    public T[][] Parameters { get; }

    /// <summary>Of the last <see cref="Backward"/>; as Parameters.</summary>
    public T[][] Gradients => gradients;

    /// <summary>Draws every parameter from ±1/√inputs, as PyTorch's linear layers begin.</summary>
    public void Initialise(ulong seed)
    {
        var random = new SplitMix(seed);
        for (int i = 0; i < Parameters.Length; i++)
        {
            double bound = 1 / Math.Sqrt(Sizes[i / 2]);
            foreach (ref T value in Parameters[i].AsSpan())
                value = T.CreateTruncating(bound * ((2 * random.NextDouble()) - 1));
        }
    }

    /// <summary>The last layer's outputs of some rows, [rows][outputs]; valid until the next call.</summary>
    public T[][] Forward(IReadOnlyList<T[]> rows)
    {
        Room(rows.Count);
        for (int layer = 0; layer < Layers; layer++)
        {
            int inputs = Sizes[layer], l = layer;
            T[] weight = Parameters[2 * layer], bias = Parameters[(2 * layer) + 1];
            For(Sizes[layer + 1], (long)rows.Count * weight.Length, output =>
            {
                ReadOnlySpan<T> row = weight.AsSpan(output * inputs, inputs);
                for (int i = 0; i < rows.Count; i++)
                    outputs[l][i][output] = TensorPrimitives.Dot(row, (ReadOnlySpan<T>)(l == 0 ? rows[i] : outputs[l - 1][i])) + bias[output];
            });
            if (layer < Layers - 1)
                for (int i = 0; i < rows.Count; i++)
                    TensorPrimitives.Max((ReadOnlySpan<T>)outputs[layer][i], T.Zero, outputs[layer][i]);
        }
        return outputs[^1];
    }

    /// <summary>Gradients of a sum over the rows of the last <see cref="Forward"/>.</summary>
    /// <param name="rows">The same rows.</param>
    /// <param name="outputGradients">Of each row's outputs, [rows][outputs].</param>
    public void Backward(IReadOnlyList<T[]> rows, T[][] outputGradients)
    {
        for (int layer = Layers - 1; layer >= 0; layer--)
        {
            int inputs = Sizes[layer], l = layer;
            T[] weight = Parameters[2 * layer], weightGradient = gradients[2 * layer], biasGradient = gradients[(2 * layer) + 1];
            T[][] delta = layer == Layers - 1 ? outputGradients : deltas[layer];
            For(Sizes[layer + 1], (long)rows.Count * weight.Length, output =>
            {
                Span<T> row = weightGradient.AsSpan(output * inputs, inputs);
                row.Clear();
                T sum = T.Zero;
                for (int i = 0; i < rows.Count; i++)
                {
                    T d = delta[i][output];
                    sum += d;
                    if (d != T.Zero)
                        TensorPrimitives.MultiplyAdd((ReadOnlySpan<T>)(l == 0 ? rows[i] : outputs[l - 1][i]), d, row, row);
                }
                biasGradient[output] = sum;
            });
            if (layer == 0)
                return;
            For(rows.Count, (long)rows.Count * weight.Length, i =>
            {
                T[] below = deltas[l - 1][i];
                Array.Clear(below);
                for (int output = 0; output < delta[i].Length; output++)
                    if (delta[i][output] != T.Zero)
                        TensorPrimitives.MultiplyAdd(weight.AsSpan(output * inputs, inputs), delta[i][output], below, below);
                for (int j = 0; j < below.Length; j++)
                    if (outputs[l - 1][i][j] <= T.Zero)
                        below[j] = T.Zero; // ReLU's gradient
            });
        }
    }

    private void Room(int rows)
    {
        if (outputs.Length > 0 && outputs[0].Length >= rows)
            return;
        T[][] Rows(int width) => [.. Enumerable.Range(0, rows).Select(_ => new T[width])];
        outputs = [.. Sizes.Skip(1).Select(Rows)];
        deltas = [.. Sizes.Skip(1).Select(Rows)];
    }

    private static void For(int count, long work, Action<int> body)
    {
        if (work >= WorthThreads)
            Parallel.For(0, count, body);
        else
            for (int i = 0; i < count; i++)
                body(i);
    }
}
