using System.Numerics;
using System.Reflection;

namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>Every conversion between number types gives .NET's result: saturating from floats, by sign between integers.</summary>
public unsafe class ConversionTests
{
    private static readonly double[] Numbers =
    [
        0, -0.0, 1, -1, 0.4, 0.5, 0.6, -0.6, 1.5, 127, 127.9, 128, 255, 255.9, 256, -128, -129, 300.7, -300.7, 32767, 32768, 65535, 65536, -32769,
        2147483647, 2147483648, 4294967295, 4294967296, -2147483648, -2147483649, 9007199254740993, 9.2233720368547758e18, 1.8446744073709552e19, 1e30, -1e30,
        16777217, 33554435, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 65504, 65519, 65520, 6e-8, 2.9e-8, 1e-40,
    ];

    private static void FromSingle(byte* output, float* input, int count)
    {
        for (int i = 0; i < count; i++)
        {
            byte* to = output + 80 * i;
            float x = input[i];
            *(sbyte*)to = (sbyte)x;
            *(to + 1) = (byte)x;
            *(short*)(to + 2) = (short)x;
            *(ushort*)(to + 4) = (ushort)x;
            *(int*)(to + 8) = (int)x;
            *(uint*)(to + 12) = (uint)x;
            *(long*)(to + 16) = (long)x;
            *(ulong*)(to + 24) = (ulong)x;
            *(double*)(to + 32) = x;
            *(Half*)(to + 40) = (Half)x;
            *(char*)(to + 42) = (char)x;
            *(nint*)(to + 48) = (nint)x;
        }
    }

    private static void FromDouble(byte* output, double* input, int count)
    {
        for (int i = 0; i < count; i++)
        {
            byte* to = output + 80 * i;
            double x = input[i];
            *(sbyte*)to = (sbyte)x;
            *(to + 1) = (byte)x;
            *(short*)(to + 2) = (short)x;
            *(ushort*)(to + 4) = (ushort)x;
            *(int*)(to + 8) = (int)x;
            *(uint*)(to + 12) = (uint)x;
            *(long*)(to + 16) = (long)x;
            *(ulong*)(to + 24) = (ulong)x;
            *(float*)(to + 32) = (float)x;
            *(Half*)(to + 40) = (Half)x;
        }
    }

    [Test]
    public void From_single() => Harness.Check(FromSingle, new byte[80 * Numbers.Length], Numbers.Select(x => (float)x).ToArray(), Numbers.Length);

    [Test]
    public void From_double() => Harness.Check(FromDouble, new byte[80 * Numbers.Length], Numbers, Numbers.Length);

    private static void FromInteger<T>(byte* output, T* input, int count)
        where T : unmanaged, INumberBase<T>
    {
        for (int i = 0; i < count; i++)
        {
            byte* to = output + 80 * i;
            T x = input[i];
            *(sbyte*)to = sbyte.CreateTruncating(x);
            *(to + 1) = byte.CreateTruncating(x);
            *(short*)(to + 2) = short.CreateTruncating(x);
            *(ushort*)(to + 4) = ushort.CreateTruncating(x);
            *(int*)(to + 8) = int.CreateTruncating(x);
            *(uint*)(to + 12) = uint.CreateTruncating(x);
            *(long*)(to + 16) = long.CreateTruncating(x);
            *(ulong*)(to + 24) = ulong.CreateTruncating(x);
            *(float*)(to + 32) = float.CreateTruncating(x);
            *(double*)(to + 40) = double.CreateTruncating(x);
            *(Half*)(to + 48) = Half.CreateTruncating(x);
        }
    }

    private static void Check<T>(params T[] input)
        where T : unmanaged, INumberBase<T> => Harness.Check(
            typeof(ConversionTests).GetMethod(nameof(FromInteger), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(typeof(T)),
            new byte[80 * input.Length], input, input.Length);

    [Test] public void From_bytes() => Check<byte>(0, 1, 127, 128, 255);

    [Test] public void From_signed_bytes() => Check<sbyte>(0, 1, -1, 127, -128);

    [Test] public void From_shorts() => Check<short>(0, -1, 255, 256, -32768, 32767);

    [Test] public void From_unsigned_shorts() => Check<ushort>(0, 255, 256, 32768, 65535);

    [Test] public void From_ints() => Check(0, -1, 255, 65536, int.MaxValue, int.MinValue, 16777217, 33554435);

    [Test] public void From_unsigned_ints() => Check(0u, 255u, 65536u, 2147483648u, uint.MaxValue, 4294967167u, 4294967168u);

    [Test] public void From_longs() => Check(0L, -1L, long.MaxValue, long.MinValue, 4294967296L, 9007199254740993L, (1L << 54) + 2);

    [Test] public void From_unsigned_longs() => Check(0UL, ulong.MaxValue, 1UL << 63, (1UL << 63) + 1025, 9007199254740993UL, 0x8000008000000001UL);

    private static void Narrow(int* output, int* input, int count)
    {
        for (int i = 0; i < count; i++)
        {
            int x = input[i];
            byte b = (byte)x;
            b += 200;
            sbyte s = (sbyte)(x >> 3);
            s--;
            ushort u = (ushort)(b * s);
            bool flag = x > 5;
            char c = (char)(u + 1);
            output[4 * i] = b + s + u + c + (flag ? 1 : 0);
            output[4 * i + 1] = (int)(uint)(long)x;
            output[4 * i + 2] = (short)(x * 3) >> 2;
            output[4 * i + 3] = (int)((ulong)(uint)x * 5 >> 7) + (int)((long)x * 5 >> 7);
        }
    }

    [Test]
    public void Small_locals_wrap() => Harness.Check(Narrow, new int[4 * 8], new[] { 0, 1, -1, 300, -70000, int.MaxValue, int.MinValue, 55 }, 8);

    private static void HalfArithmetic(Half* output, Half* a, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Half x = a[i], y = a[(i + 1) % count];
            output[5 * i] = x + y;
            output[5 * i + 1] = x * y;
            output[5 * i + 2] = -x / y;
            output[5 * i + 3] = x < y ? x : y;
            output[5 * i + 4] = (Half)(int)x;
        }
    }

    [Test]
    public void Halves_compute_in_single() =>
        Harness.Check(HalfArithmetic, new Half[5 * 8], new[] { (Half)1, (Half)(-2.5f), (Half)65504, (Half)6e-8f, (Half)0, (Half)0.1f, (Half)1000, (Half)(-3) }, 8);
}
