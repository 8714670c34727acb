using System.Numerics.Tensors;

namespace Managed.Guards.Sae;

/// <summary>One token's normalisation: normalised = (x − Mean) · In; undone as y · Out + Mean.</summary>
internal readonly record struct SaeRow(float Mean, float In, float Out)
{
    private const float Epsilon = 1e-5f;

    public static SaeRow Of(SaeNormalization normalization, ReadOnlySpan<float> input) => normalization switch
    {
        SaeNormalization.ConstantNorm => ConstantNorm(input),
        SaeNormalization.LayerNorm => LayerNorm(input),
        _ => new SaeRow(0, 1, 1),
    };

    private static SaeRow ConstantNorm(ReadOnlySpan<float> input)
    {
        float norm = TensorPrimitives.Norm(input), root = MathF.Sqrt(input.Length);
        return norm == 0 ? new SaeRow(0, 0, 0) : new SaeRow(0, root / norm, norm / root);
    }

    private static SaeRow LayerNorm(ReadOnlySpan<float> input)
    {
        double mean = 0, squares = 0;
        foreach (float value in input)
            mean += value;
        mean /= input.Length;
        foreach (float value in input)
            squares += (value - mean) * (value - mean);
        float deviation = (float)Math.Sqrt(squares / (input.Length - 1));
        return new SaeRow((float)mean, 1 / (deviation + Epsilon), deviation);
    }
}
