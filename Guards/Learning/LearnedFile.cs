using Managed.Loader;

namespace Managed.Guards.Learning;

/// <summary>Writes what was learned as safetensors, with what it was learned from as metadata.</summary>
internal static class LearnedFile
{
    private const string FormatKey = "format";

    /// <summary>What a file calls the model that it was learned from: its own name, without the folders that it lies in.</summary>
    public static string NameOf(LanguageModel model) => Path.GetFileName(Path.TrimEndingDirectorySeparator(model.Path));

    /// <summary>Directions, each under the name of its hook point; the form that `managed guard import` writes.</summary>
    public static void Write(string path, SteeringVectors vectors, string point)
    {
        var metadata = new Dictionary<string, string>(vectors.Notes) { [FormatKey] = "managed.steering_vectors" };
        SafetensorsWriter.Write(path, [.. vectors.Layers.Select(layer => TensorToWrite.From($"blocks.{layer}.{point}", [vectors.Width], vectors[layer]))], metadata);
    }

    /// <summary>Tensors under a common name: "NAME.weight", "NAME.bias".</summary>
    public static void Write(string path, IEnumerable<(string Name, int[] Shape, float[] Values)> tensors, IReadOnlyDictionary<string, string> notes)
    {
        var metadata = new Dictionary<string, string>(notes) { [FormatKey] = "managed.learned" };
        SafetensorsWriter.Write(path, [.. tensors.Select(tensor =>
            TensorToWrite.From(tensor.Name, [.. tensor.Shape.Select(size => (long)size)], tensor.Values))], metadata);
    }
}
