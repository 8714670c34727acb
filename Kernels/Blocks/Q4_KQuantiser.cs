namespace Managed.Kernels.Blocks;

/// <summary>Q4_K from float32: for each part of 32 a scale and a minimum by alternating assignment and least squares, then both in 6 bits.</summary>
internal static class Q4_KQuantiser
{
    private const int Parts = 8, PartElements = 32, Levels = 15, Steps = 63, Rounds = 8;

    public static void Quantise(ReadOnlySpan<float> values, Span<byte> stored)
    {
        Span<float> scales = stackalloc float[Parts], minima = stackalloc float[Parts];
        for (int part = 0; part < Parts; part++)
            (scales[part], minima[part]) = Fit(values.Slice(part * PartElements, PartElements));
        float d = (float)(Half)(Max(scales) / Steps), dmin = (float)(Half)(Max(minima) / Steps);
        stored.Clear();
        BlockQuantisers.WriteHalf(stored, d);
        BlockQuantisers.WriteHalf(stored[2..], dmin);
        for (int part = 0; part < Parts; part++)
        {
            int scale = Step(scales[part], d), minimum = Step(minima[part], dmin);
            Pack(stored.Slice(4, 12), part, scale, minimum);
            Span<byte> nibbles = stored.Slice(16 + (PartElements * (part / 2)), PartElements);
            for (int l = 0; l < PartElements; l++)
                nibbles[l] |= (byte)(Level(values[(part * PartElements) + l], d * scale, dmin * minimum) << (4 * (part & 1)));
        }
    }

    /// <summary>Scale and minimum, neither negative, for w ≈ scale · q − minimum with q in 0…15.</summary>
    private static (float Scale, float Minimum) Fit(ReadOnlySpan<float> w)
    {
        float low = 0, high = float.MinValue;
        foreach (float value in w)
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
        float scale = Math.Max(0, (high - low) / Levels), minimum = -low;
        (float Scale, float Minimum) best = (scale, minimum);
        double least = Error(w, scale, minimum);
        for (int round = 0; round < Rounds && scale > 0; round++)
        {
            (scale, minimum) = LeastSquares(w, scale, minimum);
            double error = scale > 0 ? Error(w, scale, minimum) : double.MaxValue;
            if (error >= least)
                break;
            (best, least) = ((scale, minimum), error);
        }
        return best;
    }

    private static (float Scale, float Minimum) LeastSquares(ReadOnlySpan<float> w, float scale, float minimum)
    {
        double q1 = 0, q2 = 0, w1 = 0, wq = 0;
        foreach (float value in w)
        {
            double q = Level(value, scale, minimum);
            (q1, q2, w1, wq) = (q1 + q, q2 + (q * q), w1 + value, wq + (value * q));
        }
        double n = w.Length, determinant = (n * q2) - (q1 * q1);
        if (determinant <= 0)
            return (0, minimum);
        double slope = ((n * wq) - (q1 * w1)) / determinant, offset = ((q2 * w1) - (q1 * wq)) / determinant;
        return offset <= 0 ? ((float)slope, (float)-offset) : ((float)(wq / q2), 0);
    }

    private static double Error(ReadOnlySpan<float> w, float scale, float minimum)
    {
        double sum = 0;
        foreach (float value in w)
        {
            double difference = value - ((scale * Level(value, scale, minimum)) - minimum);
            sum += difference * difference;
        }
        return sum;
    }

    private static int Level(float value, float scale, float minimum) =>
        scale == 0 ? 0 : (int)Math.Clamp(MathF.Round((value + minimum) / scale), 0, Levels);

    private static int Step(float value, float unit) => unit == 0 ? 0 : (int)Math.Clamp(MathF.Round(value / unit), 0, Steps);

    // The inverse of SixBitScales.Get.
    private static void Pack(Span<byte> packed, int part, int scale, int minimum)
    {
        if (part < 4)
        {
            packed[part] |= (byte)scale;
            packed[part + 4] |= (byte)minimum;
            return;
        }
        packed[part + 4] = (byte)((scale & 15) | ((minimum & 15) << 4));
        packed[part - 4] |= (byte)((scale >> 4) << 6);
        packed[part] |= (byte)((minimum >> 4) << 6);
    }

    private static float Max(ReadOnlySpan<float> values)
    {
        float most = 0;
        foreach (float value in values)
            most = Math.Max(most, value);
        return most;
    }
}
