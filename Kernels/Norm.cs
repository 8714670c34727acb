using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels.Linear;

namespace Managed.Kernels;

/// <summary>Normalisation in three parts: the divisor, the division, gain and bias. Reference: <see cref="NormKind"/>.</summary>
internal static unsafe class Norm
{
    /// <summary>All three parts of one segment. `output` may be `input`.</summary>
    public static void Apply(float* output, float* input, int width, NormSettings settings, int segment)
    {
        float mean = settings.Kind == NormKind.Layer ? Mean(input, width) : 0, scale = Divisor(input, width, mean, settings.Epsilon);
        if (settings.Gain is not null && settings.Bias is null && width % Vector512<float>.Count == 0)
        {
            DivideAndGain(output, input, width, mean, scale, settings.Gain.Pointer() + (settings.GainPerSegment ? segment * width : 0), settings.GainOffset);
            return;
        }
        Divide(output, input, width, mean, scale);
        Gain(output, output, width, settings, segment);
    }

    /// <summary>√(mean (x − m)² + ε).</summary>
    public static float Scale(float* input, int width, NormSettings settings) =>
        Divisor(input, width, settings.Kind == NormKind.Layer ? Mean(input, width) : 0, settings.Epsilon);

    /// <summary>(x − m) / scale.</summary>
    public static void Divide(float* output, float* input, int width, NormSettings settings, float scale) =>
        Divide(output, input, width, settings.Kind == NormKind.Layer ? Mean(input, width) : 0, scale);

    /// <summary>x · (gain + offset) + bias.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gain(float* output, float* input, int width, NormSettings settings, int segment)
    {
        int from = settings.GainPerSegment ? segment * width : 0;
        float* gain = settings.Gain.Pointer(), bias = settings.Bias.Pointer();
        float offset = settings.GainOffset;
        for (int i = 0; i < width; i += 8)
        {
            int count = Math.Min(8, width - i);
            Vector256<float> x = Load(input + i, count);
            if (gain is not null)
                x *= Load(gain + from + i, count) + Vector256.Create(offset);
            if (bias is not null)
                x += Load(bias + from + i, count);
            Store(x, output + i, count);
        }
    }

    // Division and gain in one go, the same bits.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DivideAndGain(float* output, float* input, int width, float mean, float scale, float* gain, float offset)
    {
        Vector512<float> m = Vector512.Create(mean), inverse = Vector512.Create(1f / scale), more = Vector512.Create(offset);
        for (int i = 0; i < width; i += Vector512<float>.Count)
            ((Vector512.Load(input + i) - m) * inverse * (Vector512.Load(gain + i) + more)).Store(output + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Mean(float* input, int width)
    {
        Vector256<float> sum = default;
        for (int i = 0; i < width; i += 8)
            sum += Load(input + i, Math.Min(8, width - i));
        return Lanes.Sum(sum) / width;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Divisor(float* input, int width, float mean, float epsilon)
    {
        Vector256<float> sum = default, m = Vector256.Create(mean);
        int i = 0;
        for (; i + 8 <= width; i += 8)
        {
            Vector256<float> x = Vector256.Load(input + i) - m;
            sum = Lanes.MultiplyAdd(x, x, sum);
        }
        float squares = Lanes.Sum(sum);
        for (; i < width; i++)
            squares += (input[i] - mean) * (input[i] - mean);
        return MathF.Sqrt((squares / width) + epsilon);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Divide(float* output, float* input, int width, float mean, float scale)
    {
        Vector256<float> m = Vector256.Create(mean), inverse = Vector256.Create(1f / scale);
        for (int i = 0; i < width; i += 8)
        {
            int count = Math.Min(8, width - i);
            Store((Load(input + i, count) - m) * inverse, output + i, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Load(float* from, int count) => count == 8 ? Vector256.Load(from) : Lanes.LoadFirst(from, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector256<float> values, float* to, int count)
    {
        if (count == 8)
            values.Store(to);
        else
            Lanes.StoreFirst(values, to, count);
    }
}
