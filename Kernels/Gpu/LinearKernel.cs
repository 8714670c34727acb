using ILGPU;
using Managed.Kernels.Gpu.Formats;

namespace Managed.Kernels.Gpu;

/// <summary>
/// output[t, o] = Σ_k w[o, k]·x[t, k] + bias[o], a group for each output and run of tokens. Thread i of the group adds the products of
/// columns 8i …, 8(i + threads) …, in eight sums; so an element's bits depend on its own row and on the group's size.
/// </summary>
internal static class LinearKernel
{
    /// <summary>Tokens that share one reading of the weights in <see cref="Four"/>.</summary>
    public const int TokenTile = 4;

    /// <summary>One token; Grid.IdxY is the token.</summary>
    public static void One<TFormat>(RowsView output, RowsView input, WeightView weight, ArrayView<float> bias, int hasBias)
        where TFormat : struct, IWeightFormat
    {
        ArrayView<float> shared = GroupReduction.Allocate();
        int row = Grid.IdxX, token = Grid.IdxY;
        long x = input.Start(token);
        Eight sum = default;
        int whole = weight.Columns >> 3, rest = weight.Columns & 7;
        for (int eight = Group.IdxX; eight < whole; eight += Group.DimX)
            sum.MultiplyAdd(TFormat.Read(weight, row, eight), Eight.Load(input.Values, x + (8 * eight)));
        if (rest > 0 && Group.IdxX == whole % Group.DimX)
            sum.MultiplyAdd(TFormat.Read(weight, row, whole), Eight.LoadFirst(input.Values, x + (8 * whole), rest));
        Finish(output, token, row, GroupReduction.Sum(sum.Sum(), shared), bias, hasBias);
    }

    /// <summary>Up to four tokens, `count` in all; the bits of each are those of <see cref="One"/>.</summary>
    public static void Four<TFormat>(RowsView output, RowsView input, WeightView weight, ArrayView<float> bias, int hasBias, int count)
        where TFormat : struct, IWeightFormat
    {
        ArrayView<float> shared = GroupReduction.Allocate();
        int row = Grid.IdxX, t0 = TokenTile * Grid.IdxY;
        int t1 = IntrinsicMath.Min(t0 + 1, count - 1), t2 = IntrinsicMath.Min(t0 + 2, count - 1), t3 = IntrinsicMath.Min(t0 + 3, count - 1);
        long x0 = input.Start(t0), x1 = input.Start(t1), x2 = input.Start(t2), x3 = input.Start(t3);
        Eight s0 = default, s1 = default, s2 = default, s3 = default;
        int whole = weight.Columns >> 3, rest = weight.Columns & 7;
        for (int eight = Group.IdxX; eight < whole; eight += Group.DimX)
        {
            Eight w = TFormat.Read(weight, row, eight);
            s0.MultiplyAdd(w, Eight.Load(input.Values, x0 + (8 * eight)));
            s1.MultiplyAdd(w, Eight.Load(input.Values, x1 + (8 * eight)));
            s2.MultiplyAdd(w, Eight.Load(input.Values, x2 + (8 * eight)));
            s3.MultiplyAdd(w, Eight.Load(input.Values, x3 + (8 * eight)));
        }
        if (rest > 0 && Group.IdxX == whole % Group.DimX)
        {
            Eight w = TFormat.Read(weight, row, whole);
            s0.MultiplyAdd(w, Eight.LoadFirst(input.Values, x0 + (8 * whole), rest));
            s1.MultiplyAdd(w, Eight.LoadFirst(input.Values, x1 + (8 * whole), rest));
            s2.MultiplyAdd(w, Eight.LoadFirst(input.Values, x2 + (8 * whole), rest));
            s3.MultiplyAdd(w, Eight.LoadFirst(input.Values, x3 + (8 * whole), rest));
        }
        Finish(output, t0, row, GroupReduction.Sum(s0.Sum(), shared), bias, hasBias);
        Finish(output, t1, row, GroupReduction.Sum(s1.Sum(), shared), bias, hasBias);
        Finish(output, t2, row, GroupReduction.Sum(s2.Sum(), shared), bias, hasBias);
        Finish(output, t3, row, GroupReduction.Sum(s3.Sum(), shared), bias, hasBias);
    }

    // Past the last token, the last one's value is written again: it is the same.
    private static void Finish(RowsView output, int token, int row, float sum, ArrayView<float> bias, int hasBias)
    {
        if (Group.IdxX == 0)
            output[token, row] = hasBias != 0 ? sum + bias[row] : sum;
    }
}
