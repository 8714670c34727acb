using Managed.Kernels.Gpu.Experts;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>Which rows of the input a tile multiplies, and where their results go. The tile's rows are First … End − 1.</summary>
internal interface ITileRows
{
    int First { get; }

    /// <summary>Behind the last row there is; a tile may have fewer.</summary>
    int End { get; }

    /// <summary>The row from which <see cref="Input"/> counts.</summary>
    int FirstInput { get; }

    /// <summary>Row First + i of the input, i below End − First.</summary>
    int Input(int i);

    /// <summary>Row `row` of the output.</summary>
    int Output(int row);
}

/// <summary>Neighbouring tokens.</summary>
internal readonly struct TokenRows(int first, int tokens) : ITileRows
{
    private readonly int first = first, tokens = tokens;

    public int First => first;

    public int End => tokens;

    public int FirstInput => first;

    public int Input(int i) => i;

    public int Output(int row) => row;
}

/// <summary>Choices of one expert.</summary>
internal readonly struct ExpertRows(ExpertTiles tiles, ExpertTile tile) : ITileRows
{
    private readonly ExpertTiles tiles = tiles;
    private readonly ExpertTile tile = tile;

    public int First => 0;

    public int End => tile.Count;

    public int FirstInput => 0;

    public int Input(int i) => tiles.Choice(tile, i) / tiles.Share;

    public int Output(int row) => tiles.Choice(tile, row);
}
