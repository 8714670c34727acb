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
    /// <summary>q is a signed byte; else it lies in 0…127.</summary>
    static abstract bool IsSigned { get; }

    static abstract bool HasMinimum { get; }

    /// <summary>The 32 integers of a part in order, the scale of elements 4i…4i+3 in lane i, and the minimum.</summary>
    static abstract Vector256<byte> Unpack(byte* block, int part, out Vector256<float> scale, out float minimum);
}
