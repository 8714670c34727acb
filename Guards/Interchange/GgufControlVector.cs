using System.Globalization;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Guards.Interchange;

/// <summary>
/// GGUF control vectors: architecture `controlvector`, a 1-D F32 tensor `direction.N` for each layer. llama.cpp adds direction.N to
/// the output of block N, and refuses a file that has direction.0.
/// </summary>
internal static class GgufControlVector
{
    private const string Architecture = "controlvector";
    private const string Prefix = Architecture + ".";
    private const string TensorPrefix = "direction";

    // What the keys of each writer look like, and at which block's output it measures direction.N: N + Shift.
    private static readonly Writer[] s_writers =
    [
        new("this project", gguf => gguf.ContainsKey(Prefix + "index_base"), 0, "the output of block N"),
        new("EasySteer (it has controlvector.method)", gguf => gguf.ContainsKey(Prefix + "method"), 0, "the output of block N, from 0 on"),
        new("llama.cpp's generator (its layer_count is an int32)",
            gguf => gguf.TryGetValue(Prefix + "layer_count", out GgufValue? count) && count.Type == GgufValueType.Int32, -1, "the output of block N−1"),
        new("repeng (its layer_count is no int32)", _ => true, 0, "the output of block N"),
    ];

    public static SteeringVectors Read(string path, VectorReading reading)
    {
        using GgufFile gguf = GgufFile.Open(path);
        CheckArchitecture(path, gguf.Metadata);
        Writer writer = s_writers.First(known => known.Wrote(gguf.Metadata));
        int shift = reading.Place == VectorPlace.Measured ? writer.Shift : 0;
        var found = new VectorCollector(path);
        found.Note("convention", $"GGUF by {writer.Name}: direction.N was measured at {writer.Measured}; "
            + $"taken as layer {(shift == 0 ? "N" : "N−1")}{(writer.Shift == 0 ? "" : shift == 0
                ? ", where llama.cpp adds it" : ", while llama.cpp adds it at the output of block N")}");
        ReadNotes(gguf.Metadata, found);
        foreach (StoredTensor tensor in gguf.Tensors.Values)
            found.Add(Number(path, tensor) + shift, $"tensor {Utf8Text.Show(tensor.Name)}", tensor.FileOffset, Values(path, tensor));
        return found.Finish($"tensors called {TensorPrefix}.N");
    }

    public static IReadOnlyList<string> Write(string path, SteeringVectors vectors)
    {
        int[] layers = [.. vectors.Layers.Where(layer => layer > 0)];
        if (layers.Length == 0)
            throw new GuardException($"{path}: found directions at the output of block 0 alone; llama.cpp adds none there, so expected one of a later block.");
        var metadata = new List<KeyValuePair<string, GgufValue>>
        {
            new("general.architecture", GgufValue.From(Architecture)),
            new(Prefix + "model_hint", GgufValue.From(vectors.Notes.GetValueOrDefault("model", "unknown"))),
            new(Prefix + "layer_count", GgufValue.From((uint)layers.Length)),
            new(Prefix + "index_base", GgufValue.From("block_output")),
            new(Prefix + "hook_name", GgufValue.From("blocks.N.hook_resid_post")),
            new(Prefix + "producer", GgufValue.From("managed")),
        };
        foreach ((string key, string text) in vectors.Notes)
            if (key is not ("model" or "convention") && metadata.TrueForAll(pair => pair.Key != Prefix + key))
                metadata.Add(new(Prefix + key, Typed(text)));
        GgufWriter.Write(path, metadata, [.. layers.Select(layer =>
            TensorToWrite.From($"{TensorPrefix}.{layer}", [vectors.Width], vectors[layer]))]);
        return layers.Length == vectors.Layers.Count ? []
            : ["the direction of layer 0 was left out: llama.cpp adds nothing at the output of block 0 and refuses files that have direction.0"];
    }

    private static void CheckArchitecture(string path, IReadOnlyDictionary<string, GgufValue> metadata)
    {
        if (!metadata.TryGetValue("general.architecture", out GgufValue? architecture))
            throw new CheckpointException(path, "general.architecture", null, "no such key", $"the string \"{Architecture}\"");
        if (architecture.AsText() != Architecture)
            throw new CheckpointException(path, "general.architecture", architecture.Offset, architecture.Describe(), $"the string \"{Architecture}\"");
    }

    private static void ReadNotes(IReadOnlyDictionary<string, GgufValue> metadata, VectorCollector found)
    {
        foreach ((string key, GgufValue value) in metadata)
            if (key.StartsWith(Prefix, StringComparison.Ordinal) && value.Type != GgufValueType.Array
                && key[Prefix.Length..] is not ("layer_count" or "index_base" or "hook_name") and { } name)
                found.Note(name == "model_hint" ? "model" : name, value.AsText() ?? value.Describe());
    }

    private static long Number(string path, StoredTensor tensor) =>
        LayerName.Parse(tensor.Name, TensorPrefix) ?? throw new CheckpointException(path, $"tensor {Utf8Text.Show(tensor.Name)}", tensor.FileOffset,
            "a name that is not of a direction", $"{TensorPrefix}.N with a number N");

    private static float[] Values(string path, StoredTensor tensor) => tensor is { Type: TensorType.F32, Shape: [_] } ? StoredValues.ToSingle(tensor)
        : throw new CheckpointException(path, $"tensor {Utf8Text.Show(tensor.Name)}", tensor.FileOffset,
            $"{tensor.Type} of shape [{string.Join(", ", tensor.Shape)}]", "F32 with one dimension");

    // Numbers stay numbers, as EasySteer has them.
    private static GgufValue Typed(string text) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float number) && float.IsFinite(number)
        && number.ToString(CultureInfo.InvariantCulture) == text ? GgufValue.From(number) : GgufValue.From(text);

    private sealed record Writer(string Name, Func<IReadOnlyDictionary<string, GgufValue>, bool> Wrote, int Shift, string Measured);
}
