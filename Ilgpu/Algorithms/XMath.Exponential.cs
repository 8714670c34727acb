namespace ILGPU.Algorithms;

// Range reduction to |r| ≤ ln 2 / 2 and a polynomial; only additions, multiplications and fused ones, so the bits are the same everywhere.
public static partial class XMath
{
    /// <summary>e to a power.</summary>
    public static float Exp(float value) => ExpScaled(value, 0);

    /// <summary>2 to a power.</summary>
    public static float Exp2(float value)
    {
        // Beyond these bounds the result is 0 or infinite; NaN passes.
        value = value < -151f ? -151f : value > 129f ? 129f : value;
        float whole = MathF.Round(value);
        return ScaleByPowerOf2(Exp2Fraction(value - whole), (int)whole);
    }

    /// <summary>e to a power times 2 to another, without overflow in between.</summary>
    private static float ExpScaled(float value, int scale)
    {
        // Beyond these bounds the result is 0 or infinite; NaN passes.
        value = value < -105f ? -105f : value > 90f ? 90f : value;
        float whole = MathF.Round(value * 1.442695f);
        float r = MathF.FusedMultiplyAdd(whole, -0.6931472f, value);
        r = MathF.FusedMultiplyAdd(whole, -(-1.9046542e-9f), r);
        float p = 0.0001989118f;
        p = MathF.FusedMultiplyAdd(p, r, 0.0013933821f);
        p = MathF.FusedMultiplyAdd(p, r, 0.0083333105f);
        p = MathF.FusedMultiplyAdd(p, r, 0.041666463f);
        p = MathF.FusedMultiplyAdd(p, r, 0.16666667f);
        p = MathF.FusedMultiplyAdd(p, r, 0.5f);
        return ScaleByPowerOf2(1 + MathF.FusedMultiplyAdd(p * r, r, r), (int)whole + scale);
    }

    /// <summary>2 to a power between −1/2 and 1/2.</summary>
    private static float Exp2Fraction(float r)
    {
        float p = 1.5297503e-5f;
        p = MathF.FusedMultiplyAdd(p, r, 0.00015461678f);
        p = MathF.FusedMultiplyAdd(p, r, 0.0013333502f);
        p = MathF.FusedMultiplyAdd(p, r, 0.009618056f);
        p = MathF.FusedMultiplyAdd(p, r, 0.05550411f);
        p = MathF.FusedMultiplyAdd(p, r, 0.2402265f);
        p = MathF.FusedMultiplyAdd(p, r, 0.6931472f);
        return MathF.FusedMultiplyAdd(p, r, 1);
    }

    /// <summary>A number near 1 times a power of 2 that may lie outside the normal range, rounded once.</summary>
    private static float ScaleByPowerOf2(float value, int exponent)
    {
        int half = exponent >> 1;
        return value * PowerOf2Single(half) * PowerOf2Single(exponent - half);
    }

    private static float PowerOf2Single(int exponent) => BitConverter.Int32BitsToSingle((exponent + 127) << 23);

    /// <summary>e to a power.</summary>
    public static double Exp(double value) => ExpScaled(value, 0);

    /// <summary>2 to a power.</summary>
    public static double Exp2(double value)
    {
        // Beyond these bounds the result is 0 or infinite; NaN passes.
        value = value < -1080.0 ? -1080.0 : value > 1025.0 ? 1025.0 : value;
        double whole = Math.Round(value);
        return ScaleByPowerOf2(Exp2Fraction(value - whole), (int)whole);
    }

    /// <summary>e to a power times 2 to another, without overflow in between.</summary>
    private static double ExpScaled(double value, int scale)
    {
        // Beyond these bounds the result is 0 or infinite; NaN passes.
        value = value < -750.0 ? -750.0 : value > 711.0 ? 711.0 : value;
        double whole = Math.Round(value * 1.4426950408889634);
        double r = Math.FusedMultiplyAdd(whole, -0.6931471805599453, value);
        r = Math.FusedMultiplyAdd(whole, -(2.3190468138462996e-17), r);
        double p = 2.091483135138041e-9;
        p = Math.FusedMultiplyAdd(p, r, 2.5105419192016337e-8);
        p = Math.FusedMultiplyAdd(p, r, 2.7557273295539724e-7);
        p = Math.FusedMultiplyAdd(p, r, 2.75572549134867e-6);
        p = Math.FusedMultiplyAdd(p, r, 2.4801587325822283e-5);
        p = Math.FusedMultiplyAdd(p, r, 0.00019841269875205077);
        p = Math.FusedMultiplyAdd(p, r, 0.001388888888888367);
        p = Math.FusedMultiplyAdd(p, r, 0.008333333333326025);
        p = Math.FusedMultiplyAdd(p, r, 0.04166666666666667);
        p = Math.FusedMultiplyAdd(p, r, 0.1666666666666667);
        p = Math.FusedMultiplyAdd(p, r, 0.5);
        return ScaleByPowerOf2(1 + Math.FusedMultiplyAdd(p * r, r, r), (int)whole + scale);
    }

    /// <summary>2 to a power between −1/2 and 1/2.</summary>
    private static double Exp2Fraction(double r)
    {
        double p = 4.4549983631048684e-10;
        p = Math.FusedMultiplyAdd(p, r, 7.072656799362923e-9);
        p = Math.FusedMultiplyAdd(p, r, 1.0178062256646543e-7);
        p = Math.FusedMultiplyAdd(p, r, 1.3215442232969344e-6);
        p = Math.FusedMultiplyAdd(p, r, 1.5252733830147138e-5);
        p = Math.FusedMultiplyAdd(p, r, 0.00015403530442319546);
        p = Math.FusedMultiplyAdd(p, r, 0.001333355814641675);
        p = Math.FusedMultiplyAdd(p, r, 0.009618129107606541);
        p = Math.FusedMultiplyAdd(p, r, 0.0555041086648216);
        p = Math.FusedMultiplyAdd(p, r, 0.240226506959101);
        p = Math.FusedMultiplyAdd(p, r, 0.6931471805599453);
        return Math.FusedMultiplyAdd(p, r, 1);
    }

    /// <summary>A number near 1 times a power of 2 that may lie outside the normal range, rounded once.</summary>
    private static double ScaleByPowerOf2(double value, int exponent)
    {
        int half = exponent >> 1;
        return value * PowerOf2Double(half) * PowerOf2Double(exponent - half);
    }

    private static double PowerOf2Double(int exponent) => BitConverter.Int64BitsToDouble((long)(exponent + 1023) << 52);
}
