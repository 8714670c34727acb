using System.Numerics;
using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>Powers of two of which addresses and numbers are certainly multiples.</summary>
internal static class Alignment
{
    private const int Most = 4096, Deepest = 12;

    /// <summary>For an address: what it is a multiple of, provided that the view parameters which are added to the list are aligned like their elements.</summary>
    public static long Of(Value pointer, List<Parameter> presumes) => Of(pointer, presumes, []);

    private static long Of(Value pointer, List<Parameter> presumes, HashSet<Value> above)
    {
        switch (pointer)
        {
            case Allocation allocation:
                return allocation.Alignment;
            case DynamicShared:
                return 16;
            case Parameter parameter:
                presumes.Add(parameter);
                return parameter.ElementAlignment;
            case PointerOffset offset:
                long alignment = Math.Min(Of(offset.Operands[0], presumes, above), LowestBit(offset.Displacement));
                return offset.HasIndex ? Math.Min(alignment, LowestBit(offset.Scale) * MultipleOf(offset.Operands[1], [])) : alignment;
            case AlignedPointer aligned:
                return aligned.Bytes;
            case CastSpace:
                return Of(pointer.Operands[0], presumes, above);
            case Select choice:
                return Math.Min(Of(choice.Operands[1], presumes, above), Of(choice.Operands[2], presumes, above));
            case Phi phi when above.Count <= Deepest:
                if (!above.Add(phi))
                {
                    return Most; // what it is in the round before; the other operands decide
                }
                long common = Most;
                foreach (Value operand in phi.Operands)
                {
                    common = Math.Min(common, Of(operand, presumes, above));
                }
                above.Remove(phi);
                return common;
            default:
                return 1;
        }
    }

    /// <summary>Overflow of 32 bits keeps the low bits, and so what is found here.</summary>
    private static long MultipleOf(Value number, HashSet<Value> above)
    {
        if (above.Count > Deepest)
        {
            return 1;
        }
        switch (number)
        {
            case Constant constant:
                return LowestBit(constant.Bits);
            case Binary { Op: BinaryOp.Multiply } product:
                return Math.Min(Most, MultipleOf(product.Operands[0], above) * MultipleOf(product.Operands[1], above));
            case Binary { Op: BinaryOp.Add or BinaryOp.Subtract or BinaryOp.Or or BinaryOp.Xor } sum:
                return Math.Min(MultipleOf(sum.Operands[0], above), MultipleOf(sum.Operands[1], above));
            case Binary { Op: BinaryOp.And } mask:
                return Math.Max(MultipleOf(mask.Operands[0], above), MultipleOf(mask.Operands[1], above));
            case Binary { Op: BinaryOp.ShiftLeft, Operands: [{ } shifted, Constant { Bits: < 12 } amount] }:
                return Math.Min(Most, MultipleOf(shifted, above) << (int)amount.Bits);
            case Convert { Operands: [{ Type: { Kind: ScalarKind.Int32 or ScalarKind.Int64 } } source] } when number.Type.Size >= 4 && number.Type.IsInteger:
                return MultipleOf(source, above);
            case Phi phi:
                if (!above.Add(phi))
                {
                    return Most; // what it is in the round before; the other operands decide
                }
                long common = Most;
                foreach (Value operand in phi.Operands)
                {
                    common = Math.Min(common, MultipleOf(operand, above));
                }
                above.Remove(phi);
                return common;
            default:
                return 1;
        }
    }

    private static long LowestBit(long number) => number == 0 ? Most : Math.Min(Most, 1L << BitOperations.TrailingZeroCount(number));
}
