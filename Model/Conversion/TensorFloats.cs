using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Loader;

namespace Managed.Conversion;

/// <summary>Any stored tensor as float32, piece by piece, so that none need be in memory as a whole.</summary>
internal static unsafe class TensorFloats
{
    // a multiple of every block's elements
    private const int PieceElements = 1 << 16;

    /// <summary>All elements in stored order.</summary>
    public static void ForEachPiece(StoredTensor tensor, Action<ReadOnlySpan<float>> take)
    {
        var values = new float[Math.Min(PieceElements, tensor.ElementCount)];
        for (long at = 0; at < tensor.ElementCount; at += values.Length)
        {
            Span<float> piece = values.AsSpan(0, (int)Math.Min(values.Length, tensor.ElementCount - at));
            Read(tensor, at, piece);
            take(piece);
        }
    }

    /// <summary>As many elements as `values` holds, from element `start` on; both whole blocks.</summary>
    public static void Read(StoredTensor tensor, long start, Span<float> values)
    {
        TensorTypeInfo info = TensorTypes.Of(tensor.Type);
        if (info.IsPlain)
            PlainTypes.ToSingle(tensor, start, values);
        else
            BlockFormats.Dequantise((WeightType)(int)tensor.Type, values, tensor.Data + (start / info.BlockElements * info.BlockBytes));
    }
}
