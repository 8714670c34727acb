using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>Rules for conversions, reinterpretations and addresses.</summary>
internal static partial class Simplifier
{
    private static Value Of(Convert convert, Func<Value, Value> emit)
    {
        Value source = convert.Operands[0];
        ScalarType to = convert.Type;
        if (source.Type == to)
        {
            return source;
        }
        if (!to.IsInteger || !(source.Type.IsInteger || source.Type == ScalarType.Bool))
        {
            return convert;
        }
        if (source is Convert { Operands: [{ } origin] } inner && (origin.Type.IsInteger || origin.Type == ScalarType.Bool))
        {
            if (to.Size <= source.Type.Size)
            {
                // a truncation sees only the low bits, whatever was done above them
                if (to.Size == origin.Type.Size && origin.Type.IsInteger)
                {
                    return origin;
                }
                if (to.Size < origin.Type.Size || origin.Type == ScalarType.Bool)
                {
                    return Of(new Convert(origin, to, inner.SourceUnsigned), emit);
                }
                return Of(new Convert(origin, to, inner.SourceUnsigned), emit);
            }
            if (origin.Type == ScalarType.Bool)
            {
                return new Convert(origin, to);
            }
            if (origin.Type.Size < source.Type.Size && (inner.SourceUnsigned || inner.SourceUnsigned == convert.SourceUnsigned))
            {
                return new Convert(origin, to, inner.SourceUnsigned);
            }
            if (convert.SourceUnsigned && origin.Type == to && source.Type.Size < 4)
            {
                // widened again after a truncation: the mask that keeps the low bits
                return emit(new Binary(BinaryOp.And, origin, ConstantFolding.Make(to, (1L << source.Type.Size * 8) - 1)));
            }
            // known to have survived the truncation: it was widened from as few bits by the same rule
            if (origin.Type == to && origin is Convert { Operands: [{ } narrow] } first && narrow.Type == source.Type && first.SourceUnsigned == convert.SourceUnsigned)
            {
                return origin;
            }
        }
        if (to == ScalarType.Int32 && source is Binary { Op: BinaryOp.Add or BinaryOp.Subtract or BinaryOp.Multiply or BinaryOp.And or BinaryOp.Or or BinaryOp.Xor } wide
            && Narrow(wide.Operands[0]) is { } left && Narrow(wide.Operands[1]) is { } right)
        {
            return emit(new Binary(wide.Op, left, right));
        }
        return convert;
    }

    /// <summary>The Int32 whose extension this Int64 is, or a constant's low half.</summary>
    private static Value? Narrow(Value value) => value switch
    {
        Constant constant => Constant.Int32((int)constant.Bits),
        Convert { Operands: [{ } origin] } when origin.Type == ScalarType.Int32 => origin,
        _ => null,
    };

    private static Value Of(Reinterpret reinterpret)
    {
        Value source = reinterpret.Operands[0];
        if (source.Type == reinterpret.Type)
        {
            return source;
        }
        if (source is Reinterpret inner)
        {
            Value origin = inner.Operands[0];
            return origin.Type == reinterpret.Type ? origin : new Reinterpret(origin, reinterpret.Type);
        }
        return reinterpret;
    }

    private static Value Of(PointerOffset offset)
    {
        Value pointer = offset.Operands[0];
        if (!offset.HasIndex)
        {
            if (offset.Displacement == 0)
            {
                return pointer;
            }
            return pointer is PointerOffset below
                ? below.HasIndex
                    ? new PointerOffset(below.Operands[0], below.Operands[1], below.Scale, below.Displacement + offset.Displacement)
                    : Of(new PointerOffset(below.Operands[0], below.Displacement + offset.Displacement))
                : offset;
        }
        Value index = offset.Operands[1];
        if (index is Constant constant)
        {
            return Of(new PointerOffset(pointer, offset.Displacement + constant.Bits * offset.Scale));
        }
        if (index is Convert { SourceUnsigned: false, Operands: [{ } narrow] } && narrow.Type == ScalarType.Int32)
        {
            return Of(new PointerOffset(pointer, narrow, offset.Scale, offset.Displacement));
        }
        if (index is Binary { Op: BinaryOp.Add, Operands: [{ } rest, Constant added] } && Math.Abs(added.Bits) < 1 << 20)
        {
            // an Int32 sum that overflows is an index 2³¹ elements away from anything; both forms are outside then
            return Of(new PointerOffset(pointer, rest, offset.Scale, offset.Displacement + added.Bits * offset.Scale));
        }
        if (index is Binary { Op: BinaryOp.Multiply, Operands: [{ } factor, Constant { Bits: > 0 and < 1 << 16 } times] } && index.Type == ScalarType.Int64
            && times.Bits * offset.Scale is > 0 and < 1 << 20)
        {
            return Of(new PointerOffset(pointer, factor, (int)(times.Bits * offset.Scale), offset.Displacement));
        }
        if (pointer is PointerOffset { HasIndex: false } fixedBelow)
        {
            return new PointerOffset(fixedBelow.Operands[0], index, offset.Scale, offset.Displacement + fixedBelow.Displacement);
        }
        return offset;
    }
}
