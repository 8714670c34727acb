using Managed.Guards.Published;

namespace Managed.Guards;

/// <summary>A tensor that a guard uses.</summary>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Values">In row order.</param>
internal sealed record GuardTensor(int[] Shape, float[] Values)
{
    /// <summary>A vector.</summary>
    public static GuardTensor Of(float[] values) => new([values.Length], values);

    /// <summary>A matrix of rows.</summary>
    public static GuardTensor Of(float[] values, int rows) => new([rows, values.Length / rows], values);
}

/// <summary>A logistic probe: p = sigmoid(weight·x + bias).</summary>
/// <param name="Weight">One number for each element of the stream.</param>
/// <param name="Bias">Added to the sum.</param>
public sealed record LinearProbe(float[] Weight, float Bias = 0)
{
    /// <summary>Reads a probe from a safetensors file: `NAME.weight` [width] and `NAME.bias` [1], as `managed guard train probe` writes them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The probe: "probe.4".</param>
    /// <exception cref="GuardException">The file is damaged, or holds no such probe.</exception>
    public static LinearProbe Load(string path, string name)
    {
        using var file = new LearnedTensors(path);
        float[] bias = file.Read($"{name}.bias", 1).Values;
        return bias.Length == 1 ? new LinearProbe(file.Read($"{name}.weight", 1).Values, bias[0])
            : throw file.Bad($"tensor {name}.bias", $"{bias.Length} numbers", "one");
    }
}

/// <summary>A probe of two layers: p = softmax(W2·relu(W1·x + b1) + b2).</summary>
/// <param name="Weight1">[hidden, width], row by row.</param>
/// <param name="Bias1">[hidden].</param>
/// <param name="Weight2">[classes, hidden], row by row.</param>
/// <param name="Bias2">[classes].</param>
public sealed record MlpProbe(float[] Weight1, float[] Bias1, float[] Weight2, float[] Bias2);
