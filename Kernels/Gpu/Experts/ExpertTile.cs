using ILGPU;

namespace Managed.Kernels.Gpu.Experts;

/// <summary>Choices of one expert that are computed together: places begin … begin + count in the list of choices.</summary>
internal struct ExpertTile
{
    public int Expert, Begin, Count;
}

/// <summary>
/// A step's choices, sorted by expert, as kernels read them. Choice i belongs to token i / chosen; what an expert makes of it is row i of the
/// results, wherever it stands in the list.
/// </summary>
internal readonly struct ExpertTiles(ArrayView<ExpertTile> tiles, ArrayView<int> choices, int share)
{
    /// <summary>Tiles, some of them empty. // [choices / rows of a tile + experts]</summary>
    public readonly ArrayView<ExpertTile> Tiles = tiles;

    /// <summary>The choices expert by expert, in order within each. // [choices]</summary>
    public readonly ArrayView<int> Choices = choices;

    /// <summary>Choices that read the same row of the input: all of a token, or 1 where each has a row of its own.</summary>
    public readonly int Share = share;

    /// <summary>Tiles of a table, at most.</summary>
    public static int Count(int choices, int rowsOfTile, int experts) => (choices / rowsOfTile) + experts;

    /// <summary>Place `i` of a tile, or its last, as a choice.</summary>
    public int Choice(ExpertTile tile, int i) => Choices[tile.Begin + IntrinsicMath.Min(i, tile.Count - 1)];
}
