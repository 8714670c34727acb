using System.Globalization;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.OpenCL;

/// <summary>
/// How IR types and constants are spelled in OpenCL C. Integers are held unsigned, since signed overflow is undefined in C; operations
/// that look at the sign cast. Float16 is held as its bits: halves exist only in memory and conversions.
/// </summary>
internal static class OpenCLTypes
{
    /// <summary>The type of a local variable that holds a value.</summary>
    public static string Register(ScalarType type) => type.Kind switch
    {
        ScalarKind.Bool => "bool",
        ScalarKind.Int8 => "uchar",
        ScalarKind.Int16 or ScalarKind.Float16 => "ushort",
        ScalarKind.Int32 => "uint",
        ScalarKind.Int64 => "ulong",
        ScalarKind.Float32 => "float",
        ScalarKind.Float64 => "double",
        ScalarKind.Pointer => $"{Space(type.Space)} uchar*",
        _ => throw new InvalidOperationException($"A value of type {type} has no register."),
    };

    /// <summary>The signed type of the same width, for operations that look at the sign.</summary>
    public static string Signed(ScalarType type) => type.Kind switch
    {
        ScalarKind.Int8 => "char",
        ScalarKind.Int16 => "short",
        ScalarKind.Int32 => "int",
        ScalarKind.Int64 => "long",
        _ => throw new InvalidOperationException($"{type} has no sign."),
    };

    /// <summary>The type in memory: may alias any other, as memory in IL has no types.</summary>
    public static string Memory(ScalarType type, int lanes = 1) => type.Kind switch
    {
        ScalarKind.Bool => "m_uchar",
        ScalarKind.Pointer => Register(type),
        _ => "m_" + Register(type) + (lanes > 1 ? lanes.ToString(CultureInfo.InvariantCulture) : ""),
    };

    /// <summary>The address space qualifier.</summary>
    public static string Space(AddressSpace space) => space switch
    {
        AddressSpace.Global => "__global",
        AddressSpace.Shared => "__local",
        AddressSpace.Local => "__private",
        _ => throw new InvalidOperationException("The emitter refuses generic pointers before it comes here."),
    };

    /// <summary>A constant's text.</summary>
    public static string Literal(Constant constant) => constant.Type.Kind switch
    {
        ScalarKind.Bool => constant.Bits != 0 ? "true" : "false",
        ScalarKind.Int8 => $"(uchar){constant.Bits & 0xff}",
        ScalarKind.Int16 or ScalarKind.Float16 => $"(ushort){constant.Bits & 0xffff}",
        ScalarKind.Int32 => Unsigned((uint)constant.Bits, 8) + "u",
        ScalarKind.Int64 => Unsigned((ulong)constant.Bits, 16) + "ul",
        ScalarKind.Float32 => Float(constant.AsSingle),
        ScalarKind.Float64 => Float(constant.AsDouble),
        // Null fits any memory.
        ScalarKind.Pointer when constant.Bits == 0 => "0",
        ScalarKind.Pointer => $"({Register(constant.Type)}){constant.Bits}",
        _ => throw new InvalidOperationException($"A constant of type {constant.Type} has no text."),
    };

    private static string Unsigned(ulong value, int digits) => value < 0x10000
        ? value.ToString(CultureInfo.InvariantCulture)
        : "0x" + value.ToString("x" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string Float(float value) => float.IsNormal(value) || BitConverter.SingleToInt32Bits(value) == 0
        ? WithPoint(value.ToString("R", CultureInfo.InvariantCulture)) + "f"
        : $"as_float(0x{BitConverter.SingleToUInt32Bits(value):x8}u)";

    private static string Float(double value) => double.IsNormal(value) || BitConverter.DoubleToInt64Bits(value) == 0
        ? WithPoint(value.ToString("R", CultureInfo.InvariantCulture))
        : $"as_double(0x{BitConverter.DoubleToUInt64Bits(value):x16}ul)";

    /// <summary>A number without point or exponent would be an integer in C.</summary>
    private static string WithPoint(string number) => number.AsSpan().IndexOfAny('.', 'E') >= 0 ? number : number + ".0";
}
