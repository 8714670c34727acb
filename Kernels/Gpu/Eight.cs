using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu;

/// <summary>
/// Eight neighbouring numbers in registers. Sums of products are kept as eight, too: element k of a row belongs to sum k mod 8,
/// as on the processor.
/// </summary>
internal struct Eight
{
    public float V0, V1, V2, V3, V4, V5, V6, V7;

    /// <summary>((0+4)+(2+6)) + ((1+5)+(3+7)), the order of <see cref="Linear.Lanes.Sum"/>.</summary>
    public readonly float Sum() => (V0 + V4 + (V2 + V6)) + (V1 + V5 + (V3 + V7));

    /// <summary>this + w·x in each place.</summary>
    public void MultiplyAdd(Eight w, Eight x)
    {
        V0 = Arithmetic.MultiplyAdd(x.V0, w.V0, V0);
        V1 = Arithmetic.MultiplyAdd(x.V1, w.V1, V1);
        V2 = Arithmetic.MultiplyAdd(x.V2, w.V2, V2);
        V3 = Arithmetic.MultiplyAdd(x.V3, w.V3, V3);
        V4 = Arithmetic.MultiplyAdd(x.V4, w.V4, V4);
        V5 = Arithmetic.MultiplyAdd(x.V5, w.V5, V5);
        V6 = Arithmetic.MultiplyAdd(x.V6, w.V6, V6);
        V7 = Arithmetic.MultiplyAdd(x.V7, w.V7, V7);
    }

    /// <summary>this + v·factor in each place.</summary>
    public void MultiplyAdd(Eight v, float factor)
    {
        V0 = Arithmetic.MultiplyAdd(v.V0, factor, V0);
        V1 = Arithmetic.MultiplyAdd(v.V1, factor, V1);
        V2 = Arithmetic.MultiplyAdd(v.V2, factor, V2);
        V3 = Arithmetic.MultiplyAdd(v.V3, factor, V3);
        V4 = Arithmetic.MultiplyAdd(v.V4, factor, V4);
        V5 = Arithmetic.MultiplyAdd(v.V5, factor, V5);
        V6 = Arithmetic.MultiplyAdd(v.V6, factor, V6);
        V7 = Arithmetic.MultiplyAdd(v.V7, factor, V7);
    }

    /// <summary>Writes the first `count`, all of them from eight on.</summary>
    public readonly void StoreFirst(ArrayView<float> to, long at, int count)
    {
        if (count > 0)
            to[at] = V0;
        if (count > 1)
            to[at + 1] = V1;
        if (count > 2)
            to[at + 2] = V2;
        if (count > 3)
            to[at + 3] = V3;
        if (count > 4)
            to[at + 4] = V4;
        if (count > 5)
            to[at + 5] = V5;
        if (count > 6)
            to[at + 6] = V6;
        if (count > 7)
            to[at + 7] = V7;
    }

    /// <summary>this + x in each place.</summary>
    public void Add(Eight x)
    {
        V0 += x.V0;
        V1 += x.V1;
        V2 += x.V2;
        V3 += x.V3;
        V4 += x.V4;
        V5 += x.V5;
        V6 += x.V6;
        V7 += x.V7;
    }

    /// <summary>this − y in the first `count` places.</summary>
    public void Subtract(float y, int count)
    {
        V0 -= count > 0 ? y : 0;
        V1 -= count > 1 ? y : 0;
        V2 -= count > 2 ? y : 0;
        V3 -= count > 3 ? y : 0;
        V4 -= count > 4 ? y : 0;
        V5 -= count > 5 ? y : 0;
        V6 -= count > 6 ? y : 0;
        V7 -= count > 7 ? y : 0;
    }

    /// <summary>Eight numbers that lie there.</summary>
    public static Eight Load(ArrayView<float> from, long at)
    {
        Eight x;
        x.V0 = from[at];
        x.V1 = from[at + 1];
        x.V2 = from[at + 2];
        x.V3 = from[at + 3];
        x.V4 = from[at + 4];
        x.V5 = from[at + 5];
        x.V6 = from[at + 6];
        x.V7 = from[at + 7];
        return x;
    }

    /// <summary>Eight numbers that lie there, at a multiple of four in a view that begins at a multiple of 16 bytes.</summary>
    public static Eight LoadAligned(ArrayView<float> from, long at)
    {
        ArrayView<Four> fours = from.AsAligned(Four.Bytes).Cast<Four>();
        Four low = fours[at >> 2], high = fours[(at >> 2) + 1];
        Eight x;
        x.V0 = low.X;
        x.V1 = low.Y;
        x.V2 = low.Z;
        x.V3 = low.W;
        x.V4 = high.X;
        x.V5 = high.Y;
        x.V6 = high.Z;
        x.V7 = high.W;
        return x;
    }

    /// <summary>Writes eight numbers to a multiple of four in a view that begins at a multiple of 16 bytes.</summary>
    public readonly void StoreAligned(ArrayView<float> to, long at)
    {
        ArrayView<Four> fours = to.AsAligned(Four.Bytes).Cast<Four>();
        Four low, high;
        low.X = V0;
        low.Y = V1;
        low.Z = V2;
        low.W = V3;
        high.X = V4;
        high.Y = V5;
        high.Z = V6;
        high.W = V7;
        fours[at >> 2] = low;
        fours[(at >> 2) + 1] = high;
    }

    /// <summary>The first `count` that lie there, all of them from eight on; zeros after them.</summary>
    public static Eight LoadFirst(ArrayView<float> from, long at, int count)
    {
        Eight x;
        x.V0 = count > 0 ? from[at] : 0;
        x.V1 = count > 1 ? from[at + 1] : 0;
        x.V2 = count > 2 ? from[at + 2] : 0;
        x.V3 = count > 3 ? from[at + 3] : 0;
        x.V4 = count > 4 ? from[at + 4] : 0;
        x.V5 = count > 5 ? from[at + 5] : 0;
        x.V6 = count > 6 ? from[at + 6] : 0;
        x.V7 = count > 7 ? from[at + 7] : 0;
        return x;
    }
}
