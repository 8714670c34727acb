using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.OpenCL;

/// <summary>
/// Atomic operations. Integers use the built-in ones; floats exchange their bits, and add, least and greatest loop until nobody came in
/// between. In thread memory there is nobody else.
/// </summary>
internal static class AtomicEmitter
{
    public static void Write(OpenCLWriter writer, Atomic atomic)
    {
        ScalarType type = atomic.Type;
        AddressSpace space = atomic.Operands[0].Type.Space;
        if (type.Size < 4 || type.IsPointer)
        {
            throw writer.Refuse(atomic, $"atomics exist for 32- and 64-bit numbers, not for {type}.");
        }
        if (type.Size == 8 && space != AddressSpace.Local && !writer.Target.HasInt64Atomics)
        {
            throw writer.Refuse(atomic, "the device has no 64-bit atomics (cl_khr_int64_base_atomics, cl_khr_int64_extended_atomics). Use 32-bit ones.");
        }
        if (type.IsFloat && atomic.Op is AtomicOp.And or AtomicOp.Or or AtomicOp.Xor)
        {
            throw writer.Refuse(atomic, "bitwise atomics are for integers.");
        }
        string pointer = writer.Use(atomic.Operands[0]), value = writer.Use(atomic.Operands[1]);
        string call = space == AddressSpace.Local ? Unshared(writer, atomic)
            : type.IsFloat ? Float(writer, atomic, space)
            : Integer(writer, atomic, space);
        string arguments = atomic.Op == AtomicOp.CompareExchange ? $"{pointer}, {writer.Use(atomic.Operands[2])}, {value}" : $"{pointer}, {value}";
        writer.Line($"{writer.Use(atomic)} = {call}({arguments});");
    }

    private static string Integer(OpenCLWriter writer, Atomic atomic, AddressSpace space)
    {
        string register = OpenCLTypes.Register(atomic.Type), memory = OpenCLTypes.Space(space);
        bool signed = atomic.Op is AtomicOp.Min or AtomicOp.Max && !atomic.Unsigned;
        string type = signed ? OpenCLTypes.Signed(atomic.Type) : register;
        string builtIn = (atomic.Type.Size == 8 ? "atom_" : "atomic_") + BuiltIn(atomic.Op);
        string name = $"{builtIn}{memory}_{type}";
        bool compares = atomic.Op == AtomicOp.CompareExchange;
        return writer.Function(name, () =>
            $"static inline {register} {name}({memory} uchar* p, {(compares ? $"{register} comparand, " : "")}{register} value)"
            + $" {{ return ({register}){builtIn}((volatile {memory} {type}*)p, {(compares ? $"({type})comparand, " : "")}({type})value); }}");
    }

    private static string Float(OpenCLWriter writer, Atomic atomic, AddressSpace space)
    {
        string type = OpenCLTypes.Register(atomic.Type), memory = OpenCLTypes.Space(space);
        (string bits, string prefix) = atomic.Type.Size == 8 ? ("ulong", "atom_") : ("uint", "atomic_");
        string name = $"{prefix}{BuiltIn(atomic.Op)}{memory}_{type}";
        string place = $"(volatile {memory} {bits}*)p";
        if (atomic.Op is AtomicOp.Exchange or AtomicOp.CompareExchange)
        {
            bool compares = atomic.Op == AtomicOp.CompareExchange;
            return writer.Function(name, () =>
                $"static inline {type} {name}({memory} uchar* p, {(compares ? $"{type} comparand, " : "")}{type} value)"
                + $" {{ return as_{type}({prefix}{BuiltIn(atomic.Op)}({place}, {(compares ? $"as_{bits}(comparand), " : "")}as_{bits}(value))); }}");
        }
        string next = Combine(writer, atomic, $"as_{type}(seen)", "value");
        return writer.Function(name, () => $$"""
            static inline {{type}} {{name}}({{memory}} uchar* p, {{type}} value)
            {
                {{bits}} seen, current = *({{place}});
                do
                {
                    seen = current;
                    current = {{prefix}}cmpxchg({{place}}, seen, as_{{bits}}({{next}}));
                } while (current != seen);
                return as_{{type}}(seen);
            }
            """);
    }

    private static string Unshared(OpenCLWriter writer, Atomic atomic)
    {
        string type = OpenCLTypes.Register(atomic.Type), signed = atomic.Unsigned ? "unsigned_" : "";
        string name = $"private_{signed}{BuiltIn(atomic.Op)}_{type}";
        bool compares = atomic.Op == AtomicOp.CompareExchange;
        string next = Combine(writer, atomic, "seen", "value");
        return writer.Function(name, () =>
            $"static inline {type} {name}(__private uchar* p, {(compares ? $"{type} comparand, " : "")}{type} value)"
            + $" {{ {type} seen = *(m_{type}*)p; *(m_{type}*)p = {next}; return seen; }}");
    }

    /// <summary>What is written, from what was seen and the operand.</summary>
    private static string Combine(OpenCLWriter writer, Atomic atomic, string seen, string value)
    {
        switch (atomic.Op)
        {
            case AtomicOp.Exchange:
                return value;
            case AtomicOp.CompareExchange:
                string bits = atomic.Type.Size == 8 ? "ulong" : "uint";
                return $"as_{bits}({seen}) == as_{bits}(comparand) ? {value} : {seen}";
            case AtomicOp.Add:
                return $"{seen} + {value}";
            case AtomicOp.And:
                return $"{seen} & {value}";
            case AtomicOp.Or:
                return $"{seen} | {value}";
            case AtomicOp.Xor:
                return $"{seen} ^ {value}";
            default:
                return ArithmeticEmitter.MinMax(writer, atomic.Op == AtomicOp.Min ? BinaryOp.Min : BinaryOp.Max, atomic.Type, atomic.Unsigned, seen, value);
        }
    }

    private static string BuiltIn(AtomicOp op) => op switch
    {
        AtomicOp.Exchange => "xchg",
        AtomicOp.CompareExchange => "cmpxchg",
        _ => op.ToString().ToLowerInvariant(),
    };
}
