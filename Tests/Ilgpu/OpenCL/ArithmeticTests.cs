using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>Every operation of the IR on every type, run on the OpenCL device, gives C#'s bits.</summary>
internal sealed class ArithmeticTests
{
    [Test]
    public void BinaryOperationsOfInt32GiveWhatCSharpGives()
    {
        Integers<int>(false, (a, b) => (int)(((long)a * b) >> 32));
        Integers<uint>(true, (a, b) => (uint)(((ulong)a * b) >> 32));
    }

    [Test]
    public void BinaryOperationsOfInt64GiveWhatCSharpGives()
    {
        Integers<long>(false, (a, b) => (long)(((Int128)a * b) >> 64));
        Integers<ulong>(true, (a, b) => Math.BigMul(a, b, out _));
    }

    [Test]
    public void BinaryOperationsOfFloatsGiveWhatCSharpGives()
    {
        Floats<float>(MathF.Min, MathF.Max, MathF.CopySign);
        Floats<double>(Math.Min, Math.Max, Math.CopySign);
    }

    [Test]
    public void ADivisorOfZeroDoesNotEndTheProcess()
    {
        int[] left = [5, -5, int.MinValue, 7], right = [0, 0, -1, 2];
        ElementwiseBatch batch = new(left, right);
        batch.Add<int>("divide", (builder, x) => builder.Binary(BinaryOp.Divide, x[0], x[1]), i => i == 3 ? 3 : null);
        batch.Add<int>("remainder", (builder, x) => builder.Binary(BinaryOp.Remainder, x[0], x[1]), i => i == 3 ? 1 : null);
        batch.Run();
    }

    [Test]
    public void ShiftsGiveWhatCSharpGives()
    {
        Shifts<int>(false);
        Shifts<uint>(true);
        Shifts<long>(false);
        Shifts<ulong>(true);
    }

    [Test]
    public void UnaryOperationsGiveWhatCSharpGives()
    {
        UnaryIntegers<int>();
        UnaryIntegers<long>();
        UnaryFloats<float>();
        UnaryFloats<double>();
    }

    [Test]
    public void FusedMultiplyAddRoundsOnceAndSeparateOnesTwice()
    {
        Ternary<float>(MathF.FusedMultiplyAdd);
        Ternary<double>(Math.FusedMultiplyAdd);
    }

    [Test]
    public void ComparisonsGiveWhatCSharpGivesWithNaN()
    {
        Comparisons<int>(false);
        Comparisons<uint>(true);
        Comparisons<long>(false);
        Comparisons<ulong>(true);
        Comparisons<float>(false);
        Comparisons<double>(false);
    }

    [TestCase(UnaryOp.Exp2Approximate, 2)]
    [TestCase(UnaryOp.Log2Approximate, 3)]
    [TestCase(UnaryOp.ReciprocalSqrtApproximate, 2)]
    [TestCase(UnaryOp.ReciprocalApproximate, 1)]
    [TestCase(UnaryOp.TanhApproximate, 8)]
    public void ApproximateOperationsAreWithinTheirBounds(object operation, double ulps)
    {
        UnaryOp op = (UnaryOp)operation;
        (Func<float, bool> within, Func<double, double> exact) = op switch
        {
            UnaryOp.Exp2Approximate => (x => MathF.Abs(x) < 120, x => Math.Pow(2, x)),
            UnaryOp.Log2Approximate => (x => x > 0 && MathF.Abs(x - 1) > 0.1f, Math.Log2),
            UnaryOp.ReciprocalSqrtApproximate => (x => x > 0, x => 1 / Math.Sqrt(x)),
            UnaryOp.ReciprocalApproximate => (x => true, x => 1 / x),
            _ => ((Func<float, bool>, Func<double, double>))(x => true, Math.Tanh),
        };
        float[] values = [.. Operands.Of<float>(400).Where(x => MathF.Abs(x) is > 1e-30f and < 1e30f).Where(within)];
        ElementwiseBatch batch = new(values);
        float[] result = batch.Add<float>($"{op}", (builder, x) => builder.Add(new Unary(op, x[0])), i => null);
        batch.Run();
        for (int i = 0; i < values.Length; i++)
        {
            double wanted = exact(values[i]);
            double ulp = MathF.BitIncrement(MathF.Abs((float)wanted)) - MathF.Abs((float)wanted);
            Assert.That(Math.Abs(result[i] - wanted), Is.LessThanOrEqualTo(ulps * ulp), $"{op}({values[i]:R}) = {result[i]:R}, exactly {wanted:R}");
        }
    }

    private static void Integers<T>(bool unsigned, Func<T, T, T> multiplyHigh)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        (T[] left, T[] right) = Operands.Pairs<T>();
        ElementwiseBatch batch = new(left, right);
        void Check(BinaryOp op, Func<T, T, T?> expected) => batch.Add($"{op} of {typeof(T).Name}",
            (builder, x) => builder.Binary(op, x[0], x[1], unsigned), i => expected(left[i], right[i]));

        Check(BinaryOp.Add, (a, b) => unchecked(a + b));
        Check(BinaryOp.Subtract, (a, b) => unchecked(a - b));
        Check(BinaryOp.Multiply, (a, b) => unchecked(a * b));
        Check(BinaryOp.MultiplyHigh, (a, b) => multiplyHigh(a, b));
        Check(BinaryOp.And, (a, b) => a & b);
        Check(BinaryOp.Or, (a, b) => a | b);
        Check(BinaryOp.Xor, (a, b) => a ^ b);
        Check(BinaryOp.Min, (a, b) => T.Min(a, b));
        Check(BinaryOp.Max, (a, b) => T.Max(a, b));
        Check(BinaryOp.Divide, (a, b) => Faults(a, b) ? null : a / b);
        Check(BinaryOp.Remainder, (a, b) => Faults(a, b) ? null : a % b);
        foreach (T divisor in (T[])[T.CreateTruncating(3), T.CreateTruncating(10), T.CreateTruncating(-7), T.CreateTruncating(64)])
        {
            // A constant divisor takes another way through the emitter.
            Constant constant = new(Operands.TypeOf<T>(), long.CreateTruncating(divisor));
            batch.Add<T>($"divide by {divisor}", (builder, x) => builder.Binary(BinaryOp.Divide, x[0], constant, unsigned), i => left[i] / divisor);
            batch.Add<T>($"remainder by {divisor}", (builder, x) => builder.Binary(BinaryOp.Remainder, x[0], constant, unsigned), i => left[i] % divisor);
        }
        batch.Run();
    }

    private static bool Faults<T>(T a, T b)
        where T : IBinaryInteger<T>, IMinMaxValue<T> => T.IsZero(b) || (T.IsNegative(T.MinValue) && a == T.MinValue && b == -T.One);

    private static void Floats<T>(Func<T, T, T> min, Func<T, T, T> max, Func<T, T, T> copySign)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        (T[] left, T[] right) = Operands.Pairs<T>();
        ElementwiseBatch batch = new(left, right);
        void Check(BinaryOp op, Func<T, T, T> expected) => batch.Add<T>($"{op} of {typeof(T).Name}",
            (builder, x) => builder.Binary(op, x[0], x[1]), i => expected(left[i], right[i]));

        Check(BinaryOp.Add, (a, b) => a + b);
        Check(BinaryOp.Subtract, (a, b) => a - b);
        Check(BinaryOp.Multiply, (a, b) => a * b);
        Check(BinaryOp.Divide, (a, b) => a / b);
        Check(BinaryOp.Remainder, (a, b) => a % b);
        Check(BinaryOp.Min, min);
        Check(BinaryOp.Max, max);
        Check(BinaryOp.CopySign, copySign);
        batch.Run();
    }

    private static void Shifts<T>(bool unsigned)
        where T : unmanaged, IBinaryInteger<T>
    {
        int width = Marshal.SizeOf<T>() * 8;
        T[] left = [.. Operands.Of<T>(40).SelectMany(value => Enumerable.Repeat(value, width))];
        int[] amounts = [.. Enumerable.Range(0, left.Length).Select(i => i % width)];
        ElementwiseBatch batch = new(left, amounts);
        batch.Add<T>("left", (builder, x) => builder.Binary(BinaryOp.ShiftLeft, x[0], x[1], unsigned), i => left[i] << amounts[i]);
        batch.Add<T>("right", (builder, x) => builder.Binary(BinaryOp.ShiftRight, x[0], x[1], unsigned), i => left[i] >> amounts[i]);
        batch.Run();
    }

    private static void UnaryIntegers<T>()
        where T : unmanaged, IBinaryInteger<T>
    {
        T[] values = Operands.Of<T>();
        ElementwiseBatch batch = new(values);
        Check(UnaryOp.Negate, a => unchecked(-a));
        Check(UnaryOp.Not, a => ~a);
        Check(UnaryOp.Abs, a => unchecked(T.IsNegative(a) ? -a : a));
        Check(UnaryOp.PopCount, a => int.CreateChecked(T.PopCount(a)));
        Check(UnaryOp.LeadingZeros, a => int.CreateChecked(T.LeadingZeroCount(a)));
        Check(UnaryOp.TrailingZeros, a => int.CreateChecked(T.TrailingZeroCount(a)));
        Check(UnaryOp.ReverseBits, a =>
        {
            T reversed = T.Zero;
            for (int i = 0; i < Marshal.SizeOf<T>() * 8; i++)
            {
                reversed = (reversed << 1) | ((a >> i) & T.One);
            }
            return reversed;
        });
        batch.Run();

        void Check<TResult>(UnaryOp op, Func<T, TResult> expected)
            where TResult : unmanaged
            => batch.Add<TResult>($"{op} of {typeof(T).Name}", (builder, x) => builder.Add(new Unary(op, x[0])), i => expected(values[i]));
    }

    private static void UnaryFloats<T>()
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        T[] values = Operands.Of<T>();
        ElementwiseBatch batch = new(values);
        Check(UnaryOp.Negate, a => -a);
        Check(UnaryOp.Abs, T.Abs);
        Check(UnaryOp.Sqrt, T.Sqrt);
        Check(UnaryOp.Floor, T.Floor);
        Check(UnaryOp.Ceiling, T.Ceiling);
        Check(UnaryOp.Truncate, T.Truncate);
        Check(UnaryOp.RoundEven, T.Round);
        Check(UnaryOp.IsNaN, a => T.IsNaN(a) ? 1 : 0);
        Check(UnaryOp.IsInfinity, a => T.IsInfinity(a) ? 1 : 0);
        Check(UnaryOp.IsFinite, a => T.IsFinite(a) ? 1 : 0);
        batch.Run();

        void Check<TResult>(UnaryOp op, Func<T, TResult> expected)
            where TResult : unmanaged
            => batch.Add<TResult>($"{op} of {typeof(T).Name}", (builder, x) => builder.Add(new Unary(op, x[0])), i => expected(values[i]));
    }

    private static void Ternary<T>(Func<T, T, T, T> fused)
        where T : unmanaged, INumberBase<T>
    {
        (T[] a, T[] b) = Operands.Pairs<T>();
        T[] c = [.. a.Select((_, i) => T.CreateTruncating(1.0) / a[^(i + 1)])];
        ElementwiseBatch batch = new(a, b, c);
        batch.Add<T>("fma", (builder, x) => builder.Add(new FusedMultiplyAdd(x[0], x[1], x[2])), i => fused(a[i], b[i], c[i]));
        batch.Add<T>("multiply, add", (builder, x) => builder.Binary(BinaryOp.Add, builder.Binary(BinaryOp.Multiply, x[0], x[1]), x[2]),
            i => MultiplyThenAdd(a[i], b[i], c[i]));
        batch.Run();
    }

    // Not inlined, so that nothing contracts the two roundings into one.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T MultiplyThenAdd<T>(T a, T b, T c)
        where T : INumberBase<T>
    {
        T product = a * b;
        return product + c;
    }

    private static void Comparisons<T>(bool unsigned)
        where T : unmanaged, INumber<T>
    {
        (T[] left, T[] right) = Operands.Pairs<T>();
        bool isFloat = Operands.TypeOf<T>().IsFloat;
        ElementwiseBatch batch = new(left, right);
        foreach (CompareOp op in Enum.GetValues<CompareOp>())
        {
            bool equality = op is CompareOp.Equal or CompareOp.NotEqual;
            foreach (bool unordered in (bool[])(isFloat && !equality ? [false, true] : [op == CompareOp.NotEqual && isFloat]))
            {
                batch.Add<int>($"{op} of {typeof(T).Name} unordered {unordered}", (builder, x) => builder.Add(new Compare(op, x[0], x[1], unsigned, unordered)),
                    i => Holds(op, left[i], right[i]) || (unordered && (T.IsNaN(left[i]) || T.IsNaN(right[i]))) ? 1 : 0);
            }
        }
        batch.Run();
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
