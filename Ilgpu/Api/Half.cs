using System.Globalization;

namespace ILGPU;

/// <summary>A 16-bit floating point number (IEEE binary16). Arithmetic is done in 32 bits and rounded.</summary>
public readonly struct Half : IEquatable<Half>, IComparable<Half>
{
    /// <summary>The smallest positive number, 2⁻²⁴.</summary>
    public static readonly Half Epsilon = new(System.Half.Epsilon);

    /// <summary>The largest number, 65504.</summary>
    public static readonly Half MaxValue = new(System.Half.MaxValue);

    /// <summary>The smallest number, −65504.</summary>
    public static readonly Half MinValue = new(System.Half.MinValue);

    /// <summary>Not a number.</summary>
    public static readonly Half NaN = new(System.Half.NaN);

    /// <summary>Positive infinity.</summary>
    public static readonly Half PositiveInfinity = new(System.Half.PositiveInfinity);

    /// <summary>Negative infinity.</summary>
    public static readonly Half NegativeInfinity = new(System.Half.NegativeInfinity);

    /// <summary>0.</summary>
    public static readonly Half Zero = new(System.Half.Zero);

    /// <summary>1.</summary>
    public static readonly Half One = new(System.Half.One);

    private readonly System.Half value;

    private Half(System.Half value) => this.value = value;

    /// <summary>The bits.</summary>
    internal ushort RawValue => BitConverter.HalfToUInt16Bits(value);

    /// <summary>From bits.</summary>
    internal static Half FromRaw(ushort bits) => new(BitConverter.UInt16BitsToHalf(bits));

    /// <summary>Without its sign.</summary>
    public static Half Abs(Half half) => FromRaw((ushort)(half.RawValue & 0x7fff));

    /// <summary>Whether it is not a number.</summary>
    public static bool IsNaN(Half half) => (half.RawValue & 0x7fff) > 0x7c00;

    /// <summary>Whether it is 0 or −0.</summary>
    public static bool IsZero(Half half) => (half.RawValue & 0x7fff) == 0;

    /// <summary>Whether it is positive infinity.</summary>
    public static bool IsPositiveInfinity(Half half) => half.RawValue == 0x7c00;

    /// <summary>Whether it is negative infinity.</summary>
    public static bool IsNegativeInfinity(Half half) => half.RawValue == 0xfc00;

    /// <summary>Whether it is infinite.</summary>
    public static bool IsInfinity(Half half) => (half.RawValue & 0x7fff) == 0x7c00;

    /// <summary>Whether it is neither infinite nor not a number.</summary>
    public static bool IsFinite(Half half) => (half.RawValue & 0x7fff) < 0x7c00;

    /// <inheritdoc/>
    public bool Equals(Half other) => this == other;

    /// <inheritdoc/>
    public int CompareTo(Half other) => ((float)this).CompareTo(other);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Half other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => value.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => ((float)this).ToString(CultureInfo.InvariantCulture);

    /// <summary>With the other sign.</summary>
    public static Half operator -(Half halfValue) => FromRaw((ushort)(halfValue.RawValue ^ 0x8000));

    /// <summary>Sum, rounded to 16 bits.</summary>
    public static Half operator +(Half first, Half second) => (Half)((float)first + (float)second);

    /// <summary>Difference, rounded to 16 bits.</summary>
    public static Half operator -(Half first, Half second) => (Half)((float)first - (float)second);

    /// <summary>Product, rounded to 16 bits.</summary>
    public static Half operator *(Half first, Half second) => (Half)((float)first * (float)second);

    /// <summary>Quotient, rounded to 16 bits.</summary>
    public static Half operator /(Half first, Half second) => (Half)((float)first / (float)second);

    /// <summary>Whether they are equal.</summary>
    public static bool operator ==(Half first, Half second) => (float)first == (float)second;

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(Half first, Half second) => (float)first != (float)second;

    /// <summary>Whether they are in ascending order.</summary>
    public static bool operator <(Half first, Half second) => (float)first < (float)second;

    /// <summary>Whether they are in ascending order or equal.</summary>
    public static bool operator <=(Half first, Half second) => (float)first <= (float)second;

    /// <summary>Whether they are in descending order.</summary>
    public static bool operator >(Half first, Half second) => (float)first > (float)second;

    /// <summary>Whether they are in descending order or equal.</summary>
    public static bool operator >=(Half first, Half second) => (float)first >= (float)second;

    /// <summary>To 32 bits, exactly.</summary>
    public static implicit operator float(Half halfValue) => (float)halfValue.value;

    /// <summary>To 64 bits, exactly.</summary>
    public static implicit operator double(Half halfValue) => (float)halfValue.value;

    /// <summary>Rounded to the nearest, ties to even.</summary>
    public static explicit operator Half(float floatValue) => new((System.Half)floatValue);

    /// <summary>Rounded to 32 bits, then to 16.</summary>
    public static explicit operator Half(double doubleValue) => (Half)(float)doubleValue;

    /// <summary>Truncated toward zero.</summary>
    public static explicit operator sbyte(Half halfValue) => (sbyte)(float)halfValue;

    /// <summary>Rounded to 32 bits, then to 16.</summary>
    public static explicit operator Half(sbyte sbyteValue) => (Half)(float)sbyteValue;

    /// <summary>Truncated toward zero.</summary>
    public static explicit operator short(Half halfValue) => (short)(float)halfValue;

    /// <summary>Rounded to 32 bits, then to 16.</summary>
    public static explicit operator Half(short shortValue) => (Half)(float)shortValue;

    /// <summary>Truncated toward zero.</summary>
    public static explicit operator int(Half halfValue) => (int)(float)halfValue;

    /// <summary>Rounded to 32 bits, then to 16.</summary>
    public static explicit operator Half(int intValue) => (Half)(float)intValue;

    /// <summary>Truncated toward zero.</summary>
    public static explicit operator long(Half halfValue) => (long)(float)halfValue;

    /// <summary>Rounded to 32 bits, then to 16.</summary>
    public static explicit operator Half(long longValue) => (Half)(float)longValue;

    /// <summary>Truncated toward zero.</summary>
    public static explicit operator byte(Half halfValue) => (byte)(float)halfValue;

    /// <summary>Rounded to 32 bits, then to 16.</summary>
    public static explicit operator Half(byte byteValue) => (Half)(float)byteValue;

    /// <summary>Truncated toward zero.</summary>
    public static explicit operator ushort(Half halfValue) => (ushort)(float)halfValue;

    /// <summary>Rounded to 32 bits, then to 16.</summary>
    public static explicit operator Half(ushort ushortValue) => (Half)(float)ushortValue;

    /// <summary>Truncated toward zero.</summary>
    public static explicit operator uint(Half halfValue) => (uint)(float)halfValue;

    /// <summary>Rounded to 32 bits, then to 16.</summary>
    public static explicit operator Half(uint uintValue) => (Half)(float)uintValue;

    /// <summary>Truncated toward zero.</summary>
    public static explicit operator ulong(Half halfValue) => (ulong)(float)halfValue;

    /// <summary>Rounded to 32 bits, then to 16.</summary>
    public static explicit operator Half(ulong ulongValue) => (Half)(float)ulongValue;
}
