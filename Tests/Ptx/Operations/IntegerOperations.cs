using System.Numerics;

namespace Managed.Tests.Ptx;

internal readonly struct Add<T> : IBinary<T> where T : INumber<T> { public static T Apply(T a, T b) => a + b; }

internal readonly struct Subtract<T> : IBinary<T> where T : INumber<T> { public static T Apply(T a, T b) => a - b; }

internal readonly struct MultiplyLow<T> : IBinary<T> where T : INumber<T> { public static T Apply(T a, T b) => a * b; }

internal readonly struct MultiplyAddLow<T> : ITernary<T> where T : INumber<T> { public static T Apply(T a, T b, T c) => (a * b) + c; }

internal readonly struct MultiplyHigh<T> : IBinary<T> where T : unmanaged, IBinaryInteger<T>
{
    public static unsafe T Apply(T a, T b) => sizeof(T) <= 4
        ? T.CreateTruncating((long.CreateTruncating(a) * long.CreateTruncating(b)) >> (8 * sizeof(T)))
        : T.CreateTruncating((Int128.CreateTruncating(a) * Int128.CreateTruncating(b)) >> (8 * sizeof(T)));
}

internal readonly struct MultiplyHighUnsigned : IBinary<ulong> { public static ulong Apply(ulong a, ulong b) => Math.BigMul(a, b, out _); }

internal readonly struct MultiplyAddHigh<T> : ITernary<T> where T : unmanaged, IBinaryInteger<T> { public static T Apply(T a, T b, T c) => MultiplyHigh<T>.Apply(a, b) + c; }

internal readonly struct MultiplyAddHighUnsigned : ITernary<ulong> { public static ulong Apply(ulong a, ulong b, ulong c) => Math.BigMul(a, b, out _) + c; }

/// <summary>x/0 gives all ones; the most negative number by −1 gives itself (PTX leaves it open).</summary>
internal readonly struct Divide<T> : IBinary<T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b) => T.IsZero(b) ? ~T.Zero : T.IsNegative(b) && b == ~T.Zero ? T.Zero - a : a / b;
}

internal readonly struct Remainder<T> : IBinary<T> where T : IBinaryInteger<T>
{
    public static T Apply(T a, T b) => T.IsZero(b) ? ~T.Zero : T.IsNegative(b) && b == ~T.Zero ? T.Zero : a % b;
}

internal readonly struct Minimum<T> : IBinary<T> where T : INumber<T> { public static T Apply(T a, T b) => a < b ? a : b; }

internal readonly struct Maximum<T> : IBinary<T> where T : INumber<T> { public static T Apply(T a, T b) => a > b ? a : b; }

internal readonly struct Negate<T> : IUnary<T, T> where T : INumber<T> { public static T Apply(T a) => T.Zero - a; }

internal readonly struct Absolute<T> : IUnary<T, T> where T : INumber<T> { public static T Apply(T a) => T.IsNegative(a) ? T.Zero - a : a; }

internal readonly struct And<T> : IBinary<T> where T : IBinaryInteger<T> { public static T Apply(T a, T b) => a & b; }

internal readonly struct Or<T> : IBinary<T> where T : IBinaryInteger<T> { public static T Apply(T a, T b) => a | b; }

internal readonly struct ExclusiveOr<T> : IBinary<T> where T : IBinaryInteger<T> { public static T Apply(T a, T b) => a ^ b; }

internal readonly struct Not<T> : IUnary<T, T> where T : IBinaryInteger<T> { public static T Apply(T a) => ~a; }

internal readonly struct LogicalNot<T> : IUnary<T, T> where T : IBinaryInteger<T> { public static T Apply(T a) => T.IsZero(a) ? T.One : T.Zero; }

/// <summary>Amounts from the width on clamp: zero, or the sign for signed types.</summary>
internal readonly struct ShiftLeft<T> : IShift<T> where T : unmanaged, IBinaryInteger<T>
{
    public static unsafe T Apply(T a, uint amount) => amount >= 8 * sizeof(T) ? T.Zero : a << (int)amount;
}

internal readonly struct ShiftRight<T> : IShift<T> where T : unmanaged, IBinaryInteger<T>
{
    public static unsafe T Apply(T a, uint amount) => amount < 8 * sizeof(T) ? a >> (int)amount : T.IsNegative(a) ? ~T.Zero : T.Zero;
}

internal readonly struct PopulationCount<T> : IUnary<T, uint> where T : IBinaryInteger<T> { public static uint Apply(T a) => uint.CreateTruncating(T.PopCount(a)); }

internal readonly struct LeadingZeros<T> : IUnary<T, uint> where T : IBinaryInteger<T> { public static uint Apply(T a) => uint.CreateTruncating(T.LeadingZeroCount(a)); }

internal readonly struct SaturatingAdd : IBinary<int> { public static int Apply(int a, int b) => (int)Math.Clamp((long)a + b, int.MinValue, int.MaxValue); }

internal readonly struct SaturatingSubtract : IBinary<int> { public static int Apply(int a, int b) => (int)Math.Clamp((long)a - b, int.MinValue, int.MaxValue); }

/// <summary>Operations on bit fields and bytes, as functions of whole slots.</summary>
internal static class BitFields
{
    public static ulong Extract(ulong value, ulong position, ulong length, int width, bool signed)
    {
        int first = (int)(position & 255), count = (int)(length & 255), top = width - 1;
        bool fill = signed && count > 0 && ((value >> Math.Min(first + count - 1, top)) & 1) != 0;
        ulong result = 0;
        for (int i = 0; i < width; i++)
            result |= (i < count && first + i <= top ? (value >> (first + i)) & 1 : i < count || signed ? fill ? 1u : 0 : 0) << i;
        return result;
    }

    public static ulong Insert(ulong source, ulong into, ulong position, ulong length, int width)
    {
        int first = (int)(position & 255), count = (int)(length & 255);
        for (int i = 0; i < count && first + i < width; i++)
            into = (into & ~(1UL << (first + i))) | (((source >> i) & 1) << (first + i));
        return into;
    }

    public static ulong Reverse(ulong value, int width)
    {
        ulong result = 0;
        for (int i = 0; i < width; i++)
            result |= ((value >> i) & 1) << (width - 1 - i);
        return result;
    }

    /// <summary>Position of the highest bit that differs from the sign, or all ones.</summary>
    public static ulong FindTop(ulong value, int width, bool signed, bool shiftAmount)
    {
        value = width == 32 ? (uint)value : value;
        if (signed && ((value >> (width - 1)) & 1) != 0)
            value = width == 32 ? ~(uint)value : ~value;
        return value == 0 ? uint.MaxValue : shiftAmount ? (ulong)(width - 1 - BitOperations.Log2(value)) : (ulong)BitOperations.Log2(value);
    }

    public static ulong Permute(ulong a, ulong b, ulong selector)
    {
        ulong bytes = (uint)a | (b << 32);
        ulong result = 0;
        for (int i = 0; i < 4; i++)
        {
            int nibble = (int)(selector >> (4 * i)) & 15;
            ulong value = (bytes >> (8 * (nibble & 7))) & 255;
            if ((nibble & 8) != 0)
                value = (value & 128) != 0 ? 255u : 0;
            result |= value << (8 * i);
        }
        return result;
    }

    public static ulong LookUp(ulong a, ulong b, ulong c, long table)
    {
        ulong result = 0;
        for (int i = 0; i < 8; i++)
            if (((table >> i) & 1) != 0)
                result |= ((i & 4) != 0 ? a : ~a) & ((i & 2) != 0 ? b : ~b) & ((i & 1) != 0 ? c : ~c);
        return result;
    }

    public static ulong FunnelLeft(ulong low, ulong high, ulong amount, bool clamp)
    {
        int n = clamp ? (int)Math.Min((uint)amount, 32) : (int)(amount & 31);
        return (uint)(((high << 32) | (uint)low) << n >> 32);
    }

    public static ulong FunnelRight(ulong low, ulong high, ulong amount, bool clamp)
    {
        int n = clamp ? (int)Math.Min((uint)amount, 32) : (int)(amount & 31);
        return (uint)(((high << 32) | (uint)low) >> n);
    }

    /// <summary>Four products of bytes, or two of a's halves with two bytes of b, added to c.</summary>
    public static ulong Dot(ulong a, ulong b, ulong c, int count, int firstByte, bool signedA, bool signedB)
    {
        uint sum = (uint)c;
        int widthA = 32 / count;
        for (int i = 0; i < count; i++)
        {
            long x = (long)Extract(a, (ulong)(i * widthA), (ulong)widthA, 64, false), y = (long)(b >> (8 * (firstByte + i))) & 255;
            if (signedA)
                x = x << (64 - widthA) >> (64 - widthA);
            sum += (uint)(x * (signedB ? (sbyte)y : y));
        }
        return sum;
    }
}
