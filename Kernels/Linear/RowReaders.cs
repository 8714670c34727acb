using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Managed.Kernels.Blocks;

namespace Managed.Kernels.Linear;

/// <summary>Gives a stored row of weights as float32.</summary>
internal unsafe interface IRowReader
{
    /// <summary>The row's values: in `scratch`, or where the row lies when it is float32 already.</summary>
    static abstract float* Read(float* scratch, byte* row, int columns);
}

/// <summary>float32 rows need no reading.</summary>
internal readonly unsafe struct SingleRows : IRowReader
{
    public static float* Read(float* scratch, byte* row, int columns) => (float*)row;
}

/// <summary>IEEE half rows.</summary>
internal readonly unsafe struct HalfRows : IRowReader
{
    public static float* Read(float* scratch, byte* row, int columns)
    {
        TensorPrimitives.ConvertToSingle(new ReadOnlySpan<Half>(row, columns), new Span<float>(scratch, columns));
        return scratch;
    }
}

/// <summary>bfloat16 rows.</summary>
internal readonly unsafe struct BrainRows : IRowReader
{
    public static float* Read(float* scratch, byte* row, int columns)
    {
        int i = 0;
        for (; i + 16 <= columns; i += 16)
        {
            (Vector256<uint> low, Vector256<uint> high) = Vector256.Widen(Vector256.Load((ushort*)row + i));
            Vector256.ShiftLeft(low, 16).AsSingle().Store(scratch + i);
            Vector256.ShiftLeft(high, 16).AsSingle().Store(scratch + i + 8);
        }
        for (; i < columns; i++)
            scratch[i] = HalfBits.BrainToSingle(Unsafe.ReadUnaligned<ushort>(row + (2L * i)));
        return scratch;
    }
}

/// <summary>Rows of an integer format: scale · q + minimum, the bits of the format's own definition.</summary>
internal readonly unsafe struct IntegerRows<TFormat> : IRowReader
    where TFormat : struct, IIntegerFormat
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float* Read(float* scratch, byte* row, int columns)
    {
        float* to = scratch, scales = stackalloc float[16], minima = stackalloc float[8];
        int parts = columns / 32, inBlock = TFormat.Elements / 32;
        for (int done = 0; done < parts; done += 8)
        {
            int count = Math.Min(8, parts - done);
            TFormat.ReadScales(scales, minima, row, count);
            for (int i = 0; i < count; i++, to += 32)
            {
                Vector256<byte> q = TFormat.Unpack(row + (i / inBlock * TFormat.Bytes), i % inBlock);
                (Vector256<short> low, Vector256<short> high) = TFormat.IsSigned
                    ? Vector256.Widen(q.AsSByte())
                    : (Vector256.WidenLower(q).AsInt16(), Vector256.WidenUpper(q).AsInt16());
                Store(to, low, TFormat.HasHalfScales ? scales[2 * i] : scales[i], minima[i]);
                Store(to + 16, high, TFormat.HasHalfScales ? scales[(2 * i) + 1] : scales[i], minima[i]);
            }
            row += 8 / inBlock * TFormat.Bytes;
        }
        return scratch;
    }

    // 16 values; scales change at multiples of 16 at most.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* to, Vector256<short> q, float scale, float minimum)
    {
        (Vector256<int> low, Vector256<int> high) = Vector256.Widen(q);
        Vector256<float> first = Vector256.ConvertToSingle(low) * scale, second = Vector256.ConvertToSingle(high) * scale;
        if (TFormat.HasMinimum)
        {
            first += Vector256.Create(minimum);
            second += Vector256.Create(minimum);
        }
        first.Store(to);
        second.Store(to + 8);
    }
}
