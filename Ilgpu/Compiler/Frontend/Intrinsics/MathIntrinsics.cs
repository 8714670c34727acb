using System.Reflection;
using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Frontend.Intrinsics;

/// <summary>
/// System.Math, MathF, BitOperations and conversions of bits. What devices have no exact instruction for (exp, sin, pow, …) is
/// the C# of ILGPU.Algorithms.XMath, the same for every device.
/// </summary>
internal static class MathIntrinsics
{
    private static readonly string[] Classes = ["System.Math.", "System.MathF."];

    private static readonly Dictionary<string, UnaryOp> UnaryFunctions = new()
    {
        ["Sqrt"] = UnaryOp.Sqrt,
        ["Abs"] = UnaryOp.Abs,
        ["Floor"] = UnaryOp.Floor,
        ["Ceiling"] = UnaryOp.Ceiling,
        ["Truncate"] = UnaryOp.Truncate,
    };

    private static readonly Dictionary<string, BinaryOp> BinaryFunctions = new()
    {
        ["Min"] = BinaryOp.Min,
        ["Max"] = BinaryOp.Max,
        ["CopySign"] = BinaryOp.CopySign,
    };

    private static readonly string[] Elementary =
    [
        "Exp", "Log", "Log2", "Log10", "Pow", "Sin", "Cos", "Tan", "Sinh", "Cosh", "Tanh", "Asin", "Acos", "Atan", "Atan2", "Cbrt",
        "Asinh", "Acosh", "Atanh", "SinCos",
    ];

    private static readonly Dictionary<string, UnaryOp> Approximate = new()
    {
        ["Exp2"] = UnaryOp.Exp2Approximate,
        ["Log2"] = UnaryOp.Log2Approximate,
        ["ReciprocalSqrt"] = UnaryOp.ReciprocalSqrtApproximate,
        ["Reciprocal"] = UnaryOp.ReciprocalApproximate,
        ["Tanh"] = UnaryOp.TanhApproximate,
    };

    public static IEnumerable<KeyValuePair<string, Intrinsic>> Table => Functions().Concat(Bits());

    private static IEnumerable<KeyValuePair<string, Intrinsic>> Functions()
    {
        foreach (string type in Classes)
        {
            foreach ((string name, UnaryOp op) in UnaryFunctions)
            {
                yield return new(type + name, call => call.Return(call.Emit(new Unary(op, call.Coerced(0)))));
            }
            foreach ((string name, BinaryOp op) in BinaryFunctions)
            {
                yield return new(type + name, call => call.Return(call.Emit(
                    new Binary(op, call.Coerced(0), call.Coerced(1), IsUnsigned(call.ReturnType)))));
            }
            foreach (string name in Elementary)
            {
                yield return new(type + name, ByAlgorithms);
            }
            yield return new(type + "Round", Round);
            yield return new(type + "Clamp", Clamp);
            yield return new(type + "FusedMultiplyAdd", call => call.Return(call.Emit(new FusedMultiplyAdd(call.Coerced(0), call.Coerced(1), call.Coerced(2)))));
            yield return new(type + "ReciprocalEstimate", call => call.Return(call.Emit(new Binary(BinaryOp.Divide, One(call), call.Coerced(0)))));
            yield return new(type + "ReciprocalSqrtEstimate", call => call.Return(call.Emit(
                new Binary(BinaryOp.Divide, One(call), call.Emit(new Unary(UnaryOp.Sqrt, call.Coerced(0)))))));
        }
        foreach ((string name, UnaryOp op) in Approximate)
        {
            yield return new("Managed.Ilgpu.Extensions.ApproximateMath." + name, call => call.Return(call.Emit(new Unary(op, call.Coerced(0)))));
        }
        yield return new("System.Math.BigMul", BigMul);
        yield return new("System.Math.MultiplyHigh", call => call.Return(call.Emit(
            new Binary(BinaryOp.MultiplyHigh, call.Coerced(0), call.Coerced(1), IsUnsigned(call.ReturnType)))));
    }

    private static IEnumerable<KeyValuePair<string, Intrinsic>> Bits()
    {
        foreach ((string name, UnaryOp op) in new[]
        {
            ("PopCount", UnaryOp.PopCount), ("LeadingZeroCount", UnaryOp.LeadingZeros), ("TrailingZeroCount", UnaryOp.TrailingZeros),
        })
        {
            yield return new("System.Numerics.BitOperations." + name, call => call.Return(call.Emit(new Unary(op, call.Coerced(0)))));
        }
        yield return new("System.Numerics.BitOperations.Log2", call =>
        {
            Value value = call.Coerced(0);
            Value filled = call.Emit(new Binary(BinaryOp.Or, value, new Constant(value.Type, 1)));
            Value zeros = call.Emit(new Unary(UnaryOp.LeadingZeros, filled));
            return call.Return(call.Emit(new Binary(BinaryOp.Subtract, Constant.Int32(value.Type.Size * 8 - 1), zeros)));
        });
        foreach (string name in new[]
        {
            "SingleToInt32Bits", "SingleToUInt32Bits", "Int32BitsToSingle", "UInt32BitsToSingle",
            "DoubleToInt64Bits", "DoubleToUInt64Bits", "Int64BitsToDouble", "UInt64BitsToDouble",
        })
        {
            yield return new("System.BitConverter." + name, call => call.Return(call.Emit(
                new Reinterpret(call.Coerced(0), TypeLayout.Of(call.ReturnType).Leaves[0].Stack))));
        }
        yield return new("System.Half.op_Explicit", Half);
    }

    private static bool IsUnsigned(Type type) => TypeLayout.Of(type).Leaves is [{ Unsigned: true }];

    private static Constant One(IntrinsicCall call) =>
        call.ReturnType == typeof(float) ? Constant.Float32(1) : Constant.Float64(1);

    private static StackValue? ByAlgorithms(IntrinsicCall call)
    {
        Type? algorithms = typeof(KernelCompiler).Assembly.GetType("ILGPU.Algorithms.XMath");
        Type[] parameters = [.. call.Method.GetParameters().Select(parameter => parameter.ParameterType)];
        MethodInfo? method = algorithms?.GetMethod(call.Method.Name, BindingFlags.Public | BindingFlags.Static, parameters);
        return method is null
            ? throw new RefusedException($"{Names.Of(call.Method)}({string.Join(", ", parameters.Select(Names.Of))}) has no device version in ILGPU.Algorithms.XMath")
            : call.Invoke(method, call.Arguments);
    }

    private static StackValue? Round(IntrinsicCall call)
    {
        ParameterInfo[] parameters = call.Method.GetParameters();
        if (!parameters[0].ParameterType.IsPrimitive || (parameters.Length > 1 && parameters[^1].ParameterType != typeof(MidpointRounding)) || parameters.Length > 2)
        {
            throw new RefusedException($"{Names.Of(call.Method)} to digits or of decimals has no device version");
        }
        Value value = call.Coerced(0);
        MidpointRounding mode = parameters.Length == 1 ? MidpointRounding.ToEven : (MidpointRounding)call.ConstantInt(1, "rounding mode");
        return mode switch
        {
            MidpointRounding.ToEven => call.Return(call.Emit(new Unary(UnaryOp.RoundEven, value))),
            MidpointRounding.ToZero => call.Return(call.Emit(new Unary(UnaryOp.Truncate, value))),
            MidpointRounding.ToNegativeInfinity => call.Return(call.Emit(new Unary(UnaryOp.Floor, value))),
            MidpointRounding.ToPositiveInfinity => call.Return(call.Emit(new Unary(UnaryOp.Ceiling, value))),
            _ => call.Return(AwayFromZero(call, value)),
        };
    }

    /// <summary>As .NET: the largest number below one half is added with the value's sign, then it is truncated.</summary>
    private static Value AwayFromZero(IntrinsicCall call, Value value)
    {
        Constant half = value.Type == ScalarType.Float32 ? Constant.Float32(MathF.BitDecrement(0.5f)) : Constant.Float64(Math.BitDecrement(0.5));
        Value signed = call.Emit(new Binary(BinaryOp.CopySign, half, value));
        return call.Emit(new Unary(UnaryOp.Truncate, call.Builder.Add(value, signed)));
    }

    /// <summary>Without .NET's check that the bounds are in order.</summary>
    private static StackValue Clamp(IntrinsicCall call)
    {
        (Value value, Value least, Value most) = (call.Coerced(0), call.Coerced(1), call.Coerced(2));
        bool unsigned = IsUnsigned(call.ReturnType);
        Value isBelow = call.Emit(new Compare(CompareOp.Less, value, least, unsigned && !value.Type.IsFloat));
        Value isAbove = call.Emit(new Compare(CompareOp.Greater, value, most, unsigned && !value.Type.IsFloat));
        return call.Return(call.Emit(new Select(isBelow, least, call.Emit(new Select(isAbove, most, value)))));
    }

    private static StackValue? BigMul(IntrinsicCall call)
    {
        Type[] parameters = [.. call.Method.GetParameters().Select(parameter => parameter.ParameterType)];
        if (parameters.Length == 2 && parameters[0] == typeof(int))
        {
            return call.Return(call.Builder.Multiply(call.Long(0), call.Long(1)));
        }
        if (parameters.Length == 2 && parameters[0] == typeof(uint))
        {
            Value Wide(int index) => call.Builder.ToInteger(call.Coerced(index), ScalarType.Int64, unsigned: true);
            return call.Return(call.Builder.Multiply(Wide(0), Wide(1)));
        }
        if (parameters.Length != 3)
        {
            throw new RefusedException($"{Names.Of(call.Method)} of 128 bits has no device version; use the overload with the low half as out");
        }
        (Value a, Value b) = (call.Coerced(0), call.Coerced(1));
        call.Builder.Store(call.Scalar(2), parameters[0], new StackValue(parameters[0], call.Builder.Multiply(a, b)));
        return call.Return(call.Emit(new Binary(BinaryOp.MultiplyHigh, a, b, IsUnsigned(parameters[0]))));
    }

    /// <summary>System.Half from and to float and double; other types go through float in .NET's own code.</summary>
    private static StackValue? Half(IntrinsicCall call)
    {
        Type from = call.Method.GetParameters()[0].ParameterType, to = call.ReturnType;
        if (from == typeof(Half) && (to == typeof(float) || to == typeof(double)))
        {
            Value bits = call.Emit(new Convert(call.Scalar(0), ScalarType.Int16));
            Value half = call.Emit(new Reinterpret(bits, ScalarType.Float16));
            return call.Return(call.Emit(new Convert(half, to == typeof(float) ? ScalarType.Float32 : ScalarType.Float64)));
        }
        if (to == typeof(Half) && (from == typeof(float) || from == typeof(double)))
        {
            Value half = call.Emit(new Convert(call.Coerced(0), ScalarType.Float16));
            Value bits = call.Emit(new Reinterpret(half, ScalarType.Int16));
            return new StackValue(to, call.Emit(new Convert(bits, ScalarType.Int32, sourceUnsigned: true)));
        }
        return call.Inline();
    }
}
