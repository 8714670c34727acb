using Managed.Kernels;
using Managed.Loader;

namespace Managed.Weights;

/// <summary>The numbers of a stored tensor, whatever its type.</summary>
internal static unsafe class StoredValues
{
    /// <summary>All elements as float32, in stored order.</summary>
    public static float[] ToSingle(StoredTensor tensor)
    {
        var values = new float[tensor.ElementCount];
        ToSingle(tensor, values);
        return values;
    }

    /// <summary>All elements as float32, in stored order.</summary>
    /// <exception cref="CheckpointException">The type has no numbers that float32 can hold.</exception>
    public static void ToSingle(StoredTensor tensor, Span<float> values)
    {
        if (StoredMatrix.TryWeightType(tensor.Type, out WeightType type))
            Kernels.Blocks.BlockFormats.Dequantise(type, values, tensor.Data);
        else
            PlainTypes.ToSingle(tensor, values);
    }

    /// <summary>All elements as integers (token ids).</summary>
    /// <exception cref="CheckpointException">The type is not I64 or I32.</exception>
    public static int[] ToIntegers(StoredTensor tensor)
    {
        var values = new int[tensor.ElementCount];
        for (int i = 0; i < values.Length; i++)
            values[i] = tensor.Type switch
            {
                TensorType.I64 => checked((int)System.Runtime.CompilerServices.Unsafe.ReadUnaligned<long>(tensor.Data + (8L * i))),
                TensorType.I32 => System.Runtime.CompilerServices.Unsafe.ReadUnaligned<int>(tensor.Data + (4L * i)),
                _ => throw new CheckpointException(tensor.File, $"tensor {tensor.Name}", tensor.FileOffset, $"type {tensor.Type}", "I64 or I32 token ids"),
            };
        return values;
    }
}
