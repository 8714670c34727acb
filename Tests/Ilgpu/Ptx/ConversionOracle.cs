using Managed.Ilgpu.Compiler.IR;

namespace Managed.Tests.Ilgpu.Ptx;

/// <summary>Conversions by C#'s own casts, on bits.</summary>
internal static class ConversionOracle
{
    public static long Convert(long bits, ScalarType from, ScalarType to, bool sourceUnsigned, bool targetUnsigned) => (from.Kind, sourceUnsigned) switch
    {
        (ScalarKind.Int8, false) => FromInteger((sbyte)bits, to),
        (ScalarKind.Int8, true) => FromUnsigned((byte)bits, to),
        (ScalarKind.Int16, false) => FromInteger((short)bits, to),
        (ScalarKind.Int16, true) => FromUnsigned((ushort)bits, to),
        (ScalarKind.Int32, false) => FromInteger((int)bits, to),
        (ScalarKind.Int32, true) => FromUnsigned((uint)bits, to),
        (ScalarKind.Int64, false) => FromInteger(bits, to),
        (ScalarKind.Int64, true) => FromUnsigned((ulong)bits, to),
        (ScalarKind.Float16, _) => FromSingle((float)BitConverter.Int16BitsToHalf((short)bits), to, targetUnsigned),
        (ScalarKind.Float32, _) => FromSingle(BitConverter.Int32BitsToSingle((int)bits), to, targetUnsigned),
        (ScalarKind.Float64, _) => FromDouble(BitConverter.Int64BitsToDouble(bits), to, targetUnsigned),
        _ => throw new ArgumentException($"{from}"),
    };

    private static long FromInteger(long value, ScalarType to) => to.Kind switch
    {
        ScalarKind.Int8 => unchecked((sbyte)value),
        ScalarKind.Int16 => unchecked((short)value),
        ScalarKind.Int32 => unchecked((int)value),
        ScalarKind.Int64 => value,
        ScalarKind.Float16 => BitConverter.HalfToInt16Bits((Half)value),
        ScalarKind.Float32 => BitConverter.SingleToInt32Bits(value),
        _ => BitConverter.DoubleToInt64Bits(value),
    };

    private static long FromUnsigned(ulong value, ScalarType to) => to.Kind switch
    {
        ScalarKind.Float16 => BitConverter.HalfToInt16Bits((Half)value),
        ScalarKind.Float32 => BitConverter.SingleToInt32Bits(value),
        ScalarKind.Float64 => BitConverter.DoubleToInt64Bits(value),
        _ => FromInteger((long)value, to),
    };

    private static long FromSingle(float value, ScalarType to, bool unsigned) => (to.Kind, unsigned) switch
    {
        (ScalarKind.Int32, false) => (int)value,
        (ScalarKind.Int32, true) => (int)(uint)value,
        (ScalarKind.Int64, false) => (long)value,
        (ScalarKind.Int64, true) => (long)(ulong)value,
        (ScalarKind.Int8, false) => (sbyte)(int)value,
        (ScalarKind.Int8, true) => (sbyte)(byte)(int)value,
        (ScalarKind.Int16, false) => (short)(int)value,
        (ScalarKind.Int16, true) => (short)(ushort)(int)value,
        (ScalarKind.Float16, _) => BitConverter.HalfToInt16Bits((Half)value),
        (ScalarKind.Float64, _) => BitConverter.DoubleToInt64Bits(value),
        _ => BitConverter.SingleToInt32Bits(value),
    };

    private static long FromDouble(double value, ScalarType to, bool unsigned) => (to.Kind, unsigned) switch
    {
        (ScalarKind.Int32, false) => (int)value,
        (ScalarKind.Int32, true) => (int)(uint)value,
        (ScalarKind.Int64, false) => (long)value,
        (ScalarKind.Int64, true) => (long)(ulong)value,
        (ScalarKind.Int8, false) => (sbyte)(int)value,
        (ScalarKind.Int8, true) => (sbyte)(byte)(int)value,
        (ScalarKind.Int16, false) => (short)(int)value,
        (ScalarKind.Int16, true) => (short)(ushort)(int)value,
        (ScalarKind.Float16, _) => BitConverter.HalfToInt16Bits((Half)value),
        (ScalarKind.Float32, _) => BitConverter.SingleToInt32Bits((float)value),
        _ => BitConverter.DoubleToInt64Bits(value),
    };
}
