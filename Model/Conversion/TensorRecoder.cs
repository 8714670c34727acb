using System.Globalization;
using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Loader;

namespace Managed.Conversion;

/// <summary>Writes stored tensors in another type and another order of rows, a row at a time.</summary>
internal static unsafe class TensorRecoder
{
    /// <summary>The tensor under a new name; rows come from `order` (row i is the source's row order[i]; null: as they are).</summary>
    public static TensorToWrite Recode(StoredTensor source, string name, TensorType type, int[]? order, CancellationToken cancellation) =>
        new(name, type, source.Shape, stream =>
        {
            int columns = checked((int)(source.Shape.Length == 0 ? 1 : source.Shape[^1]));
            // A vector whose elements are reordered is rows of one element.
            if (source.Shape.Length == 1 && order is not null)
                columns = 1;
            long rows = source.ElementCount / Math.Max(columns, 1), sourceRow = source.ByteCount / Math.Max(rows, 1);
            var values = new float[columns];
            var bytes = new byte[TensorTypes.ByteCount(type, [columns])];
            for (long row = 0; row < rows; row++)
            {
                cancellation.ThrowIfCancellationRequested();
                long from = order is null ? row : order[row];
                if (source.Type == type)
                {
                    stream.Write(new ReadOnlySpan<byte>(source.Data + (from * sourceRow), checked((int)sourceRow)));
                    continue;
                }
                TensorFloats.Read(source, from * columns, values);
                Check(source, type, values);
                BlockQuantisers.Quantise((WeightType)(int)type, values, bytes);
                stream.Write(bytes);
            }
        });

    /// <summary>The order that turns Hugging Face's rows of rotary heads into GGUF's, or back.</summary>
    public static int[] RotaryOrder(int heads, int dimension, bool toGguf)
    {
        var order = new int[heads * dimension];
        for (int row = 0; row < order.Length; row++)
        {
            int within = row % dimension, start = row - within;
            // GGUF's row 2i is row i of the head, its row 2i + 1 is row i + d/2
            order[row] = start + (toGguf ? (within / 2) + (within % 2 * (dimension / 2)) : (within % (dimension / 2) * 2) + (within / (dimension / 2)));
        }
        return order;
    }

    private static void Check(StoredTensor source, TensorType type, ReadOnlySpan<float> values)
    {
        float limit = type == TensorType.F16 ? (float)Half.MaxValue : type is TensorType.F32 or TensorType.BF16 ? float.PositiveInfinity : float.MaxValue;
        foreach (float value in values)
            if (Math.Abs(value) > limit || (float.IsNaN(value) && limit < float.PositiveInfinity))
                throw new CheckpointException(source.File, $"tensor {Utf8Text.Show(source.Name)}", source.FileOffset, value.ToString(CultureInfo.InvariantCulture),
                    $"numbers that fit {type}; --type F32 or BF16 keeps this one");
    }
}
