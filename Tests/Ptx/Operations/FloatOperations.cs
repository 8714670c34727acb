namespace Managed.Tests.Ptx;

/// <summary>A rounding mode as a type, so that loops can be closed over it.</summary>
internal interface IMode { static abstract Rounding Mode { get; } }

internal readonly struct TowardZero : IMode { public static Rounding Mode => Rounding.TowardZero; }

internal readonly struct TowardMinus : IMode { public static Rounding Mode => Rounding.Down; }

internal readonly struct TowardPlus : IMode { public static Rounding Mode => Rounding.Up; }

/// <summary>Single precision: generated NaNs have the bits 0x7FFFFFFF.</summary>
internal static class Single32
{
    public static readonly float NaN = BitConverter.UInt32BitsToSingle(0x7FFFFFFF);

    public static float Canonical(float value) => float.IsNaN(value) ? NaN : value;

    public static float Flush(float value) => float.IsSubnormal(value) ? MathF.CopySign(0, value) : value;

    /// <summary>Clamps to [0, 1]; NaN becomes 0.</summary>
    public static float Saturate(float value) => value > 0 ? value < 1 ? value : 1 : 0;
}

internal readonly struct AddSingle : IBinary<float> { public static float Apply(float a, float b) => Single32.Canonical(a + b); }

internal readonly struct SubtractSingle : IBinary<float> { public static float Apply(float a, float b) => Single32.Canonical(a - b); }

internal readonly struct MultiplySingle : IBinary<float> { public static float Apply(float a, float b) => Single32.Canonical(a * b); }

internal readonly struct DivideSingle : IBinary<float> { public static float Apply(float a, float b) => Single32.Canonical(a / b); }

internal readonly struct FusedSingle : ITernary<float> { public static float Apply(float a, float b, float c) => Single32.Canonical(MathF.FusedMultiplyAdd(a, b, c)); }

internal readonly struct NegateSingle : IUnary<float, float> { public static float Apply(float a) => Single32.Canonical(-a); }

internal readonly struct AbsoluteSingle : IUnary<float, float> { public static float Apply(float a) => Single32.Canonical(MathF.Abs(a)); }

internal readonly struct SquareRootSingle : IUnary<float, float> { public static float Apply(float a) => Single32.Canonical(MathF.Sqrt(a)); }

internal readonly struct ReciprocalSingle : IUnary<float, float> { public static float Apply(float a) => Single32.Canonical(1 / a); }

// Approximate functions: computed in double and rounded once, so at least as near as any GPU's; not its bits.
internal readonly struct ReciprocalRootSingle : IUnary<float, float> { public static float Apply(float a) => Single32.Canonical((float)(1 / Math.Sqrt(a))); }

internal readonly struct Exp2Single : IUnary<float, float> { public static float Apply(float a) => Single32.Canonical((float)Math.Pow(2, a)); }

internal readonly struct Log2Single : IUnary<float, float> { public static float Apply(float a) => Single32.Canonical((float)Math.Log2(a)); }

internal readonly struct SineSingle : IUnary<float, float> { public static float Apply(float a) => Single32.Canonical((float)Math.Sin(a)); }

internal readonly struct CosineSingle : IUnary<float, float> { public static float Apply(float a) => Single32.Canonical((float)Math.Cos(a)); }

internal readonly struct TanhSingle : IUnary<float, float> { public static float Apply(float a) => Single32.Canonical((float)Math.Tanh(a)); }

/// <summary>The number wins over NaN, and −0 is less than +0.</summary>
internal readonly struct MinimumSingle : IBinary<float> { public static float Apply(float a, float b) => Single32.Canonical(float.MinNumber(a, b)); }

internal readonly struct MaximumSingle : IBinary<float> { public static float Apply(float a, float b) => Single32.Canonical(float.MaxNumber(a, b)); }

internal readonly struct MinimumNaNSingle : IBinary<float> { public static float Apply(float a, float b) => Single32.Canonical(float.Min(a, b)); }

internal readonly struct MaximumNaNSingle : IBinary<float> { public static float Apply(float a, float b) => Single32.Canonical(float.Max(a, b)); }

/// <summary>The first source gives the sign, the second the magnitude.</summary>
internal readonly struct CopySignSingle : IBinary<uint> { public static uint Apply(uint a, uint b) => (a & 0x80000000) | (b & 0x7FFFFFFF); }

internal readonly struct CopySignDouble : IBinary<ulong> { public static ulong Apply(ulong a, ulong b) => (a & (1UL << 63)) | (b & ~(1UL << 63)); }

/// <summary>min/max with .xorsign.abs: the smaller or larger magnitude, with the product of the signs.</summary>
internal readonly struct XorSign<TOperation> : IBinary<float> where TOperation : IBinary<float>
{
    public static float Apply(float a, float b)
    {
        float result = TOperation.Apply(MathF.Abs(a), MathF.Abs(b));
        return float.IsNegative(a) != float.IsNegative(b) ? -result : result;
    }
}

internal readonly struct AddRounded<TMode> : IBinary<float>, IBinary<double> where TMode : IMode
{
    public static float Apply(float a, float b) => Single32.Canonical((float)ExactArithmetic.Add(a, b, FloatFormat.F32, TMode.Mode));

    public static double Apply(double a, double b) => ExactArithmetic.Add(a, b, FloatFormat.F64, TMode.Mode);
}

internal readonly struct SubtractRounded<TMode> : IBinary<float>, IBinary<double> where TMode : IMode
{
    public static float Apply(float a, float b) => Single32.Canonical((float)ExactArithmetic.Add(a, -b, FloatFormat.F32, TMode.Mode));

    public static double Apply(double a, double b) => ExactArithmetic.Add(a, -b, FloatFormat.F64, TMode.Mode);
}

internal readonly struct MultiplyRounded<TMode> : IBinary<float>, IBinary<double> where TMode : IMode
{
    public static float Apply(float a, float b) => Single32.Canonical((float)ExactArithmetic.Multiply(a, b, FloatFormat.F32, TMode.Mode));

    public static double Apply(double a, double b) => ExactArithmetic.Multiply(a, b, FloatFormat.F64, TMode.Mode);
}

internal readonly struct DivideRounded<TMode> : IBinary<float>, IBinary<double> where TMode : IMode
{
    public static float Apply(float a, float b) => Single32.Canonical((float)ExactArithmetic.Divide(a, b, FloatFormat.F32, TMode.Mode));

    public static double Apply(double a, double b) => ExactArithmetic.Divide(a, b, FloatFormat.F64, TMode.Mode);
}

internal readonly struct FusedRounded<TMode> : ITernary<float>, ITernary<double> where TMode : IMode
{
    public static float Apply(float a, float b, float c) => Single32.Canonical((float)ExactArithmetic.MultiplyAdd(a, b, c, FloatFormat.F32, TMode.Mode));

    public static double Apply(double a, double b, double c) => ExactArithmetic.MultiplyAdd(a, b, c, FloatFormat.F64, TMode.Mode);
}

internal readonly struct SquareRootRounded<TMode> : IUnary<float, float>, IUnary<double, double> where TMode : IMode
{
    public static float Apply(float a) => Single32.Canonical((float)ExactArithmetic.SquareRoot(a, FloatFormat.F32, TMode.Mode));

    public static double Apply(double a) => ExactArithmetic.SquareRoot(a, FloatFormat.F64, TMode.Mode);
}

internal readonly struct ReciprocalRounded<TMode> : IUnary<float, float>, IUnary<double, double> where TMode : IMode
{
    public static float Apply(float a) => DivideRounded<TMode>.Apply(1f, a);

    public static double Apply(double a) => DivideRounded<TMode>.Apply(1d, a);
}

internal readonly struct DivideDouble : IBinary<double> { public static double Apply(double a, double b) => a / b; }

internal readonly struct FusedDouble : ITernary<double> { public static double Apply(double a, double b, double c) => Math.FusedMultiplyAdd(a, b, c); }

internal readonly struct SquareRootDouble : IUnary<double, double> { public static double Apply(double a) => Math.Sqrt(a); }

internal readonly struct ReciprocalDouble : IUnary<double, double> { public static double Apply(double a) => 1 / a; }

internal readonly struct ReciprocalRootDouble : IUnary<double, double> { public static double Apply(double a) => 1 / Math.Sqrt(a); }

internal readonly struct MinimumDouble : IBinary<double> { public static double Apply(double a, double b) => double.MinNumber(a, b); }

internal readonly struct MaximumDouble : IBinary<double> { public static double Apply(double a, double b) => double.MaxNumber(a, b); }

internal readonly struct NegateDouble : IUnary<double, double> { public static double Apply(double a) => -a; }

internal readonly struct AbsoluteDouble : IUnary<double, double> { public static double Apply(double a) => Math.Abs(a); }

/// <summary>.ftz: subnormal operands and results become zeros of their sign.</summary>
internal readonly struct Flush1<TOperation> : IUnary<float, float> where TOperation : IUnary<float, float>
{
    public static float Apply(float a) => Single32.Flush(TOperation.Apply(Single32.Flush(a)));
}

internal readonly struct Flush2<TOperation> : IBinary<float> where TOperation : IBinary<float>
{
    public static float Apply(float a, float b) => Single32.Flush(TOperation.Apply(Single32.Flush(a), Single32.Flush(b)));
}

internal readonly struct Flush3<TOperation> : ITernary<float> where TOperation : ITernary<float>
{
    public static float Apply(float a, float b, float c) => Single32.Flush(TOperation.Apply(Single32.Flush(a), Single32.Flush(b), Single32.Flush(c)));
}

/// <summary>.sat: results clamped to [0, 1].</summary>
internal readonly struct Saturate2<TOperation> : IBinary<float> where TOperation : IBinary<float>
{
    public static float Apply(float a, float b) => Single32.Saturate(TOperation.Apply(a, b));
}

internal readonly struct Saturate3<TOperation> : ITernary<float> where TOperation : ITernary<float>
{
    public static float Apply(float a, float b, float c) => Single32.Saturate(TOperation.Apply(a, b, c));
}
