using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>
/// Conversions with C#'s semantics: integers wrap, floats to integers truncate and saturate with NaN as 0, everything else rounds to
/// nearest even. Source: PTX ISA, `cvt`.
/// </summary>
internal static class PtxConversions
{
    public static void Write(PtxWriter writer, IR.Convert value) => writer.Bind(value, Compute(writer,
        writer.Register(value.Operands[0]), value.Operands[0].Type, value.Type, value.SourceUnsigned, value.TargetUnsigned));

    /// <param name="writer">Where the instructions go.</param>
    /// <param name="source">A register.</param>
    /// <param name="from">Type of the source.</param>
    /// <param name="to">Type of the result.</param>
    /// <param name="sourceUnsigned">The source is extended with zeros, or taken as a positive number.</param>
    /// <param name="targetUnsigned">A float saturates to the unsigned range.</param>
    /// <returns>The register of the result: the source's own where nothing changes.</returns>
    public static string Compute(PtxWriter writer, string source, ScalarType from, ScalarType to, bool sourceUnsigned, bool targetUnsigned)
    {
        if (from == to)
        {
            return source;
        }
        RegisterClass result = PtxRegisters.ClassOf(to);
        if (from.Kind == ScalarKind.Bool)
        {
            (string one, string form) = to.Kind switch
            {
                ScalarKind.Float16 => ("0x3C00", "selp.b16"),
                ScalarKind.Float32 => ("0f3F800000", "selp.f32"),
                ScalarKind.Float64 => ("0d3FF0000000000000", "selp.f64"),
                _ => ("1", $"selp.b{PtxRegisters.Width(result)}"),
            };
            string zero = to.Kind switch { ScalarKind.Float32 => "0f00000000", ScalarKind.Float64 => "0d0000000000000000", _ => "0" };
            return writer.Compute(result, form, one, zero, source);
        }
        if (from.IsInteger && to.IsInteger)
        {
            return BetweenIntegers(writer, source, from, to, sourceUnsigned);
        }
        if (from.IsInteger && to.IsFloat)
        {
            return writer.Compute(result, $"cvt.rn.{Name(to)}.{Name(from, sourceUnsigned)}", source);
        }
        if (from.IsFloat && to.IsFloat)
        {
            return writer.Compute(result, $"cvt{(to.Size < from.Size ? ".rn" : "")}.{Name(to)}.{Name(from)}", source);
        }
        if (from.IsFloat && to.IsInteger)
        {
            return FloatToInteger(writer, source, from, to, targetUnsigned);
        }
        if (to.Kind == ScalarKind.Bool && from.IsInteger)
        {
            string wide = BetweenIntegers(writer, source, from, from.Size < 4 ? ScalarType.Int32 : from, true);
            return writer.Compute(RegisterClass.Predicate, $"setp.ne.s{Math.Max(from.Size, 4) * 8}", wide, "0");
        }
        throw writer.Refuse($"A conversion from {from} to {to} does not exist.");
    }

    /// <summary>The number of a shared address is its place in shared memory, not the generic address.</summary>
    public static void Write(PtxWriter writer, Reinterpret value)
    {
        string source = writer.Register(value.Operands[0]);
        RegisterClass from = PtxRegisters.ClassOf(value.Operands[0].Type), to = PtxRegisters.ClassOf(value.Type);
        writer.Bind(value, from == to
            ? source // registers have no type beyond their size
            : writer.Compute(to, $"cvt.u{PtxRegisters.Width(to)}.u{PtxRegisters.Width(from)}", source)); // shared addresses and Int64
    }

    public static void Write(PtxWriter writer, CastSpace value)
    {
        AddressSpace from = value.Operands[0].Type.Space, to = value.Type.Space;
        string source = writer.Register(value.Operands[0]);
        if (from == to)
        {
            writer.Bind(value, source);
            return;
        }
        if (from != AddressSpace.Generic && to != AddressSpace.Generic)
        {
            throw writer.Refuse($"A pointer to {from} memory cannot become one to {to} memory.", value);
        }
        if (from == AddressSpace.Shared)
        {
            source = writer.Compute(RegisterClass.Bits64, "cvt.u64.u32", source);
        }
        string cast = writer.Compute(RegisterClass.Bits64, to == AddressSpace.Generic
            ? $"cvta.{from.ToString().ToLowerInvariant()}.u64"
            : $"cvta.to.{to.ToString().ToLowerInvariant()}.u64", source);
        writer.Bind(value, to == AddressSpace.Shared ? writer.Compute(RegisterClass.Bits32, "cvt.u32.u64", cast) : cast);
    }

    private static string BetweenIntegers(PtxWriter writer, string source, ScalarType from, ScalarType to, bool sourceUnsigned)
    {
        RegisterClass result = PtxRegisters.ClassOf(to);
        if (to.Size > from.Size)
        {
            return writer.Compute(result, $"cvt.{Name(to, sourceUnsigned)}.{Name(from, sourceUnsigned)}", source);
        }
        // the upper half of a byte's register means nothing, so a narrower type may keep the register
        return result == PtxRegisters.ClassOf(from)
            ? source
            : writer.Compute(result, $"cvt.u{PtxRegisters.Width(result)}.{Name(from, true)}", source);
    }

    private static string FloatToInteger(PtxWriter writer, string source, ScalarType from, ScalarType to, bool targetUnsigned)
    {
        if (from.Kind == ScalarKind.Float16)
        {
            source = Compute(writer, source, from, ScalarType.Float32, false, false);
            from = ScalarType.Float32;
        }
        if (to.Size < 4) // through Int32, which wraps, as IL's conv does
        {
            string wide = FloatToInteger(writer, source, from, ScalarType.Int32, false);
            return BetweenIntegers(writer, wide, ScalarType.Int32, to, true);
        }
        RegisterClass result = PtxRegisters.ClassOf(to);
        string converted = writer.Compute(result, $"cvt.rzi.{Name(to, targetUnsigned)}.{Name(from)}", source);
        if (from.Kind == ScalarKind.Float32 && to.Size == 4)
        {
            return converted; // here the hardware itself makes NaN 0; in wider conversions it sets the top bit
        }
        string isNaN = writer.Compute(RegisterClass.Predicate, $"setp.nan.{Name(from)}", source, source);
        return writer.Compute(result, $"selp.b{PtxRegisters.Width(result)}", "0", converted, isNaN);
    }

    private static string Name(ScalarType type, bool unsigned = false) => (type.IsFloat ? "f" : unsigned ? "u" : "s") + type.Size * 8;
}
