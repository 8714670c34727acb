using System.Numerics;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>Numbers on which operations go wrong, and random ones; and the comparison bit for bit.</summary>
internal static class Operands
{
    private static readonly int[] Integers = [0, 1, -1, 2, -2, 3, 7, -7, 31, 32, 33, 63, 64, 100, -100, 127, 128, 255, 256, -128, -129,
        32767, 32768, -32768, 65535, 65536, 16777216, 16777217, int.MaxValue, int.MaxValue - 1, int.MinValue, int.MinValue + 1];

    public static ScalarType TypeOf<T>() => TypeOf(typeof(T));

    public static ScalarType TypeOf(Type scalar) => scalar switch
    {
        { } type when type == typeof(sbyte) || type == typeof(byte) => ScalarType.Int8,
        { } type when type == typeof(short) || type == typeof(ushort) => ScalarType.Int16,
        { } type when type == typeof(int) || type == typeof(uint) => ScalarType.Int32,
        { } type when type == typeof(long) || type == typeof(ulong) => ScalarType.Int64,
        { } type when type == typeof(Half) => ScalarType.Float16,
        { } type when type == typeof(float) => ScalarType.Float32,
        { } type when type == typeof(double) => ScalarType.Float64,
        _ => throw new ArgumentException(scalar.Name),
    };

    /// <summary>Corner cases of a type, then random bits.</summary>
    public static T[] Of<T>(int random = 200)
        where T : unmanaged, INumberBase<T>
    {
        List<T> values = [];
        if (typeof(T) == typeof(float) || typeof(T) == typeof(double) || typeof(T) == typeof(Half))
        {
            foreach (double value in (double[])[0, -0.0, 0.25, 0.5, -0.5, 0.75, 1, -1, 1.5, 2.5, -2.5, 3, -7.25, 1e-3, 1e10, -1e10, 1e19, 1e30, -1e30,
                65504, 65519, 65520, 2147483647, 2147483648, -2147483648, -2147483649, 4294967295, 4294967296, 9223372036854775807, -9223372036854775808,
                18446744073709551615, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e-38, 1e-40, -1e-45, 6e-8, 1e-320, 8388608.5, 16777217, 127.5, 255.9, -128.9])
            {
                values.Add(T.CreateTruncating(value));
            }
        }
        else
        {
            values.AddRange(Integers.Select(T.CreateTruncating));
            values.AddRange(((long[])[long.MaxValue, long.MinValue, 1L << 32, -1L << 32, 9007199254740993, -9007199254740993, 0x7fffffbfffffffff]).Select(T.CreateTruncating));
        }
        Random source = new(12345);
        Span<byte> bytes = stackalloc byte[8];
        for (int i = 0; i < random; i++)
        {
            source.NextBytes(bytes);
            T value = System.Runtime.InteropServices.MemoryMarshal.Read<T>(bytes);
            values.Add(value);
            if (typeof(T) == typeof(float) || typeof(T) == typeof(double))
            {
                values.Add(T.CreateTruncating(source.NextDouble() * 2000 - 1000));
            }
        }
        return [.. values];
    }

    /// <summary>Every value against every other.</summary>
    public static (T[] Left, T[] Right) Pairs<T>(int random = 40)
        where T : unmanaged, INumberBase<T>
    {
        T[] values = Of<T>(random);
        return ([.. values.SelectMany(left => values.Select(_ => left))], [.. values.SelectMany(_ => values)]);
    }

    /// <summary>All bits equal; NaNs are one value, since hardware differs in which it makes.</summary>
    public static void AssertSame<T>(T[] actual, T[] expected, Func<int, string> describe)
        where T : unmanaged
    {
        List<string> wrong = [];
        for (int i = 0; i < expected.Length; i++)
        {
            if (!Same(actual[i], expected[i]))
            {
                wrong.Add($"{describe(i)} = {Show(actual[i])}, C# gives {Show(expected[i])}");
            }
        }
        Assert.That(wrong, Is.Empty, $"{wrong.Count} of {expected.Length} differ");
    }

    public static bool Same<T>(T a, T b)
        where T : unmanaged => SameNumber(a, b);

    public static bool SameNumber(object a, object b) => (a, b) switch
    {
        (float x, float y) => float.IsNaN(x) ? float.IsNaN(y) : BitConverter.SingleToInt32Bits(x) == BitConverter.SingleToInt32Bits(y),
        (double x, double y) => double.IsNaN(x) ? double.IsNaN(y) : BitConverter.DoubleToInt64Bits(x) == BitConverter.DoubleToInt64Bits(y),
        (Half x, Half y) => Half.IsNaN(x) ? Half.IsNaN(y) : BitConverter.HalfToInt16Bits(x) == BitConverter.HalfToInt16Bits(y),
        _ => a.Equals(b),
    };

    public static string Show<T>(T value) => value switch
    {
        float number => $"{number:R} (0x{BitConverter.SingleToInt32Bits(number):x8})",
        double number => $"{number:R} (0x{BitConverter.DoubleToInt64Bits(number):x16})",
        _ => $"{value}",
    };
}
