using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Managed.Loader;

/// <summary>Conversion of plain (unblocked) element types to f32. Data need not be aligned.</summary>
internal static unsafe class PlainTypes
{
    private static readonly float[] s_e4m3 = BuildFloat8(exponentBits: 4, mantissaBits: 3, hasInfinity: false);
    private static readonly float[] s_e5m2 = BuildFloat8(exponentBits: 5, mantissaBits: 2, hasInfinity: true);

    /// <summary>Converts a whole tensor.</summary>
    public static void ToSingle(StoredTensor tensor, Span<float> values)
    {
        if (tensor.ElementCount != values.Length)
            throw new ArgumentException($"tensor {tensor.Name} has {tensor.ElementCount} elements, the destination {values.Length}", nameof(values));
        ToSingle(tensor, 0, values);
    }

    /// <summary>Converts as many elements as `values` holds, from element `start` on.</summary>
    public static void ToSingle(StoredTensor tensor, long start, Span<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, tensor.ElementCount - values.Length);
        int size = TensorTypes.Of(tensor.Type).BlockBytes;
        const int Piece = 1 << 24; // keeps the bytes of a piece within a span
        for (int at = 0; at < values.Length; at += Piece)
        {
            Span<float> piece = values.Slice(at, Math.Min(Piece, values.Length - at));
            ToSingle(tensor.Type, new ReadOnlySpan<byte>(tensor.Data + (start + at) * size, piece.Length * size), piece);
        }
    }

    /// <summary>Converts little-endian elements.</summary>
    public static void ToSingle(TensorType type, ReadOnlySpan<byte> source, Span<float> values)
    {
        switch (type)
        {
            case TensorType.F32: source.CopyTo(MemoryMarshal.AsBytes(values)); break;
            case TensorType.F16: Convert<Half>(source, values, static v => (float)v); break;
            case TensorType.BF16: Convert<ushort>(source, values, static bits => BitConverter.UInt32BitsToSingle((uint)bits << 16)); break;
            case TensorType.F64: Convert<double>(source, values, static v => (float)v); break;
            case TensorType.I64: Convert<long>(source, values, static v => v); break;
            case TensorType.I32: Convert<int>(source, values, static v => v); break;
            case TensorType.I16: Convert<short>(source, values, static v => v); break;
            case TensorType.I8: Convert<sbyte>(source, values, static v => v); break;
            case TensorType.U64: Convert<ulong>(source, values, static v => v); break;
            case TensorType.U32: Convert<uint>(source, values, static v => v); break;
            case TensorType.U16: Convert<ushort>(source, values, static v => v); break;
            case TensorType.U8: Convert<byte>(source, values, static v => v); break;
            case TensorType.Bool: Convert<byte>(source, values, static v => v == 0 ? 0f : 1f); break;
            case TensorType.F8_E4M3: Convert<byte>(source, values, static v => s_e4m3[v]); break;
            case TensorType.F8_E5M2: Convert<byte>(source, values, static v => s_e5m2[v]); break;
            default: throw new ArgumentException($"{type} is a block type; it is no plain number", nameof(type));
        }
    }

    private static void Convert<T>(ReadOnlySpan<byte> source, Span<float> values, Func<T, float> convert)
        where T : unmanaged
    {
        if (source.Length != values.Length * sizeof(T))
            throw new ArgumentException($"{source.Length} bytes for {values.Length} elements of {sizeof(T)} bytes", nameof(source));
        ref byte first = ref MemoryMarshal.GetReference(source);
        for (int i = 0; i < values.Length; i++)
            values[i] = convert(Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref first, i * sizeof(T))));
    }

    /// <summary>The values of all codes: sign, exponent, mantissa. Without infinity only the all-ones codes are NaN.</summary>
    private static float[] BuildFloat8(int exponentBits, int mantissaBits, bool hasInfinity)
    {
        int bias = (1 << (exponentBits - 1)) - 1, topExponent = (1 << exponentBits) - 1, topMantissa = (1 << mantissaBits) - 1;
        var values = new float[256];
        for (int code = 0; code < values.Length; code++)
        {
            int exponent = (code >> mantissaBits) & topExponent, mantissa = code & topMantissa;
            float magnitude = (exponent, mantissa) switch
            {
                var (e, m) when e == topExponent && hasInfinity => m == 0 ? float.PositiveInfinity : float.NaN,
                var (e, m) when e == topExponent && m == topMantissa => float.NaN,
                (0, var m) => m * MathF.ScaleB(1, 1 - bias - mantissaBits),
                var (e, m) => ((1 << mantissaBits) + m) * MathF.ScaleB(1, e - bias - mantissaBits),
            };
            values[code] = code < 128 ? magnitude : -magnitude;
        }

        return values;
    }
}
