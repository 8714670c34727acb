using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.OpenCL;

/// <summary>Numbers in other types, with C#'s results where C leaves them undefined.</summary>
internal static class ConversionEmitter
{
    public static string Convert(OpenCLWriter writer, Convert value)
    {
        Value operand = value.Operands[0];
        (ScalarType from, ScalarType to) = (operand.Type, value.Type);
        string a = writer.Use(operand);
        if (from == to)
        {
            return a;
        }
        if (from == ScalarType.Bool)
        {
            return to == ScalarType.Float16 ? $"{a} ? (ushort)0x3c00 : (ushort)0" : $"({OpenCLTypes.Register(to)}){a}";
        }
        if (to == ScalarType.Bool)
        {
            return from == ScalarType.Float16 ? $"({a} & 0x7fff) != 0" : $"{a} != 0";
        }
        if (from == ScalarType.Float16)
        {
            string wide = $"{HalfToFloat(writer)}({a})";
            return to == ScalarType.Float32 ? wide : to == ScalarType.Float64 ? $"(double){wide}"
                : $"{FloatToInteger(writer, ScalarType.Float32, to, value.TargetUnsigned)}({wide})";
        }
        if (from.IsFloat)
        {
            return to == ScalarType.Float16 ? $"{FloatToHalf(writer, from)}({a})"
                : to.IsFloat ? $"({OpenCLTypes.Register(to)}){a}"
                : $"{FloatToInteger(writer, from, to, value.TargetUnsigned)}({a})";
        }
        string source = value.SourceUnsigned ? a : writer.UseSigned(operand);
        return to == ScalarType.Float16 ? $"{FloatToHalf(writer, ScalarType.Float32)}((float)({source}))"
            : to.IsFloat ? $"({OpenCLTypes.Register(to)})({source})"
            : to.Size > from.Size && !value.SourceUnsigned ? $"({OpenCLTypes.Register(to)})({OpenCLTypes.Signed(to)})({source})"
            : $"({OpenCLTypes.Register(to)}){a}";
    }

    public static string Reinterpret(OpenCLWriter writer, Value operand, ScalarType to)
    {
        ScalarType from = operand.Type;
        string a = writer.Use(operand);
        return from.IsPointer && to.IsPointer ? $"({OpenCLTypes.Register(to)}){a}"
            : from.IsPointer ? $"(ulong)(size_t){a}"
            : to.IsPointer ? $"({OpenCLTypes.Register(to)})(size_t){a}"
            : OpenCLTypes.Register(from) == OpenCLTypes.Register(to) ? a
            : $"as_{OpenCLTypes.Register(to)}({a})";
    }

    /// <summary>The bits of a half as a number; exact.</summary>
    private static string HalfToFloat(OpenCLWriter writer) => writer.Function("half_to_float", () =>
        "static inline float half_to_float(ushort a) { return vload_half(0, (const __private half*)&a); }");

    /// <summary>Rounded once, to nearest even.</summary>
    private static string FloatToHalf(OpenCLWriter writer, ScalarType from)
    {
        string source = OpenCLTypes.Register(from), name = $"{source}_to_half";
        return writer.Function(name, () =>
            $"static inline ushort {name}({source} a) {{ ushort bits; vstore_half_rte(a, 0, (__private half*)&bits); return bits; }}");
    }

    /// <summary>Toward zero, saturating, NaN to 0.</summary>
    private static string FloatToInteger(OpenCLWriter writer, ScalarType from, ScalarType to, bool unsigned)
    {
        string source = OpenCLTypes.Register(from), result = OpenCLTypes.Register(to);
        string target = unsigned ? result : OpenCLTypes.Signed(to);
        string name = $"{source}_to_{target}";
        int bits = to.Size * 8;
        string suffix = from == ScalarType.Float32 ? "f" : "";
        string tooHigh = Math.Pow(2, unsigned ? bits : bits - 1).ToString("F1", System.Globalization.CultureInfo.InvariantCulture) + suffix;
        string low = unsigned ? "0.0" + suffix : "-" + tooHigh;
        ulong largest = unsigned ? ulong.MaxValue >> (64 - bits) : ulong.MaxValue >> (65 - bits);
        ulong smallest = unsigned ? 0 : 1ul << (bits - 1);
        return writer.Function(name, () =>
            $"static inline {result} {name}({source} a) {{ return a != a ? 0 : a >= {tooHigh} ? ({result}){largest}ul"
            + $" : a <= {low} ? ({result}){smallest}ul : ({result})({target})a; }}");
    }
}
