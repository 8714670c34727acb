namespace ILGPU.Algorithms;

public static partial class XMath
{
    /// <summary>Hyperbolic sine.</summary>
    public static float Sinh(float value)
    {
        float x = MathF.Abs(value);
        float e = ExpScaled(x, -1);
        float large = e - (0.25f / e);
        return MathF.CopySign(x < 1 ? SinhKernel(x) : large, value);
    }

    /// <summary>Hyperbolic cosine.</summary>
    public static float Cosh(float value)
    {
        float e = ExpScaled(MathF.Abs(value), -1);
        return e + (0.25f / e);
    }

    /// <summary>Hyperbolic tangent.</summary>
    public static float Tanh(float value)
    {
        float x = MathF.Abs(value);
        float z = x * x;
        float p = -0.0062679737f;
        p = MathF.FusedMultiplyAdd(p, z, 0.021110233f);
        p = MathF.FusedMultiplyAdd(p, z, -0.053873807f);
        p = MathF.FusedMultiplyAdd(p, z, 0.13332914f);
        p = MathF.FusedMultiplyAdd(p, z, -0.3333333f);
        float small = MathF.FusedMultiplyAdd(p * z, x, x);
        // 1 − 2 / (e^2x + 1)
        float large = 1 - (2 / (Exp(2 * x) + 1));
        return MathF.CopySign(x < 0.6f ? small : large, value);
    }

    /// <summary>Hyperbolic sine below 1.</summary>
    private static float SinhKernel(float x)
    {
        float z = x * x;
        float p = 2.8067902e-6f;
        p = MathF.FusedMultiplyAdd(p, z, 0.00019838038f);
        p = MathF.FusedMultiplyAdd(p, z, 0.00833334f);
        p = MathF.FusedMultiplyAdd(p, z, 0.16666667f);
        return MathF.FusedMultiplyAdd(p * z, x, x);
    }

    /// <summary>Hyperbolic sine.</summary>
    public static double Sinh(double value)
    {
        double x = Math.Abs(value);
        double e = ExpScaled(x, -1);
        double large = e - (0.25 / e);
        return Math.CopySign(x < 1 ? SinhKernel(x) : large, value);
    }

    /// <summary>Hyperbolic cosine.</summary>
    public static double Cosh(double value)
    {
        double e = ExpScaled(Math.Abs(value), -1);
        return e + (0.25 / e);
    }

    /// <summary>Hyperbolic tangent.</summary>
    public static double Tanh(double value)
    {
        double x = Math.Abs(value);
        double z = x * x;
        double p = -1.8328587395811544e-5;
        p = Math.FusedMultiplyAdd(p, z, 8.153474119921767e-5);
        p = Math.FusedMultiplyAdd(p, z, -0.00023224186145808578);
        p = Math.FusedMultiplyAdd(p, z, 0.0005880504739260549);
        p = Math.FusedMultiplyAdd(p, z, -0.0014554639136511603);
        p = Math.FusedMultiplyAdd(p, z, 0.0035920830338896006);
        p = Math.FusedMultiplyAdd(p, z, -0.008863232101578123);
        p = Math.FusedMultiplyAdd(p, z, 0.021869488383163157);
        p = Math.FusedMultiplyAdd(p, z, -0.05396825396474151);
        p = Math.FusedMultiplyAdd(p, z, 0.1333333333333018);
        p = Math.FusedMultiplyAdd(p, z, -0.33333333333333326);
        double small = Math.FusedMultiplyAdd(p * z, x, x);
        // 1 − 2 / (e^2x + 1)
        double large = 1 - (2 / (Exp(2 * x) + 1));
        return Math.CopySign(x < 0.6 ? small : large, value);
    }

    /// <summary>Hyperbolic sine below 1.</summary>
    private static double SinhKernel(double x)
    {
        double z = x * x;
        double p = 7.747174966629771e-13;
        p = Math.FusedMultiplyAdd(p, z, 1.6057652088360194e-10);
        p = Math.FusedMultiplyAdd(p, z, 2.5052117978908062e-8);
        p = Math.FusedMultiplyAdd(p, z, 2.7557319190054655e-6);
        p = Math.FusedMultiplyAdd(p, z, 0.00019841269841326976);
        p = Math.FusedMultiplyAdd(p, z, 0.008333333333333297);
        p = Math.FusedMultiplyAdd(p, z, 0.16666666666666666);
        return Math.FusedMultiplyAdd(p * z, x, x);
    }
}
