using Managed.Kernels;

namespace Managed.Architectures;

/// <summary>Inverse frequencies and magnitude of each kind of rotary scaling.</summary>
internal static class RopeFrequencies
{
    /// <summary>The table for a text of `length` tokens; only dynamic scaling and longrope look at the length.</summary>
    public static RopeTable Table(RopeSpec rope, int length)
    {
        double theta = rope.Theta;
        int r = rope.Dimensions;
        if (rope.Scaling == RopeScalingKind.Dynamic && length > rope.MaximumContext)
        {
            // θ' = θ · (s·L/Lmax − (s − 1))^(r / (r − 2))
            double grown = (rope.Factor * length / rope.MaximumContext) - (rope.Factor - 1);
            theta *= Math.Pow(grown, r / (r - 2.0));
        }
        var frequencies = new float[r / 2];
        for (int i = 0; i < frequencies.Length; i++)
            frequencies[i] = (float)(Math.Pow(theta, -2.0 * i / r) / Divisor(rope, theta, i, length));
        return new RopeTable(rope.Pairing, frequencies, (float)Magnitude(rope));
    }

    /// <summary>Which of the spec's tables a text of this length uses: equal numbers, equal table.</summary>
    public static int Regime(RopeSpec rope, int length) => rope.Scaling switch
    {
        RopeScalingKind.LongRope => length > rope.OriginalContext ? 1 : 0,
        RopeScalingKind.Dynamic => length > rope.MaximumContext ? length : 0,
        _ => 0,
    };

    private static double Divisor(RopeSpec rope, double theta, int i, int length)
    {
        double divisor = rope.Divisors?[i] ?? 1;
        return rope.Scaling switch
        {
            RopeScalingKind.Linear => divisor * rope.Factor,
            RopeScalingKind.Llama3 => divisor / Llama3(rope, Math.Pow(theta, -2.0 * i / rope.Dimensions)),
            RopeScalingKind.Yarn => divisor / Yarn(rope, theta, i),
            RopeScalingKind.LongRope => (Regime(rope, length) == 1 ? rope.LongFactors : rope.ShortFactors)![i],
            _ => divisor,
        };
    }

    // Long waves are stretched by the factor, short ones kept, those between interpolated.
    private static double Llama3(RopeSpec rope, double frequency)
    {
        double wavelength = 2 * Math.PI / frequency;
        if (wavelength > rope.OriginalContext / rope.LowFrequencyFactor)
            return 1 / rope.Factor;
        if (wavelength < rope.OriginalContext / rope.HighFrequencyFactor)
            return 1;
        double smooth = ((rope.OriginalContext / wavelength) - rope.LowFrequencyFactor)
            / (rope.HighFrequencyFactor - rope.LowFrequencyFactor);
        return ((1 - smooth) / rope.Factor) + smooth;
    }

    // Peng et al. 2023, "YaRN", §3.2: a ramp over dimensions from extrapolation to interpolation.
    private static double Yarn(RopeSpec rope, double theta, int i)
    {
        double DimensionOf(double rotations) =>
            rope.Dimensions * Math.Log(rope.OriginalContext / (rotations * 2 * Math.PI)) / (2 * Math.Log(theta));
        double low = DimensionOf(rope.BetaFast), high = DimensionOf(rope.BetaSlow);
        if (rope.Truncate)
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        low = Math.Max(low, 0);
        high = Math.Min(high, rope.Dimensions - 1);
        if (low == high)
            high += 0.001;
        double ramp = Math.Clamp((i - low) / (high - low), 0, 1);
        return (ramp / rope.Factor) + (1 - ramp);
    }

    private static double Magnitude(RopeSpec rope)
    {
        if (rope.AttentionFactor is { } given)
            return given;
        static double Mscale(double scale, double k) => scale <= 1 ? 1 : (0.1 * k * Math.Log(scale)) + 1;
        switch (rope.Scaling)
        {
            case RopeScalingKind.Yarn:
                return rope.MagnitudeScale != 0 && rope.MagnitudeScaleAllDimensions != 0
                    ? Mscale(rope.Factor, rope.MagnitudeScale) / Mscale(rope.Factor, rope.MagnitudeScaleAllDimensions)
                    : Mscale(rope.Factor, 1);
            case RopeScalingKind.LongRope:
                double factor = rope.MaximumContext / rope.OriginalContext;
                return factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(rope.OriginalContext)));
            default:
                return 1;
        }
    }
}
