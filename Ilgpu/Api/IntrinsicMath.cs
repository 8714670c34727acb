using System.Numerics;

namespace ILGPU;

/// <summary>Functions that every device has.</summary>
public static class IntrinsicMath
{
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

    /// <summary>Without its sign.</summary>
    public static Half Abs(Half value) => Half.Abs(value);

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

    /// <summary>The quotient rounded down.</summary>
    public static int DivRoundDown(int numerator, int denominator)
    {
        int quotient = numerator / denominator;
        return numerator % denominator != 0 && (numerator < 0) != (denominator < 0) ? quotient - 1 : quotient;
    }

    /// <summary>The quotient rounded up.</summary>
    public static int DivRoundUp(int numerator, int denominator)
    {
        int quotient = numerator / denominator;
        return numerator % denominator != 0 && (numerator < 0) == (denominator < 0) ? quotient + 1 : quotient;
    }

    /// <summary>The quotient rounded down.</summary>
    public static long DivRoundDown(long numerator, long denominator)
    {
        long quotient = numerator / denominator;
        return numerator % denominator != 0 && (numerator < 0) != (denominator < 0) ? quotient - 1 : quotient;
    }

    /// <summary>The quotient rounded up.</summary>
    public static long DivRoundUp(long numerator, long denominator)
    {
        long quotient = numerator / denominator;
        return numerator % denominator != 0 && (numerator < 0) == (denominator < 0) ? quotient + 1 : quotient;
    }

    /// <summary>The first number with the sign of the second.</summary>
    public static double CopySign(double x, double y) => Math.CopySign(x, y);

    /// <summary>The first number with the sign of the second.</summary>
    public static float CopySign(float x, float y) => MathF.CopySign(x, y);
}
