using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Managed.Kernels.Gpu.Formats;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>Rows of float32 become rows of bfloat16, two to a word: what the tensor cores multiply.</summary>
internal static class BrainPacking
{
    /// <summary>Words of a packed row: whole pieces of eight columns, that is of 16 bytes.</summary>
    public static int Stride(int columns) => ((columns + 7) >> 3) << 2;

    /// <summary>Eight columns a thread, `pieces` in all; what lies past the row's end is zero.</summary>
    public static void Pack(ArrayView<Words> packed, RowsView rows, int piecesOfRow, int pieces)
    {
        int piece = (Grid.IdxX * Group.DimX) + Group.IdxX;
        if (piece >= pieces)
            return;
        int row = piece / piecesOfRow, eight = piece - (row * piecesOfRow), rest = rows.Width - (8 * eight);
        long at = rows.Start(row) + (8 * eight);
        Eight x = rest >= 8 ? LoadWhole(rows.Values, at) : Eight.LoadFirst(rows.Values, at, rest);
        packed[piece] = Round(x);
    }

    /// <summary>The same for the rows of a weight from `firstRow` on: what the format says the numbers are, rounded.</summary>
    public static void Unpack<TFormat>(ArrayView<Words> packed, WeightView weight, int firstRow, int piecesOfRow, int pieces)
        where TFormat : struct, IWeightFormat
    {
        int piece = (Grid.IdxX * Group.DimX) + Group.IdxX;
        if (piece >= pieces)
            return;
        int row = piece / piecesOfRow;
        packed[piece] = Round(TFormat.Read(weight, firstRow + row, piece - (row * piecesOfRow)));
    }

    private static Words Round(Eight x)
    {
        Words words;
        words.W0 = Pair(x.V0, x.V1);
        words.W1 = Pair(x.V2, x.V3);
        words.W2 = Pair(x.V4, x.V5);
        words.W3 = Pair(x.V6, x.V7);
        return words;
    }

    /// <summary>Two numbers rounded to the nearest bfloat16, ties to even; the first in the low half.</summary>
    public static uint Pair(float low, float high)
    {
        CudaAsm.Emit("cvt.rn.bf16x2.f32 %0, %1, %2;", out uint pair, high, low);
        return pair;
    }

    /// <summary>Eight numbers in two accesses where they lie at a multiple of 16 bytes.</summary>
    private static unsafe Eight LoadWhole(ArrayView<float> from, long at)
    {
        Input<long> first = (long)Unsafe.AsPointer(ref from[at]), second = (long)Unsafe.AsPointer(ref from[at + 4]);
        if ((first.Value & 15) != 0)
            return Eight.Load(from, at);
        Output<float> v0 = default, v1 = default, v2 = default, v3 = default, v4 = default, v5 = default, v6 = default, v7 = default;
        CudaAsm.EmitRef("ld.global.v4.f32 {%0, %1, %2, %3}, [%4];", ref v0, ref v1, ref v2, ref v3, ref first);
        CudaAsm.EmitRef("ld.global.v4.f32 {%0, %1, %2, %3}, [%4];", ref v4, ref v5, ref v6, ref v7, ref second);
        return new Eight
        {
            V0 = v0.Value,
            V1 = v1.Value,
            V2 = v2.Value,
            V3 = v3.Value,
            V4 = v4.Value,
            V5 = v5.Value,
            V6 = v6.Value,
            V7 = v7.Value,
        };
    }
}

/// <summary>16 bytes that are read and written at once.</summary>
internal struct Words
{
    public uint W0, W1, W2, W3;
}
