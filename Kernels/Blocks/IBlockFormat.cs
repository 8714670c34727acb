using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Managed.Kernels.Blocks;

/// <summary>A storage format of weights: so many elements in so many bytes. Layouts: reference of GGUF's block types.</summary>
internal unsafe interface IBlockFormat
{
    static abstract int Elements { get; }

    static abstract int Bytes { get; }

    /// <summary>One block as float32, in the operations and the order that define the format; no fused multiply-add.</summary>
    static abstract void Dequantise(float* values, byte* block);
}

/// <summary>
/// A format whose weights are small integers times a scale, in parts of 32: w = scale · q + minimum.
/// Products with 8-bit activations are integer arithmetic.
/// </summary>
internal unsafe interface IIntegerFormat : IBlockFormat
{
    /// <summary>q is a signed byte; else it lies in 0…31, so that eight products with activations fit in 16 bits.</summary>
    static abstract bool IsSigned { get; }

    /// <summary>q lies in 0…15, so that 16 products with activations fit in 16 bits, and parts have one scale and a minimum.</summary>
    static virtual bool IsFourBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => false;
    }

    static abstract bool HasMinimum { get; }

    /// <summary>Each part has two scales, of 16 elements each; else one.</summary>
    static abstract bool HasHalfScales { get; }

    /// <summary>Scales (one or two a part) and, if there are any, minima of the first `parts` parts of a row.</summary>
    static abstract void ReadScales(float* scales, float* minima, byte* row, int parts);

    /// <summary>
    /// The same of 16 rows, so many bytes apart: scales[part, row] (two after each other for a part with half scales) and minima[part, row].
    /// False, and nothing is done, where there is no way but row by row. Asked for where registers have 512 bits, for whole blocks and at least four parts.
    /// </summary>
    static virtual bool TryReadTile(float* scales, float* minima, byte* rows, nint rowBytes, int parts) => false;

    /// <summary>
    /// Where in a block of one part lie 16 bytes whose low nibbles are the integers of columns 0…15 and whose high nibbles are the others; −1: not so.
    /// </summary>
    static virtual int NibblesAt
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => -1;
    }

    /// <summary>Where 32 bits lie that such integers have as their fifth; −1: none.</summary>
    static virtual int FifthBitsAt
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => -1;
    }

    /// <summary>The integers that such nibbles stand for; signed ones with 128 added.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static virtual Vector512<byte> FromNibbles(Vector512<byte> nibbles) => nibbles;

    /// <summary>
    /// Bytes that begin a block before its integers, of which these formats have 4 bits each, or a byte if they are signed: what a
    /// <see cref="Linear.PackedTile{TFormat}"/> can be made of. 0: it cannot.
    /// </summary>
    static virtual int HeaderBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 0;
    }

    /// <summary>Scales and minima of so many parts of 16 rows from their headers, of which those of all rows lie together: [blocks, words, rows]; words of four bytes or, where that does not go, two.</summary>
    static virtual void ReadHeaders(float* scales, float* minima, byte* headers, int parts) =>
        throw new DeviceException("Weights of this type are not packed.");

    /// <summary>Scales and minima of 16 rows' blocks from their headers, where a block is one part, and all of them are finite numbers; in registers.</summary>
    static virtual Vector512<float> ReadHeader(byte* headers, out Vector512<float> minima) =>
        throw new DeviceException("Headers of weights of this type are not read one by one.");

    /// <summary>The 32 integers of a part, in order.</summary>
    static abstract Vector256<byte> Unpack(byte* block, int part);

    /// <summary>The same part of two blocks, that of the first in the lower half; asked for where registers have 512 bits.</summary>
    static abstract Vector512<byte> UnpackTwo(byte* first, byte* second, int part);
}
