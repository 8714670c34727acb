using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Managed.Kernels.Blocks;

/// <summary>Q8_0: { f16 d; 32 signed bytes }, w = d·q.</summary>
internal readonly unsafe struct Q8_0 : IIntegerFormat
{
    public static int Elements => 32;

    public static int Bytes => 34;

    public static bool IsSigned => true;

    public static bool HasMinimum => false;

    public static bool HasHalfScales => false;

    public static int HeaderBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 2;
    }

    public static void Dequantise(float* values, byte* block)
    {
        float d = Packed.Half(block);
        for (int j = 0; j < 32; j++)
            values[j] = d * (sbyte)block[2 + j];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadScales(float* scales, float* minima, byte* row, int parts) =>
        Packed.Halves(scales, row, Bytes, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryReadTile(float* scales, float* minima, byte* rows, nint rowBytes, int parts)
    {
        SixteenRows.Halves(scales, rows, rowBytes, Bytes, parts);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadHeaders(float* scales, float* minima, byte* headers, int parts) => SixteenRows.ReadHeaders<Q8_0>(scales, minima, headers, parts);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ReadHeader(byte* headers, out Vector512<float> minima)
    {
        minima = default;
        return HalfBits.FiniteToSingle((ushort*)headers);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Unpack(byte* block, int part)
    {
        return Vector256.Load(block + 2);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> UnpackTwo(byte* first, byte* second, int part)
    {
        return Packed.Join(Unpack(first, part), Unpack(second, part));
    }
}
