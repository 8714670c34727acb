using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary>
/// A weight matrix as kernels read it: the stored bits, sorted into planes of 32-bit words so that neighbouring threads read
/// neighbouring words. Rows are padded with zeros to 16 bytes.
/// </summary>
internal readonly struct WeightView(
    ArrayView<uint> quants, ArrayView<uint> high, ArrayView<uint> scales, int rows, int columns, int quantStride, int highStride, int scaleStride)
{
    /// <summary>
    /// The values themselves, or the low bits of the integers: eight columns follow each other. The eights of integers stand in the order
    /// of <see cref="Formats.WeightPlanes.NibbleWord"/> or <see cref="Formats.WeightPlanes.ByteWord"/>. // [rows, quantStride]
    /// </summary>
    public readonly ArrayView<uint> Quants = quants;

    /// <summary>Bits of the integers above the fourth. // [rows, highStride]</summary>
    public readonly ArrayView<uint> High = high;

    /// <summary>Scales and minima as the format stores them. // [rows, scaleStride]</summary>
    public readonly ArrayView<uint> Scales = scales;

    public readonly int Rows = rows, Columns = columns;

    /// <summary>Words from one row to the next.</summary>
    public readonly int QuantStride = quantStride, HighStride = highStride, ScaleStride = scaleStride;

    public uint Quant(int row, int word) => Quants[((long)row * QuantStride) + word];

    public uint HighWord(int row, int word) => High[((long)row * HighStride) + word];

    public uint ScaleWord(int row, int word) => Scales[((long)row * ScaleStride) + word];

    /// <summary>A 16-bit number of the scales' plane.</summary>
    public uint ScaleHalf(int row, int index) => (ScaleWord(row, index >> 1) >> ((index & 1) << 4)) & 0xFFFFu;

    /// <summary>A byte of the scales' plane.</summary>
    public uint ScaleByte(int row, int index) => (ScaleWord(row, index >> 2) >> ((index & 3) << 3)) & 0xFFu;
}
