using ILGPU;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>Up to three products of one input that a launch computes, their tiles one after the other: queries, keys and values, say.</summary>
internal readonly struct ProductShape(int tokens, int columns, int firstOutputs, int secondOutputs, int thirdOutputs)
{
    /// <summary>Rows of the input that count.</summary>
    public readonly int Tokens = tokens;

    /// <summary>Columns of the input and of all weights.</summary>
    public readonly int Columns = columns;

    /// <summary>Rows of the weights; 0: there is none.</summary>
    public readonly int FirstOutputs = firstOutputs, SecondOutputs = secondOutputs, ThirdOutputs = thirdOutputs;

    /// <summary>Steps of <see cref="MatrixKernel.Depth"/> columns.</summary>
    public int Steps => (Columns + MatrixKernel.Depth - 1) / MatrixKernel.Depth;

    public int Outputs(int product) => product == 0 ? FirstOutputs : product == 1 ? SecondOutputs : ThirdOutputs;

    /// <summary>Tiles of all products.</summary>
    public int Tiles(int tileTokens, int tileOutputs)
    {
        int columns = Count(FirstOutputs, tileOutputs) + Count(SecondOutputs, tileOutputs) + Count(ThirdOutputs, tileOutputs);
        return Count(Tokens, tileTokens) * columns;
    }

    /// <summary>
    /// Where a tile lies: bands of rows of tiles, within a band column by column, so that the factors of tiles that are worked on at the
    /// same time are found in the cache.
    /// </summary>
    /// <returns>The product's number.</returns>
    public int Place(int tile, int tileTokens, int tileOutputs, int bandRows, out int firstToken, out int firstOutput)
    {
        int rows = Count(Tokens, tileTokens), first = rows * Count(FirstOutputs, tileOutputs), second = first + (rows * Count(SecondOutputs, tileOutputs));
        int product = tile < first ? 0 : tile < second ? 1 : 2;
        tile -= product == 0 ? 0 : product == 1 ? first : second;
        int columns = Count(Outputs(product), tileOutputs);
        int band = tile / (bandRows * columns), within = tile - (band * bandRows * columns), height = IntrinsicMath.Min(bandRows, rows - (band * bandRows));
        firstToken = tileTokens * ((band * bandRows) + (within % height));
        firstOutput = tileOutputs * (within / height);
        return product;
    }

    private static int Count(int size, int tile) => (size + tile - 1) / tile;
}
