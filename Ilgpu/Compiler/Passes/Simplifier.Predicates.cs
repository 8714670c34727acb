using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>Rules for predicates and for the zeros and ones that IL makes of them.</summary>
internal static partial class Simplifier
{
    /// <summary>The predicate of which an integer is the 0 or 1, or null.</summary>
    public static Value? PredicateOf(Value value) => value switch
    {
        Convert { Operands: [{ } origin] } when origin.Type == ScalarType.Bool => origin,
        Constant { Bits: 0 or 1 } constant when constant.Type.IsInteger => Constant.Bool(constant.Bits == 1),
        _ => null,
    };

    /// <summary>And, or, xor of predicates' numbers are the number of a predicate.</summary>
    private static Value? PredicateNumbers(Binary binary, Func<Value, Value> emit) =>
        binary.Op is BinaryOp.And or BinaryOp.Or or BinaryOp.Xor
        && PredicateOf(binary.Operands[0]) is { } left && PredicateOf(binary.Operands[1]) is { } right && (left, right) is not (Constant, Constant)
            ? emit(new Convert(emit(new Binary(binary.Op, left, right)), binary.Type))
            : null;

    private static Value Predicate(Binary binary, Func<Value, Value> emit)
    {
        (Value left, Value right) = (binary.Operands[0], binary.Operands[1]);
        if (left is Constant)
        {
            (left, right) = (right, left);
        }
        if (left == right)
        {
            return binary.Op == BinaryOp.Xor ? Constant.Bool(false) : left;
        }
        return (binary.Op, right) switch
        {
            (BinaryOp.And, Constant { Bits: 0 }) or (BinaryOp.Or, Constant { Bits: 1 }) => right,
            (BinaryOp.Xor, Constant { Bits: 1 }) => emit(new Unary(UnaryOp.Not, left)),
            (_, Constant) => left,
            _ => binary,
        };
    }

    private static Value Of(Compare compare)
    {
        (Value left, Value right) = (compare.Operands[0], compare.Operands[1]);
        if (left is Constant && right is not Constant)
        {
            CompareOp mirrored = compare.Op switch
            {
                CompareOp.Less => CompareOp.Greater,
                CompareOp.LessOrEqual => CompareOp.GreaterOrEqual,
                CompareOp.Greater => CompareOp.Less,
                CompareOp.GreaterOrEqual => CompareOp.LessOrEqual,
                CompareOp same => same,
            };
            return Of(new Compare(mirrored, right, left, compare.Unsigned, compare.Unordered));
        }
        if (left == right && !left.Type.IsFloat)
        {
            return Constant.Bool(compare.Op is CompareOp.Equal or CompareOp.LessOrEqual or CompareOp.GreaterOrEqual);
        }
        if (right is not Constant constant)
        {
            return compare;
        }
        if (left is Convert { Operands: [{ } predicate] } && predicate.Type == ScalarType.Bool && left.Type.IsInteger)
        {
            bool Holds(int number) => ConstantFolding.Evaluate(
                new Compare(compare.Op, ConstantFolding.Make(left.Type, number), right, compare.Unsigned))!.Bits != 0;
            return (Holds(0), Holds(1)) switch
            {
                (false, true) => predicate,
                (true, false) => predicate is Compare inner ? Inverse(inner) : new Unary(UnaryOp.Not, predicate),
                (bool always, _) => Constant.Bool(always),
            };
        }
        if (compare.Unsigned && left.Type.IsInteger && constant.Bits == 0)
        {
            switch (compare.Op)
            {
                case CompareOp.Less:
                    return Constant.Bool(false);
                case CompareOp.GreaterOrEqual:
                    return Constant.Bool(true);
                case CompareOp.Greater:
                    return new Compare(CompareOp.NotEqual, left, right);
            }
        }
        return compare;
    }

    private static Value Of(Select select, Func<Value, Value> emit)
    {
        (Value condition, Value whenTrue, Value whenFalse) = (select.Operands[0], select.Operands[1], select.Operands[2]);
        if (condition is Constant known)
        {
            return known.Bits != 0 ? whenTrue : whenFalse;
        }
        if (Same(whenTrue, whenFalse))
        {
            return whenTrue;
        }
        if (condition is Unary { Op: UnaryOp.Not } not)
        {
            return Of(new Select(not.Operands[0], whenFalse, whenTrue), emit);
        }
        if (select.Type.IsInteger && PredicateOf(whenTrue) is { } first && PredicateOf(whenFalse) is { } second && (first, second) is not (Constant, Constant))
        {
            return new Convert(emit(new Select(condition, first, second)), select.Type);
        }
        return (whenTrue, whenFalse) switch
        {
            (Constant { Bits: 0 }, Constant { Bits: 1 }) when select.Type.IsInteger => new Convert(emit(new Unary(UnaryOp.Not, condition)), select.Type),
            (Constant { Bits: 0 }, _) when select.Type == ScalarType.Bool => new Binary(BinaryOp.And, emit(new Unary(UnaryOp.Not, condition)), whenFalse),
            (_, Constant { Bits: 1 }) when select.Type == ScalarType.Bool && whenTrue is not Constant => new Binary(BinaryOp.Or, emit(new Unary(UnaryOp.Not, condition)), whenTrue),
            (Constant { Bits: 1 }, Constant { Bits: 0 }) when select.Type.IsInteger => new Convert(condition, select.Type),
            (Constant { Bits: 1 }, Constant { Bits: 0 }) when select.Type == ScalarType.Bool => condition,
            (Constant { Bits: 0 }, Constant { Bits: 1 }) when select.Type == ScalarType.Bool => new Unary(UnaryOp.Not, condition),
            (Constant { Bits: 1 }, _) when select.Type == ScalarType.Bool => new Binary(BinaryOp.Or, condition, whenFalse),
            (_, Constant { Bits: 0 }) when select.Type == ScalarType.Bool => new Binary(BinaryOp.And, condition, whenTrue),
            _ => select,
        };
    }

    /// <summary>One value, or two constants with the same bits.</summary>
    public static bool Same(Value a, Value b) => a == b || (a is Constant x && b is Constant y && x.Type == y.Type && x.Bits == y.Bits);
}
