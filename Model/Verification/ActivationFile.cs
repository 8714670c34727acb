using Managed.Loader;

namespace Managed.Verification;

/// <summary>Writes what a run read as safetensors: one tensor per hook point, named as the hook point, plus input_ids.</summary>
internal static class ActivationFile
{
    public static void Write(string path, int[] ids, IEnumerable<Activation> activations, string model, string precision)
    {
        long[] longs = [.. ids.Select(id => (long)id)];
        var tensors = new List<TensorToWrite> { TensorToWrite.From("input_ids", [longs.Length], longs) };
        foreach (Activation activation in activations)
            tensors.Add(TensorToWrite.From(activation.Name, [.. activation.Shape.Sizes.ToArray().Select(size => (long)size)], activation.Buffer));
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["model"] = model, ["precision"] = precision });
    }
}
