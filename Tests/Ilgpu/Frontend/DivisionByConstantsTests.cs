using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Passes;
using Managed.Tests.Ilgpu.Ptx;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>Divisions and remainders by constants without an instruction for them, against C#'s.</summary>
public class DivisionByConstantsTests
{
    private static readonly long[] s_small = [.. Enumerable.Range(2, 70)];

    private static readonly long[] s_divisors =
    [
        .. s_small, 100, 127, 128, 255, 256, 641, 1000, 1 << 16, (1 << 16) + 1, 1_000_000_007, (1 << 30) - 1, 1 << 30, (1 << 30) + 1, int.MaxValue - 1, int.MaxValue,
    ];

    private static readonly long[] s_wideDivisors =
        [.. s_divisors, 1L << 31, uint.MaxValue, 1L << 32, (1L << 32) + 1, 1_000_000_000_000_007, (1L << 62) - 1, 1L << 62, (1L << 62) + 1, long.MaxValue];

    // Every quotient changes at a multiple of the divisor.
    private static long[] Dividends(long d, Random random)
    {
        List<long> all = [0, 1, 2, 3, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue];
        for (int i = 0; i < 40; i++)
        {
            long any = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(63);
            all.AddRange([any, unchecked(any / d * d), unchecked((int)any / d * d)]);
        }
        return [.. all.SelectMany(n => unchecked(new[] { n - 1, n, n + 1, -n }))];
    }

    /// <summary>Elements of an array, by a constant.</summary>
    private static KernelFunction Kernel(ScalarType type, BinaryOp op, long divisor, bool isUnsigned, long mask)
    {
        KernelBuilder builder = new();
        Value output = builder.Global("output"), input = builder.Global("input"), thread = builder.ThreadX();
        Value n = builder.LoadAt(input, thread, type);
        if (mask != -1)
        {
            n = builder.Add(new Binary(BinaryOp.And, n, ConstantFolding.Make(type, mask)));
        }
        builder.StoreAt(output, thread, builder.Add(new Binary(op, n, ConstantFolding.Make(type, divisor), isUnsigned)));
        builder.End(new Return());
        DivisionByConstants.Run(builder.Kernel);
        KernelVerifier.Check(builder.Kernel, spacesKnown: true);
        return builder.Kernel;
    }

    private static bool Divides(KernelFunction kernel) => kernel.AllValues.Any(value => value is Binary { Op: BinaryOp.Divide or BinaryOp.Remainder });

    private static void Check<T>(ScalarType type, long divisor, bool isUnsigned, long mask, Func<T, T, T> divide, Func<T, T, T> rest, Func<long, T> from)
        where T : unmanaged
    {
        foreach (BinaryOp op in new[] { BinaryOp.Divide, BinaryOp.Remainder })
        {
            KernelFunction kernel = Kernel(type, op, divisor, isUnsigned, mask);
            Assert.That(Divides(kernel), Is.False, $"{op} by {divisor}");
            T d = from(divisor);
            T[] input = [.. Dividends(divisor, new Random(7)).Select(from)], output = new T[input.Length];
            KernelInterpreter interpreter = new(kernel);
            interpreter.Launch((1, 1, 1), (input.Length, 1, 1), interpreter.Map(output), interpreter.Map(input));
            for (int i = 0; i < input.Length; i++)
            {
                T n = mask == -1 ? input[i] : from(System.Convert.ToInt64(input[i]) & mask);
                T expected = op == BinaryOp.Divide ? divide(n, d) : rest(n, d);
                if (!output[i].Equals(expected))
                {
                    Assert.Fail($"{n} {op} {d} is {output[i]}, expected {expected}:\n{kernel}");
                }
            }
        }
    }

    [Test]
    public void Signed_numbers_are_divided_as_in_CSharp()
    {
        foreach (long d in s_divisors.SelectMany(d => new[] { d, -d }))
        {
            Check(ScalarType.Int32, d, false, -1, (a, b) => a / b, (a, b) => a % b, n => (int)n);
        }
        foreach (long d in s_wideDivisors.SelectMany(d => new[] { d, -d }))
        {
            Check(ScalarType.Int64, d, false, -1, (a, b) => a / b, (a, b) => a % b, n => n);
        }
    }

    [Test]
    public void Unsigned_numbers_are_divided_as_in_CSharp()
    {
        foreach (long d in s_divisors.Concat([1L << 31, (1L << 31) + 1, uint.MaxValue - 1, uint.MaxValue]))
        {
            Check(ScalarType.Int32, (int)d, true, -1, (a, b) => a / b, (a, b) => a % b, n => (uint)n);
        }
        foreach (long d in s_wideDivisors.Concat([long.MinValue, long.MinValue + 1, -2, -1]))
        {
            Check(ScalarType.Int64, d, true, -1, (a, b) => a / b, (a, b) => a % b, n => (ulong)n);
        }
    }

    [Test]
    public void Numbers_that_cannot_be_negative_need_a_shift_and_no_more()
    {
        foreach (long mask in new long[] { int.MaxValue, 1023, 1 })
        {
            foreach (long d in s_divisors)
            {
                Check(ScalarType.Int32, d, false, mask, (a, b) => a / b, (a, b) => a % b, n => (int)n);
            }
        }
        KernelFunction kernel = Kernel(ScalarType.Int32, BinaryOp.Divide, 8, false, 1023);
        Assert.That(kernel.AllValues.OfType<Binary>().Select(value => value.Op), Is.EqualTo(new[] { BinaryOp.And, BinaryOp.ShiftRight }));
        kernel = Kernel(ScalarType.Int32, BinaryOp.Divide, 12, false, 1023);
        Assert.That(kernel.AllValues.OfType<Binary>().Select(value => value.Op), Is.EqualTo(new[] { BinaryOp.And, BinaryOp.MultiplyHigh, BinaryOp.ShiftRight }));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(-1)]
    [TestCase(int.MinValue)]
    public void Divisors_that_would_gain_nothing_stay(int divisor) => Assert.That(Divides(Kernel(ScalarType.Int32, BinaryOp.Divide, divisor, false, -1)));

    /// <summary>Random expressions: whatever they are computed of, those that are said never to be negative never are.</summary>
    [Test]
    public void What_is_said_not_to_be_negative_is_not()
    {
        Random random = new(11);
        int said = 0;
        for (int trial = 0; trial < 3000; trial++)
        {
            KernelBuilder builder = new();
            Value output = builder.Global("output"), input = builder.Global("input"), thread = builder.ThreadX();
            Value number = Expression(builder, input, thread, random, 5);
            bool isSaid = ValueBounds.IsNotNegative(number);
            said += isSaid ? 1 : 0;
            builder.StoreAt(output, thread, number);
            builder.End(new Return());
            int[] numbers = [0, 1, -1, 5, -77, 1 << 30, int.MaxValue, int.MinValue, .. Enumerable.Range(0, 24).Select(_ => random.Next(int.MinValue, int.MaxValue) >> random.Next(31))];
            int[] results = new int[numbers.Length];
            KernelInterpreter interpreter = new(builder.Kernel);
            interpreter.Launch((1, 1, 1), (numbers.Length, 1, 1), interpreter.Map(results), interpreter.Map(numbers));
            Assert.That(!isSaid || results.All(result => result >= 0), builder.Kernel.ToString());
        }
        Assert.That(said, Is.InRange(500, 2500), "both happen");
    }

    private static readonly BinaryOp[] s_ops =
        [BinaryOp.Add, BinaryOp.Subtract, BinaryOp.Multiply, BinaryOp.And, BinaryOp.Or, BinaryOp.Min, BinaryOp.Max, BinaryOp.ShiftRight, BinaryOp.Divide, BinaryOp.Remainder];

    private static Value Expression(KernelBuilder builder, Value input, Value thread, Random random, int depth)
    {
        if (depth == 0 || random.Next(6) == 0)
        {
            return random.Next(4) switch
            {
                0 => thread,
                1 => Constant.Int32(random.Next(-5, 2000) << random.Next(12)),
                2 => builder.LoadAt(input, thread, ScalarType.Int32),
                _ => builder.Add(new Convert(
                    builder.Add(new Load(builder.Element(input, thread, ScalarType.Int32), random.Next(2) == 0 ? ScalarType.Int8 : ScalarType.Int16)), ScalarType.Int32, random.Next(3) > 0)),
            };
        }
        BinaryOp op = s_ops[random.Next(s_ops.Length)];
        Value left = Expression(builder, input, thread, random, depth - 1);
        if (op is BinaryOp.ShiftRight)
        {
            return builder.Add(new Binary(op, left, Constant.Int32(random.Next(0, 32)), random.Next(2) == 0));
        }
        if (op is BinaryOp.Divide or BinaryOp.Remainder)
        {
            return builder.Add(new Binary(op, left, Constant.Int32(random.Next(1, 100))));
        }
        if (random.Next(8) == 0)
        {
            Value condition = builder.Add(new Compare(CompareOp.Less, left, thread));
            return builder.Add(new Select(condition, left, Expression(builder, input, thread, random, depth - 1)));
        }
        return builder.Add(new Binary(op, left, Expression(builder, input, thread, random, depth - 1)));
    }
}
