using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>Every operation of the IR on every type, run on the OpenCL device, gives C#'s bits.</summary>
internal sealed class ArithmeticTests
{
    [Test]
    public void EveryBinaryOperationOfIntegersGivesWhatCSharpGives()
    {
        Assert.Multiple(() =>
        {
            Integers<int>(false);
            Integers<uint>(true);
            Integers<long>(false);
            Integers<ulong>(true);
        });
        CheckBinary<int>(BinaryOp.MultiplyHigh, false, (a, b) => (int)(((long)a * b) >> 32));
        CheckBinary<uint>(BinaryOp.MultiplyHigh, true, (a, b) => (uint)(((ulong)a * b) >> 32));
        CheckBinary<long>(BinaryOp.MultiplyHigh, false, (a, b) => (long)(((Int128)a * b) >> 64));
        CheckBinary<ulong>(BinaryOp.MultiplyHigh, true, (a, b) => Math.BigMul(a, b, out _));
    }

    [Test]
    public void EveryBinaryOperationOfFloatsGivesWhatCSharpGives()
    {
        CheckBinary<float>(BinaryOp.Min, false, MathF.Min);
        CheckBinary<float>(BinaryOp.Max, false, MathF.Max);
        CheckBinary<float>(BinaryOp.CopySign, false, MathF.CopySign);
        CheckBinary<double>(BinaryOp.Min, false, Math.Min);
        CheckBinary<double>(BinaryOp.Max, false, Math.Max);
        CheckBinary<double>(BinaryOp.CopySign, false, Math.CopySign);
        Floats<float>();
        Floats<double>();
    }

    [Test]
    public void ADivisorOfZeroDoesNotEndTheProcess()
    {
        foreach (BinaryOp op in (BinaryOp[])[BinaryOp.Divide, BinaryOp.Remainder])
        {
            int[] left = [5, -5, int.MinValue, 7], right = [0, 0, -1, 2], result = new int[4];
            OpenCLRunner.Require().Run(KernelBuilder.Elementwise([ScalarType.Int32, ScalarType.Int32], ScalarType.Int32,
                (builder, operands) => builder.Binary(op, operands[0], operands[1])), 1, 4, left, right, result);
            Assert.That(result[3], Is.EqualTo(op == BinaryOp.Divide ? 3 : 1));
        }
    }

    [Test]
    public void EveryUnaryOperationGivesWhatCSharpGives()
    {
        Assert.Multiple(() =>
        {
            UnaryIntegers<int>(32);
            UnaryIntegers<long>(64);
            UnaryFloats<float>();
            UnaryFloats<double>();
        });
    }

    [Test]
    public void ApproximateOperationsAreWithinTheirBounds()
    {
        float[] values = [.. Operands.Of<float>(400).Where(value => MathF.Abs(value) is > 1e-30f and < 1e30f)];
        CheckNear(UnaryOp.Exp2Approximate, [.. values.Where(value => MathF.Abs(value) < 120)], x => Math.Pow(2, x), 3);
        CheckNear(UnaryOp.Log2Approximate, [.. values.Where(value => value > 0 && MathF.Abs(value - 1) > 0.1f)], x => Math.Log2(x), 3);
        CheckNear(UnaryOp.ReciprocalSqrtApproximate, [.. values.Where(value => value > 0)], x => 1 / Math.Sqrt(x), 2);
        CheckNear(UnaryOp.ReciprocalApproximate, values, x => 1 / x, 1);
        CheckNear(UnaryOp.TanhApproximate, values, Math.Tanh, 8192);
    }

    [Test]
    public void FusedMultiplyAddRoundsOnceAndSeparateOnesTwice()
    {
        CheckTernary<float>((builder, x) => builder.Add(new FusedMultiplyAdd(x[0], x[1], x[2])), MathF.FusedMultiplyAdd);
        CheckTernary<double>((builder, x) => builder.Add(new FusedMultiplyAdd(x[0], x[1], x[2])), Math.FusedMultiplyAdd);
        CheckTernary<float>((builder, x) => builder.Binary(BinaryOp.Add, builder.Binary(BinaryOp.Multiply, x[0], x[1]), x[2]), MultiplyThenAdd);
        CheckTernary<double>((builder, x) => builder.Binary(BinaryOp.Add, builder.Binary(BinaryOp.Multiply, x[0], x[1]), x[2]), MultiplyThenAdd);
    }

    [Test]
    public void ComparisonsGiveWhatCSharpGivesWithNaN()
    {
        CheckCompare<int>(false);
        CheckCompare<uint>(true);
        CheckCompare<long>(false);
        CheckCompare<ulong>(true);
        CheckCompare<float>(false);
        CheckCompare<double>(false);
    }

    // Not inlined, so that nothing contracts the two roundings into one.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T MultiplyThenAdd<T>(T a, T b, T c)
        where T : INumberBase<T>
    {
        T product = a * b;
        return product + c;
    }

    private static void Integers<T>(bool unsigned)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        int mask = Marshal.SizeOf<T>() * 8 - 1;
        CheckBinary<T>(BinaryOp.Add, unsigned, (a, b) => unchecked(a + b));
        CheckBinary<T>(BinaryOp.Subtract, unsigned, (a, b) => unchecked(a - b));
        CheckBinary<T>(BinaryOp.Multiply, unsigned, (a, b) => unchecked(a * b));
        CheckBinary<T>(BinaryOp.And, unsigned, (a, b) => a & b);
        CheckBinary<T>(BinaryOp.Or, unsigned, (a, b) => a | b);
        CheckBinary<T>(BinaryOp.Xor, unsigned, (a, b) => a ^ b);
        CheckBinary<T>(BinaryOp.Min, unsigned, T.Min);
        CheckBinary<T>(BinaryOp.Max, unsigned, T.Max);
        CheckBinary<T>(BinaryOp.Divide, unsigned, (a, b) => IsFault(a, b) ? null : a / b);
        CheckBinary<T>(BinaryOp.Remainder, unsigned, (a, b) => IsFault(a, b) ? null : a % b);
        CheckShift<T>(BinaryOp.ShiftLeft, unsigned, (a, amount) => a << (amount & mask));
        CheckShift<T>(BinaryOp.ShiftRight, unsigned, (a, amount) => a >> (amount & mask));
    }

    private static bool IsFault<T>(T a, T b)
        where T : IBinaryInteger<T>, IMinMaxValue<T> => T.IsZero(b) || (T.IsNegative(T.MinValue) && a == T.MinValue && b == -T.One);

    private static void Floats<T>()
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        CheckBinary<T>(BinaryOp.Add, false, (a, b) => a + b);
        CheckBinary<T>(BinaryOp.Subtract, false, (a, b) => a - b);
        CheckBinary<T>(BinaryOp.Multiply, false, (a, b) => a * b);
        CheckBinary<T>(BinaryOp.Divide, false, (a, b) => a / b);
        CheckBinary<T>(BinaryOp.Remainder, false, (a, b) => a % b);
    }

    private static void UnaryIntegers<T>(int width)
        where T : unmanaged, IBinaryInteger<T>
    {
        CheckUnary<T, T>(UnaryOp.Negate, a => unchecked(-a));
        CheckUnary<T, T>(UnaryOp.Not, a => ~a);
        CheckUnary<T, T>(UnaryOp.Abs, a => unchecked(T.IsNegative(a) ? -a : a));
        CheckUnary<T, int>(UnaryOp.PopCount, a => int.CreateChecked(T.PopCount(a)));
        CheckUnary<T, int>(UnaryOp.LeadingZeros, a => int.CreateChecked(T.LeadingZeroCount(a)));
        CheckUnary<T, int>(UnaryOp.TrailingZeros, a => int.CreateChecked(T.TrailingZeroCount(a)));
        CheckUnary<T, T>(UnaryOp.ReverseBits, a =>
        {
            T reversed = T.Zero;
            for (int i = 0; i < width; i++)
            {
                reversed = (reversed << 1) | ((a >> i) & T.One);
            }
            return reversed;
        });
    }

    private static void UnaryFloats<T>()
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        CheckUnary<T, T>(UnaryOp.Negate, a => -a);
        CheckUnary<T, T>(UnaryOp.Abs, T.Abs);
        CheckUnary<T, T>(UnaryOp.Sqrt, T.Sqrt);
        CheckUnary<T, T>(UnaryOp.Floor, T.Floor);
        CheckUnary<T, T>(UnaryOp.Ceiling, T.Ceiling);
        CheckUnary<T, T>(UnaryOp.Truncate, T.Truncate);
        CheckUnary<T, T>(UnaryOp.RoundEven, T.Round);
        CheckUnary<T, int>(UnaryOp.IsNaN, a => T.IsNaN(a) ? 1 : 0);
        CheckUnary<T, int>(UnaryOp.IsInfinity, a => T.IsInfinity(a) ? 1 : 0);
        CheckUnary<T, int>(UnaryOp.IsFinite, a => T.IsFinite(a) ? 1 : 0);
    }

    /// <summary>Where the expected value is null, any value will do.</summary>
    private static void CheckBinary<T>(BinaryOp op, bool unsigned, Func<T, T, T?> expected)
        where T : unmanaged, INumberBase<T>
    {
        (T[] left, T[] right) = Operands.Pairs<T>();
        T[] result = new T[left.Length];
        ScalarType type = Operands.TypeOf<T>();
        OpenCLRunner.Require().Run(KernelBuilder.Elementwise([type, type], type, (builder, x) => builder.Binary(op, x[0], x[1], unsigned)),
            left.Length, 1, left, right, result);
        T[] wanted = [.. left.Select((a, i) => expected(a, right[i]) ?? result[i])];
        Operands.AssertSame(result, wanted, i => $"{op}({Operands.Show(left[i])}, {Operands.Show(right[i])})");
    }

    private static void CheckBinary<T>(BinaryOp op, bool unsigned, Func<T, T, T> expected)
        where T : unmanaged, INumberBase<T> => CheckBinary<T>(op, unsigned, (a, b) => (T?)expected(a, b));

    private static void CheckShift<T>(BinaryOp op, bool unsigned, Func<T, int, T> expected)
        where T : unmanaged, IBinaryInteger<T>
    {
        int width = Marshal.SizeOf<T>() * 8;
        T[] left = [.. Operands.Of<T>(40).SelectMany(value => Enumerable.Repeat(value, width))];
        int[] amounts = [.. Enumerable.Range(0, left.Length).Select(i => i % width)];
        T[] result = new T[left.Length];
        ScalarType type = Operands.TypeOf<T>();
        OpenCLRunner.Require().Run(KernelBuilder.Elementwise([type, ScalarType.Int32], type, (builder, x) => builder.Binary(op, x[0], x[1], unsigned)),
            left.Length / width, width, left, amounts, result);
        Operands.AssertSame(result, [.. left.Select((a, i) => expected(a, amounts[i]))], i => $"{op}({left[i]}, {amounts[i]})");
    }

    private static void CheckUnary<T, TResult>(UnaryOp op, Func<T, TResult> expected)
        where T : unmanaged, INumberBase<T>
        where TResult : unmanaged
    {
        T[] values = Operands.Of<T>();
        TResult[] result = new TResult[values.Length];
        KernelFunction kernel = KernelBuilder.Elementwise([Operands.TypeOf<T>()], Operands.TypeOf<TResult>(), (builder, x) =>
        {
            Unary value = builder.Add(new Unary(op, x[0]));
            return value.Type == ScalarType.Bool ? builder.Add(new Managed.Ilgpu.Compiler.IR.Convert(value, ScalarType.Int32)) : value;
        });
        OpenCLRunner.Require().Run(kernel, values.Length, 1, values, result);
        Operands.AssertSame(result, [.. values.Select(expected)], i => $"{op}({Operands.Show(values[i])})");
    }

    private static void CheckNear(UnaryOp op, float[] values, Func<double, double> exact, double ulps)
    {
        float[] result = new float[values.Length];
        OpenCLRunner.Require().Run(KernelBuilder.Elementwise([ScalarType.Float32], ScalarType.Float32, (builder, x) => builder.Add(new Unary(op, x[0]))),
            values.Length, 1, values, result);
        for (int i = 0; i < values.Length; i++)
        {
            double wanted = exact(values[i]);
            double ulp = MathF.BitIncrement(MathF.Abs((float)wanted)) - MathF.Abs((float)wanted);
            Assert.That(Math.Abs(result[i] - wanted), Is.LessThanOrEqualTo(ulps * ulp), $"{op}({values[i]:R}) = {result[i]:R}, exactly {wanted:R}");
        }
    }

    private static void CheckTernary<T>(Func<KernelBuilder, Value[], Value> build, Func<T, T, T, T> expected)
        where T : unmanaged, INumberBase<T>
    {
        (T[] a, T[] b) = Operands.Pairs<T>();
        T[] c = [.. b.Select((_, i) => T.CreateTruncating(1.0) / a[^(i + 1)])];
        T[] result = new T[a.Length];
        ScalarType type = Operands.TypeOf<T>();
        OpenCLRunner.Require().Run(KernelBuilder.Elementwise([type, type, type], type, build), a.Length, 1, a, b, c, result);
        Operands.AssertSame(result, [.. a.Select((x, i) => expected(x, b[i], c[i]))], i => $"f({Operands.Show(a[i])}, {Operands.Show(b[i])}, {Operands.Show(c[i])})");
    }

    private static void CheckCompare<T>(bool unsigned)
        where T : unmanaged, INumber<T>
    {
        (T[] left, T[] right) = Operands.Pairs<T>();
        ScalarType type = Operands.TypeOf<T>();
        foreach (CompareOp op in Enum.GetValues<CompareOp>())
        {
            foreach (bool unordered in (bool[])(type.IsFloat && op is not (CompareOp.Equal or CompareOp.NotEqual) ? [false, true] : [op == CompareOp.NotEqual && type.IsFloat]))
            {
                int[] result = new int[left.Length];
                OpenCLRunner.Require().Run(KernelBuilder.Elementwise([type, type], ScalarType.Int32, (builder, x) => builder.Add(new Select(
                    builder.Add(new Compare(op, x[0], x[1], unsigned, unordered)), Constant.Int32(1), Constant.Int32(0)))), left.Length, 1, left, right, result);
                int[] wanted = [.. left.Select((a, i) => Holds(op, a, right[i]) || (unordered && (T.IsNaN(a) || T.IsNaN(right[i]))) ? 1 : 0)];
                Operands.AssertSame(result, wanted, i => $"{left[i]} {op} {right[i]} (unordered {unordered})");
            }
        }
    }

    private static bool Holds<T>(CompareOp op, T a, T b)
        where T : INumber<T> => op switch
        {
            CompareOp.Equal => a == b,
            CompareOp.NotEqual => a != b,
            CompareOp.Less => a < b,
            CompareOp.LessOrEqual => a <= b,
            CompareOp.Greater => a > b,
            _ => a >= b,
        };
}
