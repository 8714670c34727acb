using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>What is known of a signed integer from what it is computed of.</summary>
internal static class ValueBounds
{
    /// <summary>Operations that are looked through, one behind the other.</summary>
    private const int MostDepth = 8;

    public static bool IsNotNegative(Value value) => Most(value, MostDepth) is not null;

    /// <summary>The largest number that it can be, if it cannot be negative; else null.</summary>
    private static long? Most(Value value, int depth)
    {
        if (depth == 0 || !value.Type.IsInteger)
        {
            return null;
        }
        long all = value.Type.Size == 8 ? long.MaxValue : int.MaxValue;
        return value switch
        {
            Constant constant => constant.Bits >= 0 ? constant.Bits : null,
            SpecialRegister register => Most(register.Kind),
            Convert convert => Most(convert, depth),
            Select select => Larger(Most(select.Operands[1], depth - 1), Most(select.Operands[2], depth - 1)),
            Binary { Op: BinaryOp.And } and => Smaller(Most(and.Operands[0], depth - 1), Most(and.Operands[1], depth - 1)),
            Binary { Op: BinaryOp.ShiftRight, Unsigned: true, Operands: [_, Constant { Bits: > 0 and var count }] } shift when shift.Type.Size >= 4 =>
                (Most(shift.Operands[0], depth - 1) ?? (shift.Type.Size == 8 ? -1 : uint.MaxValue)) >>> (int)count,
            Binary { Op: BinaryOp.ShiftRight, Unsigned: false, Operands: [_, Constant { Bits: var count }] } shift => Most(shift.Operands[0], depth - 1) >> (int)count,
            Binary { Op: BinaryOp.Divide, Unsigned: false, Operands: [_, Constant { Bits: > 0 and var divisor }] } divide => Most(divide.Operands[0], depth - 1) / divisor,
            Binary { Op: BinaryOp.Remainder, Unsigned: false, Operands: [_, Constant { Bits: > 0 and var divisor }] } rest => Smaller(Most(rest.Operands[0], depth - 1), divisor - 1, both: true),
            Binary { Op: BinaryOp.Min, Unsigned: false } min => Smaller(Most(min.Operands[0], depth - 1), Most(min.Operands[1], depth - 1), both: true),
            Binary { Op: BinaryOp.Max, Unsigned: false } max => Larger(Most(max.Operands[0], depth - 1), Most(max.Operands[1], depth - 1), all),
            Binary { Op: BinaryOp.Add } add => Sum(Most(add.Operands[0], depth - 1), Most(add.Operands[1], depth - 1), all),
            Binary { Op: BinaryOp.Multiply } multiply => Product(Most(multiply.Operands[0], depth - 1), Most(multiply.Operands[1], depth - 1), all),
            _ => null,
        };
    }

    private static long Most(SpecialRegisterKind kind) => kind switch
    {
        // CUDA has groups of 1024 threads, PoCL of 4096
        SpecialRegisterKind.ThreadX or SpecialRegisterKind.ThreadY or SpecialRegisterKind.ThreadZ => ushort.MaxValue,
        SpecialRegisterKind.GroupDimensionX or SpecialRegisterKind.GroupDimensionY or SpecialRegisterKind.GroupDimensionZ => ushort.MaxValue + 1,
        SpecialRegisterKind.Lane or SpecialRegisterKind.WarpSize => ushort.MaxValue,
        _ => int.MaxValue,
    };

    private static long? Most(Convert convert, int depth)
    {
        Value from = convert.Operands[0];
        if (!from.Type.IsInteger)
        {
            return null;
        }
        if (from.Type.Size < convert.Type.Size && convert.SourceUnsigned)
        {
            return Most(from, depth - 1) ?? (1L << (8 * from.Type.Size)) - 1;
        }
        return from.Type.Size <= convert.Type.Size ? Most(from, depth - 1) : null;
    }

    /// <param name="a">One bound.</param>
    /// <param name="b">The other.</param>
    /// <param name="one">What is known where only one is; null: nothing.</param>
    private static long? Larger(long? a, long? b, long? one = null) => a is null && b is null ? null : a is null || b is null ? one : Math.Max(a.Value, b.Value);

    /// <param name="a">One bound.</param>
    /// <param name="b">The other.</param>
    /// <param name="both">Whether nothing is known where one isn't.</param>
    private static long? Smaller(long? a, long? b, bool both = false) => a is null || b is null ? (both ? null : a ?? b) : Math.Min(a.Value, b.Value);

    private static long? Sum(long? a, long? b, long all) => a is null || b is null || a > all - b ? null : a + b;

    private static long? Product(long? a, long? b, long all) => a is null || b is null || (b > 0 && a > all / b) ? null : a * b;
}
