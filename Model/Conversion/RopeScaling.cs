using System.Text.Json.Nodes;
using Managed.Loader;

namespace Managed.Conversion;

/// <summary>Rotary scaling: config.json's section, GGUF's keys, and the tensor of divisors that Llama 3's scaling becomes.</summary>
internal static class RopeScaling
{
    /// <summary>The tensor of divisors, one for each pair of a head.</summary>
    public const string DivisorsName = "rope_freqs.weight";

    /// <summary>Llama 3's four parameters, since the divisors alone do not tell them; other readers pass the key over.</summary>
    private const string Llama3Key = "managed.rope.llama3";

    private static readonly string[] s_llama3 = ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"];

    /// <summary>Adds GGUF's keys; gives Llama 3's divisors where the model has them.</summary>
    public static float[]? ToGguf(ConfigSection config, double theta, int dimension, string prefix, IDictionary<string, GgufValue> metadata)
    {
        ConfigSection? section = config.Section("rope_scaling") ?? config.Section("rope_parameters");
        string type = section?.Text("rope_type|type", "default") ?? "default";
        switch (type)
        {
            case "default":
                return null;
            case "linear" or "yarn":
                metadata[prefix + "rope.scaling.type"] = GgufValue.From(type);
                metadata[prefix + "rope.scaling.factor"] = GgufValue.From(section!.Real("factor"));
                if (type == "linear")
                    return null;
                foreach (string key in new[] { "attention_factor", "mscale", "mscale_all_dim" })
                    if (section.Has(key))
                        throw section.Error(key, "a setting that GGUF has no key for", "yarn without it");
                metadata[prefix + "rope.scaling.original_context_length"] = GgufValue.From((uint)(section.Has("original_max_position_embeddings")
                    ? section.Integer("original_max_position_embeddings") : config.Integer("max_position_embeddings")));
                foreach (string key in new[] { "beta_fast", "beta_slow" })
                    if (section.Has(key))
                        metadata[prefix + "rope.scaling.yarn_" + key] = GgufValue.From(section.Real(key));
                return null;
            case "llama3":
                double[] parameters = [.. s_llama3.Select(key => section!.Number(key))];
                metadata[Llama3Key] = GgufValue.From(Array.ConvertAll(parameters, value => (float)value));
                return Divisors(parameters, theta, dimension);
            default:
                throw section!.Error("rope_type|type", $"\"{type}\"", "default, linear, yarn or llama3; the others cannot be converted");
        }
    }

    /// <summary>config.json's section; null where there is no scaling.</summary>
    public static JsonObject? ToHuggingFace(Checkpoint gguf, double theta, int dimension)
    {
        ConfigSection config = gguf.Config;
        string type = config.Text("rope.scaling.type", "none");
        bool divided = gguf.Tensors.TryGetValue(DivisorsName, out StoredTensor? divisors);
        if (divided)
            return Llama3(gguf, divisors!, theta, dimension);
        switch (type)
        {
            case "none":
                return null;
            case "linear" or "yarn":
                var section = new JsonObject { ["rope_type"] = type, ["factor"] = Shortest(config.Real("rope.scaling.factor")) };
                if (type == "linear")
                    return section;
                section["original_max_position_embeddings"] = config.Integer("rope.scaling.original_context_length");
                foreach (string key in new[] { "beta_fast", "beta_slow" })
                    if (config.Has("rope.scaling.yarn_" + key))
                        section[key] = Shortest(config.Real("rope.scaling.yarn_" + key));
                return section;
            default:
                throw config.Error("rope.scaling.type", $"\"{type}\"", "none, linear or yarn; the others cannot be converted");
        }
    }

    /// <summary>A float32 as the shortest decimal that reads back as the same.</summary>
    public static JsonNode Shortest(float value) => JsonNode.Parse(value.ToString("R", System.Globalization.CultureInfo.InvariantCulture))!;

    private static JsonObject Llama3(Checkpoint gguf, StoredTensor divisors, double theta, int dimension)
    {
        var stored = new float[divisors.ElementCount];
        TensorFloats.Read(divisors, 0, stored);
        // Files of other converters do not say the parameters; Llama 3's own differ only in the factor.
        double[] parameters = gguf.Gguf!.Metadata.TryGetValue(Llama3Key, out GgufValue? value) && value.AsNumbers() is { Length: 4 } known
            ? known : [stored.Length == 0 ? 1 : stored.Max(), 1, 4, 8192];
        float[] expected = Divisors(parameters, theta, dimension);
        if (stored.Length != expected.Length || stored.Zip(expected).Any(pair => Math.Abs(pair.First - pair.Second) > 1e-4 * Math.Abs(pair.Second)))
            throw new CheckpointException(gguf.Path, $"tensor {DivisorsName}", divisors.FileOffset, "divisors of another scaling than Llama 3's",
                "those of factor " + parameters[0] + ", low 1, high 4, original context 8192; these cannot be written into config.json");
        var section = new JsonObject { ["rope_type"] = "llama3" };
        for (int i = 0; i < s_llama3.Length; i++)
            section[s_llama3[i]] = i == 3 ? (long)parameters[i] : Shortest((float)parameters[i]);
        return section;
    }

    /// <summary>By how much Llama 3 divides each pair's frequency: long waves by the factor, short ones by 1, a ramp between.</summary>
    private static float[] Divisors(double[] parameters, double theta, int dimension)
    {
        (double factor, double low, double high, double original) = (parameters[0], parameters[1], parameters[2], parameters[3]);
        var divisors = new float[dimension / 2];
        for (int i = 0; i < divisors.Length; i++)
        {
            double wave = 2 * Math.PI * Math.Pow(theta, 2.0 * i / dimension), smooth = ((original / wave) - low) / (high - low);
            divisors[i] = wave < original / high ? 1 : wave > original / low ? (float)factor : (float)(1 / (((1 - smooth) / factor) + smooth));
        }
        return divisors;
    }
}
