using System.Runtime.CompilerServices;
using Managed.Loader;

namespace Managed.Weights;

/// <summary>The numbers of a stored tensor, whatever its type.</summary>
internal static unsafe class StoredValues
{
    /// <summary>All elements as float32, in stored order.</summary>
    public static float[] ToSingle(StoredTensor tensor)
    {
        var values = new float[tensor.ElementCount];
        for (int i = 0; i < values.Length; i++)
            values[i] = tensor.Type switch
            {
                TensorType.F32 => Unsafe.ReadUnaligned<float>(tensor.Data + (4L * i)),
                TensorType.F16 => (float)Unsafe.ReadUnaligned<Half>(tensor.Data + (2L * i)),
                TensorType.BF16 => BitConverter.UInt32BitsToSingle((uint)Unsafe.ReadUnaligned<ushort>(tensor.Data + (2L * i)) << 16),
                TensorType.F64 => (float)Unsafe.ReadUnaligned<double>(tensor.Data + (8L * i)),
                _ => throw new CheckpointException(tensor.File, $"tensor {tensor.Name}", tensor.FileOffset, $"type {tensor.Type}", "a floating-point type"),
            };
        return values;
    }
}
