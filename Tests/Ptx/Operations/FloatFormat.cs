using System.Numerics;

namespace Managed.Tests.Ptx;

/// <summary>How a real number is rounded to a format.</summary>
internal enum Rounding { Nearest, NearestAway, TowardZero, Down, Up }

/// <summary>A binary floating-point format and exact rounding of any real number to it.</summary>
/// <param name="Precision">Significant bits, the hidden one included.</param>
/// <param name="LeastExponent">Exponent of the smallest subnormal.</param>
/// <param name="Greatest">Largest finite value.</param>
/// <param name="HasInfinity">Whether overflow gives an infinity; else NaN stands for it.</param>
internal sealed record FloatFormat(string Name, int Bits, int Precision, int LeastExponent, double Greatest, bool HasInfinity)
{
    public static readonly FloatFormat F64 = new("f64", 64, 53, -1074, double.MaxValue, true);
    public static readonly FloatFormat F32 = new("f32", 32, 24, -149, float.MaxValue, true);
    public static readonly FloatFormat TF32 = new("tf32", 32, 11, -136, 3.401162134214653e38, true);
    public static readonly FloatFormat F16 = new("f16", 16, 11, -24, 65504, true);
    public static readonly FloatFormat BF16 = new("bf16", 16, 8, -133, 3.3895313892515355e38, true);
    public static readonly FloatFormat E4M3 = new("e4m3", 8, 4, -9, 448, false);
    public static readonly FloatFormat E5M2 = new("e5m2", 8, 3, -16, 57344, true);

    public static readonly Dictionary<string, FloatFormat> ByName =
        new[] { F64, F32, TF32, F16, BF16, E4M3, E5M2 }.ToDictionary(format => format.Name);

    public static Rounding ParseRounding(string word) => word switch
    {
        "rz" => Rounding.TowardZero,
        "rm" => Rounding.Down,
        "rp" => Rounding.Up,
        "rna" => Rounding.NearestAway,
        _ => Rounding.Nearest,
    };

    /// <summary>Rounds mantissa · 2^exponent, plus a trace more of the same sign if inexact says so, to this format.</summary>
    public double Round(BigInteger mantissa, int exponent, bool inexact, Rounding rounding)
    {
        bool negative = mantissa.Sign < 0;
        BigInteger magnitude = BigInteger.Abs(mantissa);
        if (magnitude.IsZero)
            return 0;
        // two guard bits below the rounding position keep "exactly half" and "a trace more" apart
        int target = Math.Max(exponent + (int)magnitude.GetBitLength() - Precision, LeastExponent);
        int shift = target - exponent;
        BigInteger kept;
        int remainder;
        if (shift <= 0)
        {
            kept = magnitude << -shift;
            remainder = inexact ? 1 : 0;
        }
        else
        {
            kept = magnitude >> shift;
            BigInteger rest = magnitude - (kept << shift), half = BigInteger.One << (shift - 1);
            int compared = rest.CompareTo(half);
            remainder = rest.IsZero && !inexact ? 0 : compared < 0 ? 1 : compared == 0 && !inexact ? 2 : 3;
        }
        bool up = rounding switch
        {
            Rounding.Nearest => remainder == 3 || (remainder == 2 && !kept.IsEven),
            Rounding.NearestAway => remainder >= 2,
            Rounding.Up => remainder > 0 && !negative,
            Rounding.Down => remainder > 0 && negative,
            _ => false,
        };
        double value = Math.ScaleB((double)(up ? kept + 1 : kept), target);
        if (value > Greatest)
            value = rounding is Rounding.TowardZero || rounding == (negative ? Rounding.Up : Rounding.Down) ? Greatest : double.PositiveInfinity;
        return negative ? -value : value;
    }

    /// <summary>Rounds a double to this format; NaN and infinities stay.</summary>
    public double Round(double value, Rounding rounding)
    {
        if (!double.IsFinite(value) || value == 0)
            return value;
        (BigInteger mantissa, int exponent) = Split(value);
        double result = Round(mantissa, exponent, false, rounding);
        return result == 0 ? Math.CopySign(0, value) : result;
    }

    /// <summary>A finite double as integer and power of two.</summary>
    public static (BigInteger Mantissa, int Exponent) Split(double value)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        int exponent = (int)(bits >> 52) & 0x7FF;
        ulong fraction = bits & 0xFFFFFFFFFFFFF;
        BigInteger mantissa = exponent == 0 ? fraction : fraction | (1UL << 52);
        return (double.IsNegative(value) ? -mantissa : mantissa, Math.Max(exponent, 1) - 1075);
    }

    /// <summary>The bits of a value that this format holds exactly (or of NaN, an infinity).</summary>
    public uint Encode(double value)
    {
        if (this == F32 || this == TF32)
            return double.IsNaN(value) ? 0x7FFFFFFF : BitConverter.SingleToUInt32Bits((float)value);
        int fractionBits = Precision - 1, exponentBits = Bits - Precision;
        uint sign = double.IsNegative(value) ? 1u << (Bits - 1) : 0;
        uint ones = (1u << exponentBits) - 1;
        if (double.IsNaN(value) || (double.IsInfinity(value) && !HasInfinity))
            return (1u << (Bits - 1)) - 1;
        if (double.IsInfinity(value))
            return sign | (ones << fractionBits);
        double units = Math.ScaleB(Math.Abs(value), -LeastExponent);
        if (units < 1L << fractionBits)
            return sign | (uint)units;
        int exponent = Math.ILogB(units) - fractionBits;
        return sign | ((uint)(exponent + 1) << fractionBits) | ((uint)Math.ScaleB(units, -exponent) & ((1u << fractionBits) - 1));
    }

    /// <summary>The value of a format of 16 or 8 bits.</summary>
    public double Decode(uint bits)
    {
        if (this == F32 || this == TF32)
            return BitConverter.UInt32BitsToSingle(bits);
        int fractionBits = Precision - 1, exponentBits = Bits - Precision;
        uint ones = (1u << exponentBits) - 1;
        uint exponent = (bits >> fractionBits) & ones, fraction = bits & ((1u << fractionBits) - 1);
        double value;
        if (exponent == ones && HasInfinity)
            value = fraction == 0 ? double.PositiveInfinity : double.NaN;
        else if (!HasInfinity && (bits & 0x7F) == 0x7F)
            value = double.NaN;
        else
            value = exponent == 0 ? Math.ScaleB(fraction, LeastExponent) : Math.ScaleB(fraction | (1u << fractionBits), LeastExponent + (int)exponent - 1);
        return ((bits >> (Bits - 1)) & 1) != 0 ? -value : value;
    }
}
