using Managed.Guards.Interchange;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Guards.Sae;

/// <summary>The files that hold an autoencoder's tensors, for <see cref="SaeTensors"/>; valid while the file is open.</summary>
internal static class SaeTensorFiles
{
    private static readonly TensorType[] s_floats = [TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.F64];

    public static SaeTensors Of(SafetensorsFile file)
    {
        StoredTensor? other = file.Tensors.Values.FirstOrDefault(tensor => !s_floats.Contains(tensor.Type));
        return other is null
            ? new SaeTensors(file.Path, file.Tensors.Values.ToDictionary(tensor => tensor.Name,
                tensor => (tensor.Shape, (long?)tensor.FileOffset, (Func<float[]>)(() => StoredValues.ToSingle(tensor)))))
            : throw new CheckpointException(file.Path, $"tensor {Utf8Text.Show(other.Name)}", other.FileOffset,
                $"type {TensorTypes.Of(other.Type).Name}", $"one of {string.Join(", ", s_floats)}");
    }

    public static SaeTensors Of(string path, NpzFile file)
    {
        var tensors = new Dictionary<string, (long[], long?, Func<float[]>)>();
        foreach (string name in file.Names)
        {
            NpyArray array = file.Array(name);
            tensors.Add(name, (Array.ConvertAll(array.Shape, size => (long)size), null, array.ToSingle));
        }
        return new SaeTensors(path, tensors);
    }
}
