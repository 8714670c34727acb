using Managed.Loader;
using Managed.Weights;

namespace Managed.Guards.Interchange;

/// <summary>
/// Directions in safetensors: written as F32 `blocks.N.hook_resid_post` [width]; read also as `N` (a saved dict of layers),
/// `PREFIX.N`, or one tensor [layers, width].
/// </summary>
internal static class SafetensorsVectors
{
    private const string FormatKey = "format";
    private const string Format = "managed.steering_vectors";
    private static readonly TensorType[] s_floats = [TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.F64];

    public static SteeringVectors Read(string path, VectorReading reading)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        var found = new VectorCollector(path);
        (StoredTensor Tensor, long Layer)[] byLayer = [.. file.Tensors.Values
            .Select(tensor => (tensor, LayerName.Parse(tensor.Name, reading.Name))).Where(pair => pair.Item2 is not null).Select(pair => (pair.tensor, pair.Item2!.Value))];
        if (byLayer.Length == 0)
        {
            StoredTensor one = Only(path, file, reading.Name);
            NumpyVectors.AddRows(found, path, Field(one), one.FileOffset, Sizes(one), () => Values(path, one), reading.Layer);
        }
        foreach ((StoredTensor tensor, long layer) in byLayer)
            NumpyVectors.Add(found, path, Field(tensor), tensor.FileOffset, layer, Sizes(tensor), () => Values(path, tensor));
        bool others = byLayer.Length > 0 && byLayer.Length < file.Tensors.Count;
        found.Note("convention", $"tensors named by layer{(others ? $"; {file.Tensors.Count - byLayer.Length} other tensors were left alone" : "")}");
        if (file.Metadata.GetValueOrDefault(FormatKey) == Format)
            foreach ((string key, string text) in file.Metadata)
                if (key != FormatKey)
                    found.Note(key, text);
        return found.Finish($"tensors named by layer, such as {LayerName.Of(3)}");
    }

    public static IReadOnlyList<string> Write(string path, SteeringVectors vectors)
    {
        var metadata = new Dictionary<string, string> { [FormatKey] = Format };
        foreach ((string key, string text) in vectors.Notes)
            metadata.TryAdd(key == "convention" ? "origin" : key, text);
        SafetensorsWriter.Write(path, [.. vectors.Layers.Select(layer => TensorToWrite.From(LayerName.Of(layer), [vectors.Width], vectors[layer]))], metadata);
        return [];
    }

    private static StoredTensor Only(string path, SafetensorsFile file, string? asked)
    {
        string shown = string.Join(", ", file.Tensors.Keys.Take(8).Select(known => Utf8Text.Show(known)));
        if (asked is not null)
            return file.Tensors.GetValueOrDefault(asked)
                ?? throw new CheckpointException(path, $"tensor {Utf8Text.Show(asked)}", null, "no such tensor, nor tensors of that name and a layer", $"one of {shown}");
        return file.Tensors.Count == 1 ? file.Tensors.Values.First()
            : throw new CheckpointException(path, "tensors", null, file.Tensors.Count == 0 ? "none" : $"{file.Tensors.Count}: {shown}",
                $"tensors named by layer, such as {LayerName.Of(3)}, a single one, or the name of one to be given");
    }

    private static string Field(StoredTensor tensor) => $"tensor {Utf8Text.Show(tensor.Name)}";

    private static int[] Sizes(StoredTensor tensor) => Array.ConvertAll(tensor.Shape, size => (int)Math.Min(size, int.MaxValue));

    private static float[] Values(string path, StoredTensor tensor) => s_floats.Contains(tensor.Type) ? StoredValues.ToSingle(tensor)
        : throw new CheckpointException(path, Field(tensor), tensor.FileOffset, $"type {TensorTypes.Of(tensor.Type).Name}", $"one of {string.Join(", ", s_floats)}");
}
