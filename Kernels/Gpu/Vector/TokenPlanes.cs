using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>
/// Where the parts of up to eight tokens' activations lie, in the order in which the lanes of a warp hand them to the tensor cores. Lane 4n + c
/// takes what belongs to column n of the product: n = 2·(token mod 4) + part, part 0 the greater. Columns of a row are counted in spans of 256.
/// Tokens 0 … 3 come first, then 4 … 7. What lies past the last column up to a whole, even number of spans is zero.
/// </summary>
internal static class TokenPlanes
{
    /// <summary>Columns of a span.</summary>
    public const int SpanColumns = 256;

    /// <summary>Tokens that share one tile of the tensor cores' product, with two columns each.</summary>
    public const int TokensOfTile = 4;

    /// <summary>Quads of a span of four tokens: bfloat16 parts, 16 bytes a lane for 32 columns.</summary>
    public const int BrainSpan = 8 * 32;

    /// <summary>Quads of a span of four tokens: bytes, 16 a lane for 64 columns; and eight scales a token.</summary>
    public const int ByteSpan = (4 * 32) + 8;

    /// <summary>Spans of so many columns.</summary>
    public static int Spans(int columns) => (columns + SpanColumns - 1) / SpanColumns;

    /// <summary>Spans that hold values or zeros.</summary>
    public static int PaddedSpans(int columns) => (Spans(columns) + 1) & ~1;

    /// <summary>Quads for so many tokens, whatever the kind.</summary>
    public static long Quads(int columns, int tokens) => (long)((tokens + TokensOfTile - 1) / TokensOfTile) * PaddedSpans(columns) * BrainSpan;
}
