using System.Runtime.InteropServices;
using Managed.Architectures;
using Managed.Kernels;
using Managed.Loader;

namespace Managed.Weights;

/// <summary>
/// gpt-oss's own layout of 4-bit weights: blocks [experts, outputs, inputs / 32, 16] of bytes, two neighbours in each, and
/// scales [experts, outputs, inputs / 32]. Becomes GGUF's MXFP4: the scale before its 16 bytes, elements i and i + 16 in each.
/// </summary>
internal static unsafe class PackedFp4
{
    private const int Inputs = 32, Bytes = 16;

    /// <summary>One expert's matrix; the memory belongs to the caller.</summary>
    public static WeightSource Repack(StoredTensor blocks, StoredTensor scales, TensorRef name, out nint memory)
    {
        if (blocks.Shape.Length != 4 || scales.Shape.Length != 3 || blocks.Shape[3] != Bytes
            || !blocks.Shape.AsSpan(0, 3).SequenceEqual(scales.Shape) || blocks.ByteCount != scales.ByteCount * Bytes)
            throw new CheckpointException(blocks.File, $"tensor {blocks.Name}", blocks.FileOffset,
                $"[{string.Join(", ", blocks.Shape)}] with scales [{string.Join(", ", scales.Shape)}]", "[experts, outputs, inputs / 32, 16] bytes with a scale for each last axis");
        int outputs = checked((int)blocks.Shape[1]), groups = checked((int)blocks.Shape[2]);
        int rows = name.Rows ?? ((outputs - name.FirstRow + name.RowStep - 1) / name.RowStep);
        byte* packed = (byte*)NativeMemory.Alloc((nuint)((long)rows * groups * (Bytes + 1)));
        memory = (nint)packed;
        for (int row = 0; row < rows; row++)
            for (int group = 0; group < groups; group++, packed += Bytes + 1)
            {
                long index = ((((name.Slice ?? 0) * (long)outputs) + name.FirstRow + (row * (long)name.RowStep)) * groups) + group;
                packed[0] = scales.Data[index];
                Interleave(packed + 1, blocks.Data + (index * Bytes));
            }
        return new WeightSource { Data = (byte*)memory, Type = WeightType.MXFP4, Rows = rows, Columns = groups * Inputs, OutputOrder = name.OutputOrder };
    }

    private static void Interleave(byte* to, byte* from)
    {
        int Nibble(int element) => (from[element / 2] >> (4 * (element & 1))) & 15;
        for (int i = 0; i < Bytes; i++)
            to[i] = (byte)(Nibble(i) | (Nibble(i + Bytes) << 4));
    }
}
