namespace Managed.Tests.Ptx;

/// <summary>Numbers as bits of a type.</summary>
internal static class Literals
{
    /// <summary>The bits of a literal as a value of a type; a problem where the literal does not fit it.</summary>
    public static ulong Encode(Operand literal, ScalarType type, out string? problem)
    {
        problem = null;
        if (literal.Kind == OperandKind.Float)
        {
            if (type.Bytes < 4 || type.Kind is TypeKind.Signed or TypeKind.Unsigned or TypeKind.Packed)
                problem = $"the literal {literal} is floating point, the instruction wants {type}.";
            if (type.Bytes == 4)
                return literal.Single ? literal.Bits : BitConverter.SingleToUInt32Bits((float)BitConverter.UInt64BitsToDouble(literal.Bits));
            return literal.Single ? BitConverter.DoubleToUInt64Bits(BitConverter.UInt32BitsToSingle((uint)literal.Bits)) : literal.Bits;
        }
        if (type.Kind == TypeKind.Predicate)
        {
            if (literal.Bits > 1)
                problem = $"a predicate literal is 0 or 1, not {literal}.";
            return literal.Bits;
        }
        if (type.Kind is TypeKind.Float or TypeKind.Packed)
            problem = $"the literal {literal} is an integer, the instruction wants {type}; write floats as 0f… or 1.0.";
        int width = type.Bytes * 8;
        if (width < 64)
        {
            ulong limit = (1UL << width) - 1;
            bool fits = literal.Minus ? (long)literal.Bits >= -(1L << (width - 1)) : literal.Bits <= limit;
            if (!fits)
                problem = $"the literal {literal} does not fit {type}.";
            return literal.Bits & limit;
        }
        return literal.Bits;
    }
}
