using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>Arithmetic, comparisons and conversions (ECMA-335 III.1.5, III.3).</summary>
internal sealed partial class MethodTranslator
{
    private bool TranslateArithmetic(IlInstruction instruction)
    {
        string name = instruction.Name;
        switch (name)
        {
            case "add" or "sub" or "mul" or "div" or "div.un" or "rem" or "rem.un" or "and" or "or" or "xor":
                (StackValue right, StackValue left) = (Pop(), Pop());
                Push(Arithmetic(name, left, right));
                return true;
            case "shl" or "shr" or "shr.un":
                Value amount = _builder.ToInteger(Pop().Scalar, ScalarType.Int32), shifted = Pop().Scalar;
                Push(_builder.Emit(new Binary(name == "shl" ? BinaryOp.ShiftLeft : BinaryOp.ShiftRight, shifted, amount, name == "shr.un")));
                return true;
            case "neg" or "not":
                Push(_builder.Emit(new Unary(name == "neg" ? UnaryOp.Negate : UnaryOp.Not, Pop().Scalar)));
                return true;
            case "ceq" or "cgt" or "clt" or "cgt.un" or "clt.un":
                (right, left) = (Pop(), Pop());
                Push(_builder.FromPredicate(Comparison(name[1..], left, right)));
                return true;
            case "ckfinite":
                throw new RefusedException("ckfinite throws; kernels have no exceptions");
        }
        if (name.Contains(".ovf", StringComparison.Ordinal))
        {
            throw new RefusedException("checked arithmetic throws on overflow; kernels have no exceptions: use unchecked(...)");
        }
        if (name.StartsWith("conv.", StringComparison.Ordinal))
        {
            Push(Conversion(name, Pop()));
            return true;
        }
        return false;
    }

    private StackValue Arithmetic(string name, StackValue left, StackValue right)
    {
        (Value a, Value b) = (left.Scalar, right.Scalar);
        if (a.Type.IsPointer || b.Type.IsPointer)
        {
            return PointerArithmetic(name, left, right);
        }
        if (a.Type != b.Type)
        {
            if (!a.Type.IsInteger || !b.Type.IsInteger)
            {
                // IL has one float type on its stack; the wider one is what it computes in
                (a, b) = (_builder.Emit(new Convert(a, ScalarType.Float64)), _builder.Emit(new Convert(b, ScalarType.Float64)));
            }
            else
            {
                (a, b) = (_builder.ToInteger(a, ScalarType.Int64), _builder.ToInteger(b, ScalarType.Int64));
            }
        }
        bool unsigned = name.EndsWith(".un", StringComparison.Ordinal);
        BinaryOp op = (unsigned ? name[..^3] : name) switch
        {
            "add" => BinaryOp.Add,
            "sub" => BinaryOp.Subtract,
            "mul" => BinaryOp.Multiply,
            "div" => BinaryOp.Divide,
            "rem" => BinaryOp.Remainder,
            "and" => BinaryOp.And,
            "or" => BinaryOp.Or,
            _ => BinaryOp.Xor,
        };
        return StackValue.OfScalar(_builder.Emit(new Binary(op, a, b, unsigned)));
    }

    private StackValue PointerArithmetic(string name, StackValue left, StackValue right)
    {
        (Value a, Value b) = (left.Scalar, right.Scalar);
        switch (name)
        {
            case "add" when a.Type.IsPointer && b.Type.IsInteger:
                return new StackValue(left.Type, _builder.Emit(new PointerOffset(a, b, 1)));
            case "add" when b.Type.IsPointer && a.Type.IsInteger:
                return new StackValue(right.Type, _builder.Emit(new PointerOffset(b, a, 1)));
            case "sub" when a.Type.IsPointer && b.Type.IsInteger:
                return new StackValue(left.Type, _builder.Emit(new PointerOffset(a, _builder.Emit(new Unary(UnaryOp.Negate, _builder.ToInteger(b, ScalarType.Int64))), 1)));
            default:
                return Arithmetic(name, Number(left), Number(right));
        }
    }

    /// <summary>A pointer's address as a number.</summary>
    private StackValue Number(StackValue value) =>
        value.Scalar.Type.IsPointer ? StackValue.OfScalar(_builder.Emit(new Reinterpret(value.Scalar, ScalarType.Int64))) : value;

    /// <summary>"eq", "ne.un", "lt", "lt.un", … as in the names of branches and comparisons.</summary>
    private Value Comparison(string name, StackValue left, StackValue right)
    {
        if (left.Known is not null || right.Known is not null)
        {
            return CompareObjects(name, left, right);
        }
        (Value a, Value b) = (left.Scalar, right.Scalar);
        if (a.Type != b.Type && !(a.Type.IsPointer && b.Type.IsPointer))
        {
            if (a.Type.IsPointer || b.Type.IsPointer)
            {
                (a, b) = (Number(left).Scalar, Number(right).Scalar);
            }
            ScalarType wide = a.Type.IsFloat ? ScalarType.Float64 : ScalarType.Int64;
            (a, b) = (_builder.Emit(new Convert(a, wide)), _builder.Emit(new Convert(b, wide)));
        }
        bool un = name.EndsWith(".un", StringComparison.Ordinal) && !name.StartsWith("ne", StringComparison.Ordinal);
        CompareOp op = name[..2] switch
        {
            "eq" => CompareOp.Equal,
            "ne" => CompareOp.NotEqual,
            "lt" => CompareOp.Less,
            "le" => CompareOp.LessOrEqual,
            "gt" => CompareOp.Greater,
            _ => CompareOp.GreaterOrEqual,
        };
        return _builder.Emit(new Compare(op, a, b, un && !a.Type.IsFloat, un && a.Type.IsFloat));
    }

    private StackValue Conversion(string name, StackValue operand)
    {
        Value value = operand.Scalar;
        if (value.Type.IsPointer)
        {
            if (name is "conv.u" or "conv.i")
            {
                return operand.Type.IsByRef ? new StackValue(operand.Type.GetElementType()!.MakePointerType(), value) : operand;
            }
            value = _builder.Emit(new Reinterpret(value, ScalarType.Int64));
        }
        Value converted = name switch
        {
            "conv.i1" => Small(value, ScalarType.Int8, false),
            "conv.u1" => Small(value, ScalarType.Int8, true),
            "conv.i2" => Small(value, ScalarType.Int16, false),
            "conv.u2" => Small(value, ScalarType.Int16, true),
            "conv.i4" => To(value, ScalarType.Int32, false),
            "conv.u4" => To(value, ScalarType.Int32, true),
            "conv.i8" or "conv.i" => To(value, ScalarType.Int64, false),
            "conv.u8" or "conv.u" => To(value, ScalarType.Int64, true),
            "conv.r4" => To(value, ScalarType.Float32, false),
            "conv.r8" => To(value, ScalarType.Float64, false),
            "conv.r.un" => _followedBySingle
                ? _builder.Emit(new Convert(value, ScalarType.Float32, sourceUnsigned: true))
                : _builder.Emit(new Convert(value, ScalarType.Float64, sourceUnsigned: true)),
            _ => throw new RefusedException($"the IL instruction {name} has no counterpart on a device"),
        };
        return StackValue.OfScalar(converted);
    }

    private Value To(Value value, ScalarType type, bool unsigned) => _builder.Emit(value.Type.IsFloat
        ? new Convert(value, type, targetUnsigned: unsigned && type.IsInteger)
        : new Convert(value, type, sourceUnsigned: unsigned));

    private Value Small(Value value, ScalarType type, bool unsigned)
    {
        // from a float: through a saturating signed 32-bit integer, as .NET does for unsigned ones too
        Value integer = value.Type.IsFloat ? To(value, ScalarType.Int32, false) : value;
        return _builder.Emit(new Convert(_builder.Emit(new Convert(integer, type)), ScalarType.Int32, unsigned));
    }
}
