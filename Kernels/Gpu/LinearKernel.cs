using ILGPU;
using Managed.Kernels.Gpu.Experts;
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
        Finish(output, token, row, GroupReduction.Sum(sum.Sum(), shared), bias, row, hasBias);
    }

    /// <summary>Up to four tokens, `count` in all; the bits of each are those of <see cref="One"/>.</summary>
    public static void Four<TFormat>(RowsView output, RowsView input, WeightView weight, ArrayView<float> bias, int hasBias, int count)
        where TFormat : struct, IWeightFormat
    {
        int t0 = TokenTile * Grid.IdxY;
        int t1 = IntrinsicMath.Min(t0 + 1, count - 1), t2 = IntrinsicMath.Min(t0 + 2, count - 1), t3 = IntrinsicMath.Min(t0 + 3, count - 1);
        Sums sums = Multiply<TFormat>(input, t0, t1, t2, t3, weight, Grid.IdxX);
        Finish(output, t0, t1, t2, t3, sums, Grid.IdxX, bias, Grid.IdxX, hasBias);
    }

    /// <summary>
    /// Choices of experts, four of a tile; Grid.IdxY is the tile. output[i] = (the rows of weight that are its expert's) · input[i / Share], i a
    /// choice. The bits are those of <see cref="One"/>.
    /// </summary>
    /// <param name="output">// [choices, outputs]</param>
    /// <param name="input">// [choices / Share, columns]</param>
    /// <param name="weight">The experts' weights one below the other. // [experts · outputs, columns]</param>
    /// <param name="bias">Theirs. // [experts · outputs]</param>
    /// <param name="hasBias">Whether there is one.</param>
    /// <param name="tiles">The choices.</param>
    public static void FourOfExperts<TFormat>(RowsView output, RowsView input, WeightView weight, ArrayView<float> bias, int hasBias, ExpertTiles tiles)
        where TFormat : struct, IWeightFormat
    {
        ExpertTile tile = tiles.Tiles[Grid.IdxY];
        if (tile.Count == 0)
            return;
        int c0 = tiles.Choice(tile, 0), c1 = tiles.Choice(tile, 1), c2 = tiles.Choice(tile, 2), c3 = tiles.Choice(tile, 3);
        int row = (tile.Expert * output.Width) + Grid.IdxX;
        Sums sums = Multiply<TFormat>(input, c0 / tiles.Share, c1 / tiles.Share, c2 / tiles.Share, c3 / tiles.Share, weight, row);
        Finish(output, c0, c1, c2, c3, sums, Grid.IdxX, bias, row, hasBias);
    }

    private struct Sums
    {
        public Eight S0, S1, S2, S3;
    }

    private static Sums Multiply<TFormat>(RowsView input, int t0, int t1, int t2, int t3, WeightView weight, int row)
        where TFormat : struct, IWeightFormat
    {
        long x0 = input.Start(t0), x1 = input.Start(t1), x2 = input.Start(t2), x3 = input.Start(t3);
        Sums sums = default;
        int whole = weight.Columns >> 3, rest = weight.Columns & 7;
        for (int eight = Group.IdxX; eight < whole; eight += Group.DimX)
        {
            Eight w = TFormat.Read(weight, row, eight);
            sums.S0.MultiplyAdd(w, Eight.Load(input.Values, x0 + (8 * eight)));
            sums.S1.MultiplyAdd(w, Eight.Load(input.Values, x1 + (8 * eight)));
            sums.S2.MultiplyAdd(w, Eight.Load(input.Values, x2 + (8 * eight)));
            sums.S3.MultiplyAdd(w, Eight.Load(input.Values, x3 + (8 * eight)));
        }
        if (rest > 0 && Group.IdxX == whole % Group.DimX)
        {
            Eight w = TFormat.Read(weight, row, whole);
            sums.S0.MultiplyAdd(w, Eight.LoadFirst(input.Values, x0 + (8 * whole), rest));
            sums.S1.MultiplyAdd(w, Eight.LoadFirst(input.Values, x1 + (8 * whole), rest));
            sums.S2.MultiplyAdd(w, Eight.LoadFirst(input.Values, x2 + (8 * whole), rest));
            sums.S3.MultiplyAdd(w, Eight.LoadFirst(input.Values, x3 + (8 * whole), rest));
        }
        return sums;
    }

    private static void Finish(
        RowsView output, int t0, int t1, int t2, int t3, Sums sums, int row, ArrayView<float> bias, int biasRow, int hasBias)
    {
        ArrayView<float> shared = GroupReduction.Allocate();
        Finish(output, t0, row, GroupReduction.Sum(sums.S0.Sum(), shared), bias, biasRow, hasBias);
        Finish(output, t1, row, GroupReduction.Sum(sums.S1.Sum(), shared), bias, biasRow, hasBias);
        Finish(output, t2, row, GroupReduction.Sum(sums.S2.Sum(), shared), bias, biasRow, hasBias);
        Finish(output, t3, row, GroupReduction.Sum(sums.S3.Sum(), shared), bias, biasRow, hasBias);
    }

    // Past the last token, the last one's value is written again: it is the same.
    private static void Finish(RowsView output, int token, int row, float sum, ArrayView<float> bias, int biasRow, int hasBias)
    {
        if (Group.IdxX == 0)
            output[token, row] = hasBias != 0 ? sum + bias[biasRow] : sum;
    }
}
