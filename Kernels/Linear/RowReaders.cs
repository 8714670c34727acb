using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>Gives a stored row of weights as float32.</summary>
internal unsafe interface IRowReader
{
    /// <summary>Any eight values can be read by themselves; else only whole rows.</summary>
    static abstract bool IsPlain { get; }

    /// <summary>Eight values from element k on; only for plain rows.</summary>
    static abstract Vector256<float> Load(byte* row, int k);

    /// <summary>Bytes of one value; only for plain rows.</summary>
    static abstract int ElementBytes { get; }

    /// <summary>The row's values: in `scratch`, or where the row lies when it is float32 already.</summary>
    /// <param name="scratch">Room for <see cref="RowReaders.ScratchLength"/> floats.</param>
    /// <param name="row">The stored row.</param>
    /// <param name="columns">Its number of elements.</param>
    static abstract float* Read(float* scratch, byte* row, int columns);
}

internal static class RowReaders
{
    /// <summary>Floats of scratch for a row: its values, and its scales and minima in parts of 32.</summary>
    public static int ScratchLength(int columns) => columns + (3 * ((columns / 32) + 8));
}

/// <summary>float32 rows need no reading.</summary>
internal readonly unsafe struct SingleRows : IRowReader
{
    public static bool IsPlain => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(byte* row, int k) => Vector256.Load((float*)row + k);

    public static int ElementBytes => sizeof(float);

    public static float* Read(float* scratch, byte* row, int columns) => (float*)row;
}

/// <summary>IEEE half rows.</summary>
internal readonly unsafe struct HalfRows : IRowReader
{
    public static bool IsPlain => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(byte* row, int k) =>
        HalfBits.HighToSingle(Vector256.ShiftLeft(Packed.Widen((ushort*)row + k), 16));

    public static int ElementBytes => sizeof(ushort);

    public static float* Read(float* scratch, byte* row, int columns)
    {
        TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(row, columns), new Span<float>(scratch, columns));
        return scratch;
    }
}

/// <summary>bfloat16 rows.</summary>
internal readonly unsafe struct BrainRows : IRowReader
{
    public static bool IsPlain => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(byte* row, int k) =>
        Vector256.ShiftLeft(Packed.Widen((ushort*)row + k), 16).AsSingle();

    public static int ElementBytes => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float* Read(float* scratch, byte* row, int columns)
    {
        int k = 0;
        for (; k + 8 <= columns; k += 8)
            Load(row, k).Store(scratch + k);
        for (; k < columns; k++)
            scratch[k] = HalfBits.BrainToSingle(Unsafe.ReadUnaligned<ushort>(row + (2L * k)));
        return scratch;
    }
}

/// <summary>Rows of an integer format: scale · q + minimum, the bits of the format's own definition.</summary>
internal readonly unsafe struct IntegerRows<TFormat> : IRowReader
    where TFormat : struct, IIntegerFormat
{
    public static bool IsPlain => false;

    public static Vector256<float> Load(byte* row, int k) => throw new DeviceException("A row of blocks is read whole.");

    public static int ElementBytes => throw new DeviceException("An element of a block has no bytes of its own.");

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float* Read(float* scratch, byte* row, int columns)
    {
        int parts = columns / 32, inBlock = TFormat.Elements / 32;
        float* scales = scratch + columns, minima = scales + (2 * parts), to = scratch;
        TFormat.ReadScales(scales, minima, row, parts);
        for (int p = 0; p < parts; row += TFormat.Bytes)
            for (int part = 0; part < inBlock; part++, p++, to += 32)
            {
                Vector256<byte> q = TFormat.Unpack(row, part);
                Vector256<float> minimum = TFormat.HasMinimum ? Vector256.Create(minima[p]) : default;
                Vector256<float> first = Vector256.Create(scales[TFormat.HasHalfScales ? 2 * p : p]);
                Vector256<float> second = TFormat.HasHalfScales ? Vector256.Create(scales[(2 * p) + 1]) : first;
                Store(to, q.GetLower(), first, minimum);
                Store(to + 16, q.GetUpper(), second, minimum);
            }
        return scratch;
    }

    // 16 values; scales change at multiples of 16 at most.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* to, Vector128<byte> q, Vector256<float> scale, Vector256<float> minimum)
    {
        Vector256<float> low = Packed.Singles(q, TFormat.IsSigned) * scale;
        Vector256<float> high = Packed.Singles(Packed.UpperHalf(q), TFormat.IsSigned) * scale;
        if (TFormat.HasMinimum)
        {
            low += minimum;
            high += minimum;
        }
        low.Store(to);
        high.Store(to + 8);
    }
}
