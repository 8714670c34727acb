using System.Numerics;
using System.Reflection;

namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>Every arithmetic IL instruction on every type gives .NET's bits, on numbers that are hard and on random ones.</summary>
public unsafe class ArithmeticTests
{
    private static void Integers<T>(T* output, T* a, T* b, int count)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (int i = 0; i < count; i++)
        {
            T x = a[i], y = b[i];
            int shift = int.CreateTruncating(y) & (sizeof(T) * 8 - 1);
            T* to = output + 20 * i;
            to[0] = x + y;
            to[1] = x - y;
            to[2] = x * y;
            to[3] = x & y;
            to[4] = x | y;
            to[5] = x ^ y;
            to[6] = x << shift;
            to[7] = x >> shift;
            to[8] = x >>> shift;
            to[9] = ~x;
            to[10] = T.Zero - x;
            to[11] = x < y ? x : y;
            to[12] = x <= y ? T.One : T.Zero;
            to[13] = x > y ? T.One : T.Zero;
            to[14] = x >= y ? T.One : T.Zero;
            to[15] = x == y ? T.One : T.Zero;
            to[16] = x != y ? T.One : T.Zero;
            bool divides = y != T.Zero && !(y + T.One == T.Zero);
            to[17] = divides ? x / y : x;
            to[18] = divides ? x % y : y;
            to[19] = (x + T.One) * (y - T.One) ^ x;
        }
    }

    private static T[] IntegerInputs<T>(int seed)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        Random random = new(seed);
        T[] hard = [T.Zero, T.One, T.MaxValue, T.MinValue, T.MaxValue - T.One, T.MinValue + T.One, T.CreateTruncating(7), T.CreateTruncating(-7)];
        return [.. hard.SelectMany(x => Enumerable.Repeat(x, hard.Length)), .. Enumerable.Range(0, 40).Select(_ => T.CreateTruncating(random.NextInt64() >> random.Next(64)))];
    }

    private static void CheckIntegers<T>()
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        T[] a = IntegerInputs<T>(1), b = IntegerInputs<T>(2);
        for (int i = 0; i < 64; i++)
        {
            b[i] = a[i % 8 * 8]; // each hard number with each
        }
        Harness.Check(typeof(ArithmeticTests).GetMethod(nameof(Integers), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(typeof(T)), new T[20 * a.Length], a, b, a.Length);
    }


    [Test] public void Bytes() => CheckIntegers<byte>();

    [Test] public void Signed_bytes() => CheckIntegers<sbyte>();

    [Test] public void Shorts() => CheckIntegers<short>();

    [Test] public void Unsigned_shorts() => CheckIntegers<ushort>();

    [Test] public void Ints() => CheckIntegers<int>();

    [Test] public void Unsigned_ints() => CheckIntegers<uint>();

    [Test] public void Longs() => CheckIntegers<long>();

    [Test] public void Unsigned_longs() => CheckIntegers<ulong>();

    private static void Singles(float* output, float* a, float* b, int count)
    {
        for (int i = 0; i < count; i++)
        {
            float x = a[i], y = b[i];
            float* to = output + 40 * i;
            to[0] = x + y;
            to[1] = x - y;
            to[2] = x * y;
            to[3] = x / y;
            to[4] = x % y;
            to[5] = -x;
            to[6] = x < y ? 1 : 0;
            to[7] = x <= y ? 1 : 0;
            to[8] = x > y ? 1 : 0;
            to[9] = x >= y ? 1 : 0;
            to[10] = x == y ? 1 : 0;
            to[11] = x != y ? 1 : 0;
            to[12] = !(x < y) ? 1 : 0;
            to[13] = !(x >= y) ? 1 : 0;
            to[14] = MathF.Sqrt(x);
            to[15] = MathF.Abs(x);
            to[16] = MathF.Floor(x);
            to[17] = MathF.Ceiling(x);
            to[18] = MathF.Truncate(x);
            to[19] = MathF.Round(x);
            to[20] = MathF.Min(x, y);
            to[21] = MathF.Max(x, y);
            to[22] = MathF.CopySign(x, y);
            to[23] = MathF.FusedMultiplyAdd(x, y, x);
            to[24] = Math.Clamp(x, -2f, 3f);
            to[25] = MathF.Round(x, MidpointRounding.AwayFromZero);
            to[26] = float.IsNaN(x) ? 1 : float.IsInfinity(x) ? 2 : float.IsFinite(x) ? 3 : 4;
            to[27] = float.IsNegative(x) ? 1 : 0;
            to[28] = x * 1f + 0f;
            to[29] = x - 0f;
            to[30] = x + -0f;
            to[31] = x / 8f;
            to[32] = x / 3f;
            to[33] = (x + y) * (x - y) / (y * y + 1f);
            to[34] = x * 0f;
            to[35] = 0f - x;
            to[36] = 1f / x;
            to[37] = x > 0 && y > 0 ? x : y;
            to[38] = BitConverter.SingleToInt32Bits(x) >> 8;
            to[39] = (float)(double)x + (float)(x * (double)y);
        }
    }

    private static readonly float[] HardSingles =
    [
        0f, -0f, 1f, -1f, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f, 0.49999997f, float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, float.MinValue,
        float.Epsilon, -float.Epsilon, 1.1754944e-38f, 8388607.5f, 16777216f, 3e9f, -3e9f, 2147483648f, -2147483648f, 9.3e18f, 1.9e19f, 300.7f, -300.7f, 65504f, 65520f,
    ];

    /// <summary>Any two NaNs are equal: .NET's own depends on the processor.</summary>
    [Test]
    public void Singles_as_in_NET()
    {
        float[] a = [.. HardSingles.SelectMany(x => Enumerable.Repeat(x, HardSingles.Length))];
        float[] b = [.. HardSingles.SelectMany(_ => HardSingles)];
        Harness.Check(Singles, new float[40 * a.Length], a, b, a.Length);
    }

    private static void Doubles(double* output, double* a, double* b, int count)
    {
        for (int i = 0; i < count; i++)
        {
            double x = a[i], y = b[i];
            double* to = output + 20 * i;
            to[0] = x + y;
            to[1] = x - y;
            to[2] = x * y;
            to[3] = x / y;
            to[4] = x % y;
            to[5] = -x;
            to[6] = x < y ? 1 : x > y ? 2 : x == y ? 3 : 4;
            to[7] = x <= y ? 1 : 0;
            to[8] = x >= y ? 1 : 0;
            to[9] = Math.Sqrt(x);
            to[10] = Math.Abs(x);
            to[11] = Math.Floor(x);
            to[12] = Math.Ceiling(x);
            to[13] = Math.Round(x);
            to[14] = Math.Min(x, y);
            to[15] = Math.Max(x, y);
            to[16] = Math.FusedMultiplyAdd(x, y, y);
            to[17] = (float)x;
            to[18] = Math.Truncate(x);
            to[19] = BitConverter.DoubleToInt64Bits(x) >> 40;
        }
    }

    [Test]
    public void Doubles_as_in_NET()
    {
        double[] hard = [.. HardSingles.Select(x => (double)x), 1e300, -1e-300, double.Epsilon, 0.1, 4503599627370497.5];
        Harness.Check(Doubles, new double[20 * hard.Length * hard.Length], hard.SelectMany(x => Enumerable.Repeat(x, hard.Length)).ToArray(),
            hard.SelectMany(_ => hard).ToArray(), hard.Length * hard.Length);
    }

    private static void BitTricks(int* output, uint* a, ulong* b, int count)
    {
        for (int i = 0; i < count; i++)
        {
            uint x = a[i];
            ulong y = b[i];
            int* to = output + 14 * i;
            to[0] = BitOperations.PopCount(x);
            to[1] = BitOperations.PopCount(y);
            to[2] = BitOperations.LeadingZeroCount(x);
            to[3] = BitOperations.LeadingZeroCount(y);
            to[4] = BitOperations.TrailingZeroCount(x);
            to[5] = BitOperations.TrailingZeroCount(y);
            to[6] = BitOperations.Log2(x);
            to[7] = BitOperations.Log2(y);
            to[8] = (int)BitOperations.RotateLeft(x, 5);
            to[9] = (int)BitOperations.RotateRight(y, 13);
            to[10] = (int)(Math.BigMul(x, x) >> 32);
            to[11] = (int)Math.BigMul(y, y + 3, out ulong low);
            to[12] = (int)low;
            to[13] = Math.Abs((int)(x >> 1)) + Math.Sign((int)x) + Math.Max((int)x, 5) - (int)Math.Min(x, 77u);
        }
    }

    [Test]
    public void Bit_operations_as_in_NET()
    {
        uint[] a = IntegerInputs<uint>(3);
        ulong[] b = IntegerInputs<ulong>(4);
        Harness.Check(BitTricks, new int[14 * a.Length], a, b, a.Length);
    }
}
