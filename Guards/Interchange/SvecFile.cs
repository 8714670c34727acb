using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Managed.Loader;

namespace Managed.Guards.Interchange;

/// <summary>
/// IBM activation-steering's `.svec`: {model_type, directions: {layer: [numbers]}, explained_variances: {layer: number}}. Direction i
/// is fitted to the output of block i, but that library adds it to the input of block i, which is the output of block i−1.
/// </summary>
internal static class SvecFile
{
    private const string Directions = "directions";
    private const string Variances = "explained_variances";
    private const string VarianceNote = "explained_variance.";

    public static SteeringVectors Read(string path, VectorReading reading)
    {
        JsonConfigSection root = JsonConfigSection.Open(path);
        if (root.Section(Directions) is not JsonConfigSection directions)
            throw root.Error(Directions, "no such key; it is mandatory", "an object of layers");
        int shift = reading.Place == VectorPlace.Measured ? 0 : -1;
        var found = new VectorCollector(path);
        found.Note("convention", ".svec: direction N was measured at the output of block N, and activation-steering adds it to the input of "
            + $"block N; taken as layer {(shift == 0 ? "N, where it was measured" : "N−1, whose output is that input")}");
        if (root.Has("model_type"))
            found.Note("model", root.Text("model_type"));
        foreach ((string key, JsonValue value) in directions.Members)
        {
            string field = $"{Directions}.{Utf8Text.Show(key)}";
            long layer = Layer(path, field, key, value) + shift;
            if (layer < 0)
            {
                found.Note("left_out", "direction 0: it would be added to the embedding, before the first block");
                continue;
            }
            double[] numbers = value.AsNumbers() ?? throw new CheckpointException(path, field, value.Offset, value.Describe(), "a list of finite numbers");
            found.Add(layer, field, value.Offset, Array.ConvertAll(numbers, number => (float)number));
        }
        if (root.Section(Variances) is JsonConfigSection variances)
            foreach ((string key, JsonValue value) in variances.Members)
                found.Note(VarianceNote + (Layer(path, $"{Variances}.{Utf8Text.Show(key)}", key, value) + shift).ToString(CultureInfo.InvariantCulture),
                    (value.AsNumber() ?? throw variances.Error(key, value.Describe(), "a finite number")).ToString(CultureInfo.InvariantCulture));
        return found.Finish("at least one layer under directions");
    }

    public static IReadOnlyList<string> Write(string path, SteeringVectors vectors, VectorPlace place)
    {
        int shift = place == VectorPlace.Measured ? 0 : 1;
        AtomicFile.Write(path, stream =>
        {
            using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            json.WriteStartObject();
            json.WriteString("model_type", vectors.Notes.GetValueOrDefault("model", "unknown"));
            json.WriteStartObject(Directions);
            foreach (int layer in vectors.Layers)
            {
                json.WriteStartArray((layer + shift).ToString(CultureInfo.InvariantCulture));
                foreach (float value in vectors[layer])
                    json.WriteNumberValue(value);
                json.WriteEndArray();
            }
            json.WriteEndObject();
            json.WriteStartObject(Variances); // its reader looks up every layer of directions
            foreach (int layer in vectors.Layers)
                json.WriteNumber((layer + shift).ToString(CultureInfo.InvariantCulture), Variance(vectors, layer));
            json.WriteEndObject();
            json.WriteEndObject();
        });
        return vectors.Layers.All(layer => vectors.Notes.ContainsKey($"{VarianceNote}{layer}")) ? []
            : ["the share of variance that a direction explains is not known for every layer; it is written as 0 there"];
    }

    private static double Variance(SteeringVectors vectors, int layer) =>
        vectors.Notes.TryGetValue($"{VarianceNote}{layer}", out string? text)
        && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double share) && double.IsFinite(share) ? share : 0;

    private static long Layer(string path, string field, string key, JsonValue value) =>
        LayerName.Number(key) ?? throw new CheckpointException(path, field, value.Offset, $"the key \"{Utf8Text.Show(key)}\"", "a layer's number");
}
