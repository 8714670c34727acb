using System.Numerics;

namespace ILGPU.Algorithms;

/// <summary>
/// Mathematics for kernels and for the host, the same C# everywhere: a kernel gives the same bits on every accelerator. The functions of 32-bit
/// numbers are within 2 ulp of the exact value over their whole range, those of 64-bit numbers within 3.
/// </summary>
public static partial class XMath
{
    /// <summary>e.</summary>
    public const float E = 2.7182817f;

    /// <summary>e.</summary>
    public const double ED = 2.718281828459045;

    /// <summary>log₂ e.</summary>
    public const float Log2E = 1.442695f;

    /// <summary>log₂ e.</summary>
    public const double Log2ED = 1.4426950408889634;

    /// <summary>1 / log₂ e.</summary>
    public const float OneOverLog2E = 0.6931472f;

    /// <summary>1 / log₂ e.</summary>
    public const double OneOverLog2ED = 0.6931471805599453;

    /// <summary>log₁₀ e.</summary>
    public const float Log10E = 0.4342945f;

    /// <summary>log₁₀ e.</summary>
    public const double Log10ED = 0.4342944819032518;

    /// <summary>ln 2.</summary>
    public const float Ln2 = 0.6931472f;

    /// <summary>ln 2.</summary>
    public const double Ln2D = 0.6931471805599453;

    /// <summary>1 / ln 2.</summary>
    public const float OneOverLn2 = 1.442695f;

    /// <summary>1 / ln 2.</summary>
    public const double OneOverLn2D = 1.4426950408889634;

    /// <summary>ln 10.</summary>
    public const float Ln10 = 2.3025851f;

    /// <summary>ln 10.</summary>
    public const double Ln10D = 2.302585092994046;

    /// <summary>1 / ln 10.</summary>
    public const float OneOverLn10 = 0.4342945f;

    /// <summary>1 / ln 10.</summary>
    public const double OneOverLn10D = 0.4342944819032518;

    /// <summary>π.</summary>
    public const float PI = 3.1415927f;

    /// <summary>π.</summary>
    public const double PID = 3.141592653589793;

    /// <summary>π / 2.</summary>
    public const float PIHalf = 1.5707964f;

    /// <summary>π / 2.</summary>
    public const double PIHalfD = 1.5707963267948966;

    /// <summary>π / 4.</summary>
    public const float PIFourth = 0.7853982f;

    /// <summary>π / 4.</summary>
    public const double PIFourthD = 0.7853981633974483;

    /// <summary>1 / π.</summary>
    public const float OneOverPI = 0.31830987f;

    /// <summary>2 / π.</summary>
    public const float TwoOverPI = 0.63661975f;

    /// <summary>√2.</summary>
    public const float Sqrt2 = 1.4142135f;

    /// <summary>1 / √2.</summary>
    public const float OneOverSqrt2 = 0.70710677f;

    /// <summary>1 / 3.</summary>
    public const float OneThird = 0.33333334f;

    /// <summary>Without its sign.</summary>
    public static double Abs(double value) => Math.Abs(value);

    /// <summary>Without its sign.</summary>
    public static float Abs(float value) => Math.Abs(value);

    /// <summary>Without its sign.</summary>
    public static sbyte Abs(sbyte value) => value < 0 ? (sbyte)-value : value;

    /// <summary>Without its sign.</summary>
    public static short Abs(short value) => value < 0 ? (short)-value : value;

    /// <summary>Without its sign.</summary>
    public static int Abs(int value) => value < 0 ? -value : value;

    /// <summary>Without its sign.</summary>
    public static long Abs(long value) => value < 0 ? -value : value;

    /// <summary>The smaller of two.</summary>
    public static double Min(double first, double second) => Math.Min(first, second);

    /// <summary>The smaller of two.</summary>
    public static float Min(float first, float second) => Math.Min(first, second);

    /// <summary>The smaller of two.</summary>
    public static sbyte Min(sbyte first, sbyte second) => Math.Min(first, second);

    /// <summary>The smaller of two.</summary>
    public static short Min(short first, short second) => Math.Min(first, second);

    /// <summary>The smaller of two.</summary>
    public static int Min(int first, int second) => Math.Min(first, second);

    /// <summary>The smaller of two.</summary>
    public static long Min(long first, long second) => Math.Min(first, second);

    /// <summary>The smaller of two.</summary>
    public static byte Min(byte first, byte second) => Math.Min(first, second);

    /// <summary>The smaller of two.</summary>
    public static ushort Min(ushort first, ushort second) => Math.Min(first, second);

    /// <summary>The smaller of two.</summary>
    public static uint Min(uint first, uint second) => Math.Min(first, second);

    /// <summary>The smaller of two.</summary>
    public static ulong Min(ulong first, ulong second) => Math.Min(first, second);

    /// <summary>The larger of two.</summary>
    public static double Max(double first, double second) => Math.Max(first, second);

    /// <summary>The larger of two.</summary>
    public static float Max(float first, float second) => Math.Max(first, second);

    /// <summary>The larger of two.</summary>
    public static sbyte Max(sbyte first, sbyte second) => Math.Max(first, second);

    /// <summary>The larger of two.</summary>
    public static short Max(short first, short second) => Math.Max(first, second);

    /// <summary>The larger of two.</summary>
    public static int Max(int first, int second) => Math.Max(first, second);

    /// <summary>The larger of two.</summary>
    public static long Max(long first, long second) => Math.Max(first, second);

    /// <summary>The larger of two.</summary>
    public static byte Max(byte first, byte second) => Math.Max(first, second);

    /// <summary>The larger of two.</summary>
    public static ushort Max(ushort first, ushort second) => Math.Max(first, second);

    /// <summary>The larger of two.</summary>
    public static uint Max(uint first, uint second) => Math.Max(first, second);

    /// <summary>The larger of two.</summary>
    public static ulong Max(ulong first, ulong second) => Math.Max(first, second);

    /// <summary>Limited to a range.</summary>
    public static double Clamp(double value, double min, double max) => Max(Min(value, max), min);

    /// <summary>Limited to a range.</summary>
    public static float Clamp(float value, float min, float max) => Max(Min(value, max), min);

    /// <summary>Limited to a range.</summary>
    public static sbyte Clamp(sbyte value, sbyte min, sbyte max) => Max(Min(value, max), min);

    /// <summary>Limited to a range.</summary>
    public static short Clamp(short value, short min, short max) => Max(Min(value, max), min);

    /// <summary>Limited to a range.</summary>
    public static int Clamp(int value, int min, int max) => Max(Min(value, max), min);

    /// <summary>Limited to a range.</summary>
    public static long Clamp(long value, long min, long max) => Max(Min(value, max), min);

    /// <summary>Limited to a range.</summary>
    public static byte Clamp(byte value, byte min, byte max) => Max(Min(value, max), min);

    /// <summary>Limited to a range.</summary>
    public static ushort Clamp(ushort value, ushort min, ushort max) => Max(Min(value, max), min);

    /// <summary>Limited to a range.</summary>
    public static uint Clamp(uint value, uint min, uint max) => Max(Min(value, max), min);

    /// <summary>Limited to a range.</summary>
    public static ulong Clamp(ulong value, ulong min, ulong max) => Max(Min(value, max), min);

    /// <summary>Number of bits that are 1.</summary>
    public static int PopCount(int value) => BitOperations.PopCount((uint)value);

    /// <summary>Number of bits that are 1.</summary>
    public static int PopCount(uint value) => BitOperations.PopCount(value);

    /// <summary>Number of bits that are 1.</summary>
    public static int PopCount(long value) => BitOperations.PopCount((ulong)value);

    /// <summary>Number of bits that are 1.</summary>
    public static int PopCount(ulong value) => BitOperations.PopCount(value);

    /// <summary>Number of zeros before the highest bit that is 1.</summary>
    public static int LeadingZeroCount(int value) => BitOperations.LeadingZeroCount((uint)value);

    /// <summary>Number of zeros before the highest bit that is 1.</summary>
    public static int LeadingZeroCount(uint value) => BitOperations.LeadingZeroCount(value);

    /// <summary>Number of zeros before the highest bit that is 1.</summary>
    public static int LeadingZeroCount(long value) => BitOperations.LeadingZeroCount((ulong)value);

    /// <summary>Number of zeros before the highest bit that is 1.</summary>
    public static int LeadingZeroCount(ulong value) => BitOperations.LeadingZeroCount(value);

    /// <summary>Number of zeros after the lowest bit that is 1.</summary>
    public static int TrailingZeroCount(int value) => BitOperations.TrailingZeroCount((uint)value);

    /// <summary>Number of zeros after the lowest bit that is 1.</summary>
    public static int TrailingZeroCount(uint value) => BitOperations.TrailingZeroCount(value);

    /// <summary>Number of zeros after the lowest bit that is 1.</summary>
    public static int TrailingZeroCount(long value) => BitOperations.TrailingZeroCount((ulong)value);

    /// <summary>Number of zeros after the lowest bit that is 1.</summary>
    public static int TrailingZeroCount(ulong value) => BitOperations.TrailingZeroCount(value);

    /// <summary>Degrees in radians.</summary>
    public static double DegToRad(double degrees) => degrees * 0.017453292519943295;

    /// <summary>Radians in degrees.</summary>
    public static double RadToDeg(double radians) => radians * 57.29577951308232;

    /// <summary>The largest integer not above.</summary>
    public static double Floor(double value) => Math.Floor(value);

    /// <summary>The smallest integer not below.</summary>
    public static double Ceiling(double value) => Math.Ceiling(value);

    /// <summary>The integer part.</summary>
    public static double Truncate(double value) => Math.Truncate(value);

    /// <summary>Square root.</summary>
    public static double Sqrt(double value) => Math.Sqrt(value);

    /// <summary>One over it.</summary>
    public static double Rcp(double value) => 1 / value;

    /// <summary>One over the square root.</summary>
    public static double Rsqrt(double value) => 1 / Math.Sqrt(value);

    /// <summary>The remainder with the sign of the dividend.</summary>
    public static double Rem(double x, double y) => x % y;

    /// <summary>The remainder nearest to 0: x − y · n, n the integer nearest to x / y, ties to even.</summary>
    public static double IEEERemainder(double x, double y)
    {
        double magnitude = Math.Abs(y);
        double rest = Math.Abs(x % y);
        // Exact: x % y is, and rest lies below magnitude.
        double other = rest - magnitude;
        bool isOdd = Math.Abs((x - (x % y)) / y) % 2 == 1;
        bool takesOther = rest > -other || (rest == -other && isOdd);
        double result = Math.CopySign(takesOther ? Math.Abs(other) : rest, x);
        return takesOther ? -result : result;
    }

    /// <summary>To the nearest integer, ties to even.</summary>
    public static double Round(double value) => Math.Round(value);

    /// <summary>To the nearest integer, ties to even.</summary>
    public static double RoundToEven(double value) => Math.Round(value);

    /// <summary>To the nearest integer, ties away from 0.</summary>
    public static double RoundAwayFromZero(double value) => Math.Round(value, MidpointRounding.AwayFromZero);

    /// <summary>To the nearest integer in a rounding mode, which is a constant.</summary>
    public static double Round(double value, MidpointRounding mode) => Math.Round(value, mode);

    /// <summary>−1, 0 or 1; 0 for NaN.</summary>
    public static int Sign(double value) => value > 0 ? 1 : value < 0 ? -1 : 0;

    /// <summary>Whether it is not a number.</summary>
    public static bool IsNaN(double value) => double.IsNaN(value);

    /// <summary>Whether it is infinite.</summary>
    public static bool IsInfinity(double value) => double.IsInfinity(value);

    /// <summary>Whether it is neither infinite nor not a number.</summary>
    public static bool IsFinite(double value) => double.IsFinite(value);

    /// <summary>Degrees in radians.</summary>
    public static float DegToRad(float degrees) => degrees * 0.017453292f;

    /// <summary>Radians in degrees.</summary>
    public static float RadToDeg(float radians) => radians * 57.29578f;

    /// <summary>The largest integer not above.</summary>
    public static float Floor(float value) => MathF.Floor(value);

    /// <summary>The smallest integer not below.</summary>
    public static float Ceiling(float value) => MathF.Ceiling(value);

    /// <summary>The integer part.</summary>
    public static float Truncate(float value) => MathF.Truncate(value);

    /// <summary>Square root.</summary>
    public static float Sqrt(float value) => MathF.Sqrt(value);

    /// <summary>One over it.</summary>
    public static float Rcp(float value) => 1 / value;

    /// <summary>One over the square root.</summary>
    public static float Rsqrt(float value) => 1 / MathF.Sqrt(value);

    /// <summary>The remainder with the sign of the dividend.</summary>
    public static float Rem(float x, float y) => x % y;

    /// <summary>The remainder nearest to 0: x − y · n, n the integer nearest to x / y, ties to even.</summary>
    public static float IEEERemainder(float x, float y)
    {
        float magnitude = MathF.Abs(y);
        float rest = MathF.Abs(x % y);
        // Exact: x % y is, and rest lies below magnitude.
        float other = rest - magnitude;
        bool isOdd = MathF.Abs((x - (x % y)) / y) % 2 == 1;
        bool takesOther = rest > -other || (rest == -other && isOdd);
        float result = MathF.CopySign(takesOther ? MathF.Abs(other) : rest, x);
        return takesOther ? -result : result;
    }

    /// <summary>To the nearest integer, ties to even.</summary>
    public static float Round(float value) => MathF.Round(value);

    /// <summary>To the nearest integer, ties to even.</summary>
    public static float RoundToEven(float value) => MathF.Round(value);

    /// <summary>To the nearest integer, ties away from 0.</summary>
    public static float RoundAwayFromZero(float value) => MathF.Round(value, MidpointRounding.AwayFromZero);

    /// <summary>To the nearest integer in a rounding mode, which is a constant.</summary>
    public static float Round(float value, MidpointRounding mode) => MathF.Round(value, mode);

    /// <summary>−1, 0 or 1; 0 for NaN.</summary>
    public static int Sign(float value) => value > 0 ? 1 : value < 0 ? -1 : 0;

    /// <summary>Whether it is not a number.</summary>
    public static bool IsNaN(float value) => float.IsNaN(value);

    /// <summary>Whether it is infinite.</summary>
    public static bool IsInfinity(float value) => float.IsInfinity(value);

    /// <summary>Whether it is neither infinite nor not a number.</summary>
    public static bool IsFinite(float value) => float.IsFinite(value);

    /// <summary>The quotient rounded down.</summary>
    public static int DivRoundDown(int numerator, int denominator) => IntrinsicMath.DivRoundDown(numerator, denominator);

    /// <summary>The quotient rounded up.</summary>
    public static int DivRoundUp(int numerator, int denominator) => IntrinsicMath.DivRoundUp(numerator, denominator);

    /// <summary>The quotient rounded down.</summary>
    public static long DivRoundDown(long numerator, long denominator) => IntrinsicMath.DivRoundDown(numerator, denominator);

    /// <summary>The quotient rounded up.</summary>
    public static long DivRoundUp(long numerator, long denominator) => IntrinsicMath.DivRoundUp(numerator, denominator);
}
