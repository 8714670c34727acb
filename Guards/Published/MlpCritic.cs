using System.Numerics.Tensors;

namespace Managed.Guards.Published;

/// <summary>
/// InferenceGuard's critic from trained weights: layers with ReLU between them on u and the budget z side by side, two outputs. The
/// first, by way of the logistic function, is the probability that something is left of the budget at the end; the second is the task
/// cost to go. The paper does not say how many layers, nor how the cache is summed up: that u and z stand for it is a choice made here.
/// </summary>
public sealed class MlpCritic : IBlockCritic
{
    private readonly (float[] Weight, float[] Bias)[] layers; // [outputs, inputs], [outputs]

    private MlpCritic((float[] Weight, float[] Bias)[] layers) => this.layers = layers;

    /// <summary>Elements of u.</summary>
    public int Width => (layers[0].Weight.Length / layers[0].Bias.Length) - 1;

    /// <summary>A critic from its layers, the first reading u and then z.</summary>
    /// <param name="layers">Weight [outputs, inputs] and bias [outputs] of each.</param>
    /// <exception cref="GuardException">The layers do not fit together, or the last has not two outputs.</exception>
    public static MlpCritic Of(params (float[] Weight, float[] Bias)[] layers)
    {
        for (int i = 0; i < layers.Length; i++)
        {
            (float[] weight, float[] bias) = layers[i];
            if (bias.Length == 0 || weight.Length == 0 || weight.Length % bias.Length != 0 || (i > 0 && weight.Length / bias.Length != layers[i - 1].Bias.Length))
                throw new GuardException($"critic, layer {i}: found {weight.Length} weights and {bias.Length} biases{(i > 0 ? $" behind {layers[i - 1].Bias.Length} outputs" : "")}; expected outputs × inputs, and outputs.");
        }
        return layers.Length > 0 && layers[^1].Bias.Length == 2 ? new MlpCritic(layers)
            : throw new GuardException($"critic: found {(layers.Length == 0 ? "no layers" : $"{layers[^1].Bias.Length} outputs")}; expected two, of safety and of cost.");
    }

    /// <summary>Reads a critic as training writes it: layers.0.weight, layers.0.bias, layers.2.weight, and so on by twos.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <param name="prefix">What stands before the names; empty: nothing.</param>
    /// <exception cref="GuardException">The file is damaged, or holds other shapes.</exception>
    public static MlpCritic Load(string path, string prefix = "")
    {
        using var file = new LearnedTensors(path);
        var layers = new List<(float[], float[])>();
        for (int i = 0; i == 0 || file.Has($"{prefix}layers.{i}.weight"); i += 2)
            layers.Add((file.Read($"{prefix}layers.{i}.weight", 2).Values, file.Read($"{prefix}layers.{i}.bias", 1).Values));
        return Of([.. layers]);
    }

    /// <inheritdoc/>
    /// <exception cref="GuardException">The state has another width.</exception>
    public (double SafeEnding, double TaskCost) Foresee(ReadOnlySpan<float> state, double budget)
    {
        if (state.Length != Width)
            throw new GuardException($"critic: found a state of {state.Length} elements; expected {Width}.");
        float[] values = [.. state, (float)budget];
        for (int i = 0; i < layers.Length; i++)
        {
            (float[] weight, float[] bias) = layers[i];
            var next = new float[bias.Length];
            for (int output = 0; output < next.Length; output++)
                next[output] = TensorPrimitives.Dot(weight.AsSpan(output * values.Length, values.Length), (ReadOnlySpan<float>)values) + bias[output];
            if (i < layers.Length - 1)
                TensorPrimitives.Max(next, 0f, next);
            values = next;
        }
        return (1 / (1 + Math.Exp(-values[0])), values[1]);
    }
}
