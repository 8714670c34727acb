namespace Managed.Kernels.Gpu.Vector;

/// <summary>
/// Where the parts of up to eight tokens' activations lie, in the order in which the lanes of a warp hand them to the tensor cores. Lane 4n + c
/// takes what belongs to column n of the product: n = 2·(token mod 4) + part, part 0 the greater. Tokens 0 … 3 come first, then 4 … 7. What
/// lies past the last column up to <see cref="PaddedColumns"/> is zero.
/// </summary>
internal static class TokenPlanes
{
    /// <summary>Tokens that share one tile of the tensor cores' product, with two columns each.</summary>
    public const int TokensOfTile = TileTokens.Most;

    /// <summary>Quads of 32 columns of a tile's tokens as bfloat16 parts: one for each lane that has a token.</summary>
    public static int BrainStep(int tokens) => 8 * tokens;

    /// <summary>
    /// Quads of 256 columns of a tile's tokens as bytes: one a lane for 64 columns; then for each token the scales of the eight blocks of 32,
    /// then for each token their sums.
    /// </summary>
    public static int ByteSpan(int tokens) => ByteSums(tokens) + (2 * tokens);

    /// <summary>Where the scales begin.</summary>
    public static int ByteScales(int tokens) => 32 * tokens;

    /// <summary>Where the sums begin.</summary>
    public static int ByteSums(int tokens) => ByteScales(tokens) + (2 * tokens);

    /// <summary>The columns that there is room for.</summary>
    public static int PaddedColumns(int columns) => (columns + 511) & ~511;

    /// <summary>Quads of four tokens, whatever the kind: from the first four to the rest.</summary>
    public static int TileQuads(int columns) => PaddedColumns(columns) / 32 * BrainStep(TokensOfTile);

    /// <summary>Quads for so many tokens.</summary>
    public static long Quads(int columns, int tokens) => (long)((tokens + TokensOfTile - 1) / TokensOfTile) * TileQuads(columns);
}

/// <summary><see cref="TokenPlanes.TokensOfTile"/>, for kernels that are compiled for it.</summary>
internal readonly struct TileTokens : IConstant
{
    public const int Most = 4;

    public static int Value => Most;
}
