using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>The scales of 256 columns of a row; as <see cref="Formats.IScales"/> defines them.</summary>
internal interface ITileScales
{
    static abstract int Quads { get; }

    /// <summary>Whether a scale is for 16 columns; else for 32.</summary>
    static abstract bool HalvesOfBlocks { get; }

    static abstract bool HasMinimum { get; }

    static abstract Quad Read(VectorProjection matrix, long row, int span, int i);

    static abstract float Scale(ArrayView<Quad> scales, int first, int part);

    static abstract float Minimum(ArrayView<Quad> scales, int first, int block);
}

/// <summary>What the scales' readers share.</summary>
internal static class TileScales
{
    public static float Low(uint pair) => (float)BitConverter.UInt16BitsToHalf((ushort)(pair & 0xFFFFu));

    public static float High(uint pair) => (float)BitConverter.UInt16BitsToHalf((ushort)(pair >> 16));

    public static Quad Read(VectorProjection matrix, long row, int quad) =>
        matrix.Scales[(row * matrix.ScaleStride) + IntrinsicMath.Min(quad, matrix.ScaleStride - 1)];
}

/// <inheritdoc cref="Formats.HalfScale"/>
internal readonly struct TileHalfScales : ITileScales
{
    public static int Quads => 1;

    public static bool HalvesOfBlocks => false;

    public static bool HasMinimum => false;

    public static Quad Read(VectorProjection matrix, long row, int span, int i) => TileScales.Read(matrix, row, span);

    public static float Scale(ArrayView<Quad> scales, int first, int part)
    {
        uint pair = scales[first].Word(part >> 1);
        return (part & 1) == 0 ? TileScales.Low(pair) : TileScales.High(pair);
    }

    public static float Minimum(ArrayView<Quad> scales, int first, int block) => 0;
}

/// <inheritdoc cref="Formats.HalfScaleAndMinimum"/>
internal readonly struct TileHalfScalesAndMinima : ITileScales
{
    public static int Quads => 2;

    public static bool HalvesOfBlocks => false;

    public static bool HasMinimum => true;

    public static Quad Read(VectorProjection matrix, long row, int span, int i) => TileScales.Read(matrix, row, (2 * span) + i);

    public static float Scale(ArrayView<Quad> scales, int first, int part) => TileScales.Low(scales[first + (part >> 2)].Word(part & 3));

    public static float Minimum(ArrayView<Quad> scales, int first, int block) => TileScales.High(scales[first + (block >> 2)].Word(block & 3));
}

/// <inheritdoc cref="Formats.PowerScale"/>
internal readonly struct TilePowers : ITileScales
{
    public static int Quads => 1;

    public static bool HalvesOfBlocks => false;

    public static bool HasMinimum => false;

    // Two words, the half of a quad.
    public static Quad Read(VectorProjection matrix, long row, int span, int i)
    {
        Quad quad = TileScales.Read(matrix, row, span >> 1);
        if ((span & 1) != 0)
            (quad.X, quad.Y) = (quad.Z, quad.W);
        return quad;
    }

    public static float Scale(ArrayView<Quad> scales, int first, int part)
    {
        uint e = (scales[first].Word(part >> 2) >> (8 * (part & 3))) & 0xFFu;
        return Interop.IntAsFloat(e < 2 ? 0x00200000u << (int)e : (e - 1) << 23);
    }

    public static float Minimum(ArrayView<Quad> scales, int first, int block) => 0;
}

/// <inheritdoc cref="Formats.SixBitScales"/>
internal readonly struct TileSixBitScales : ITileScales
{
    public static int Quads => 1;

    public static bool HalvesOfBlocks => false;

    public static bool HasMinimum => true;

    public static Quad Read(VectorProjection matrix, long row, int span, int i) => TileScales.Read(matrix, row, span);

    public static float Scale(ArrayView<Quad> scales, int first, int part)
    {
        Quad quad = scales[first];
        int shift = 8 * (part & 3);
        uint low = quad.Y >> shift, last = quad.W >> shift;
        return TileScales.Low(quad.X) * (int)(part < 4 ? low & 63u : (last & 15u) | (((low >> 6) & 3u) << 4));
    }

    public static float Minimum(ArrayView<Quad> scales, int first, int block)
    {
        Quad quad = scales[first];
        int shift = 8 * (block & 3);
        uint low = quad.Z >> shift, last = quad.W >> shift;
        return -(TileScales.High(quad.X) * (int)(block < 4 ? low & 63u : ((last >> 4) & 15u) | (((low >> 6) & 3u) << 4)));
    }
}

/// <inheritdoc cref="Formats.ByteScales"/>
internal readonly struct TileByteScales : ITileScales
{
    public static int Quads => 2;

    public static bool HalvesOfBlocks => true;

    public static bool HasMinimum => false;

    // Five words: no multiple of 16 bytes.
    public static Quad Read(VectorProjection matrix, long row, int span, int i)
    {
        ArrayView<uint> words = matrix.Scales.Cast<uint>();
        long at = (row * matrix.ScaleStride * 4) + (5 * span);
        Quad quad = default;
        if (i == 0)
        {
            quad.X = words[at];
            quad.Y = words[at + 1];
            quad.Z = words[at + 2];
            quad.W = words[at + 3];
        }
        else
        {
            quad.X = words[at + 4];
        }
        return quad;
    }

    public static float Scale(ArrayView<Quad> scales, int first, int part) =>
        TileScales.Low(scales[first + 1].X) * ((int)(scales[first].Word(part >> 2) << (24 - (8 * (part & 3)))) >> 24);

    public static float Minimum(ArrayView<Quad> scales, int first, int block) => 0;
}
