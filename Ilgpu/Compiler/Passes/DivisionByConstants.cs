using System.Numerics;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>
/// Integer division and remainder by a constant as a shift, or as a multiplication and a shift. GPUs have no instruction for them: an
/// assembler writes out some thirty, two conversions to and from floating point among them. Runs late: what is unrolled or folded before
/// should see a division.
/// </summary>
/// <remarks>
/// Source: Granlund and Montgomery, "Division by Invariant Integers using Multiplication" (PLDI 1994), sections 4 and 5: with N bits and
/// ℓ = ⌈log₂ d⌉, m = ⌊2^N·(2^ℓ − d)/d⌋ + 1 gives n / d for unsigned n, m = ⌊2^(N+ℓ−1)/d⌋ + 1 − 2^N for signed n.
/// </remarks>
internal static class DivisionByConstants
{
    public static void Run(KernelFunction function)
    {
        Dictionary<Value, Value> replacements = [];
        foreach (BasicBlock block in function.Blocks)
        {
            List<Value> values = new(block.Values.Count);
            foreach (Value value in block.Values)
            {
                Value Emit(Value made)
                {
                    made.Source = value.Source;
                    values.Add(made);
                    return made;
                }

                if (value is Binary { Op: BinaryOp.Divide or BinaryOp.Remainder, Operands: [var n, Constant { Type: { IsInteger: true, Size: 4 or 8 } } divisor] } division
                    && Quotient(n, divisor.Bits, division.Unsigned, Emit) is { } quotient)
                {
                    replacements[value] = division.Op == BinaryOp.Divide ? quotient : Rest(n, quotient, divisor, Emit);
                    continue;
                }
                values.Add(value);
            }
            block.Values.Clear();
            block.Values.AddRange(values);
        }
        function.Replace(replacements);
    }

    private static Value Rest(Value n, Value quotient, Constant divisor, Func<Value, Value> emit) =>
        quotient is Binary { Op: BinaryOp.ShiftRight, Unsigned: true } shift && shift.Operands[0] == n
            ? emit(new Binary(BinaryOp.And, n, ConstantFolding.Make(n.Type, divisor.Bits - 1)))
            : emit(new Binary(BinaryOp.Subtract, n, emit(new Binary(BinaryOp.Multiply, quotient, divisor))));

    /// <summary>⌊n / d⌋, or that rounded toward zero; null for divisors that stay: 0, ±1 and the least number.</summary>
    private static Value? Quotient(Value n, long d, bool unsigned, Func<Value, Value> emit)
    {
        int width = 8 * n.Type.Size;
        Value Shift(Value value, int count, bool logical) => count == 0 ? value : emit(new Binary(BinaryOp.ShiftRight, value, Constant.Int32(count), logical));
        Value Make(BinaryOp op, Value a, Value b, bool isUnsigned = false) => emit(new Binary(op, a, b, isUnsigned));
        Value Number(BigInteger bits) => ConstantFolding.Make(n.Type, (long)(ulong)(bits & ulong.MaxValue));

        if (unsigned || (d > 1 && ValueBounds.IsNotNegative(n)))
        {
            ulong divisor = width == 32 ? (uint)d : (ulong)d;
            if (divisor < 2)
            {
                return null;
            }
            int log = BitOperations.Log2(divisor - 1) + 1;
            if (ulong.IsPow2(divisor))
            {
                return Shift(n, log, logical: true);
            }
            if (!unsigned)
            {
                // numbers of one bit less: a factor of no more bits than they have does
                return Shift(Make(BinaryOp.MultiplyHigh, n, Number((BigInteger.One << (width + log - 1)) / divisor + 1), isUnsigned: true), log - 1, logical: true);
            }
            BigInteger factor = ((((BigInteger.One << log) - divisor) << width) / divisor) + 1;
            Value high = Make(BinaryOp.MultiplyHigh, n, Number(factor), isUnsigned: true);
            // (n + high) / 2 without the bit that n + high may need beyond the type
            return Shift(Make(BinaryOp.Add, high, Shift(Make(BinaryOp.Subtract, n, high), 1, logical: true)), log - 1, logical: true);
        }
        ulong size = (ulong)Math.Abs((decimal)d);
        if (size < 2 || size == 1UL << (width - 1))
        {
            return null;
        }
        int bits = BitOperations.Log2(size - 1) + 1;
        Value sign = Shift(n, width - 1, logical: false), result;
        if (ulong.IsPow2(size))
        {
            result = Shift(Make(BinaryOp.Add, n, Shift(sign, width - bits, logical: true)), bits, logical: false);
        }
        else
        {
            BigInteger factor = ((BigInteger.One << (width + bits - 1)) / size) + 1 - (BigInteger.One << width); // negative: its product misses n
            result = Make(BinaryOp.Subtract, Shift(Make(BinaryOp.Add, n, Make(BinaryOp.MultiplyHigh, n, Number(factor))), bits - 1, logical: false), sign);
        }
        return d > 0 ? result : emit(new Unary(UnaryOp.Negate, result));
    }
}
