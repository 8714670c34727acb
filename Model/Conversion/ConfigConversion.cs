using System.Text.Json.Nodes;
using Managed.Loader;

namespace Managed.Conversion;

/// <summary>The model's sizes and settings, from config.json to GGUF's keys and back.</summary>
internal static class ConfigConversion
{
    /// <summary>Keys whose name is all that differs: integers that every model has.</summary>
    private static readonly (string HuggingFace, string Gguf)[] s_counts =
    [
        ("num_hidden_layers", "block_count"), ("max_position_embeddings", "context_length"), ("hidden_size", "embedding_length"),
        ("intermediate_size", "feed_forward_length"), ("num_attention_heads", "attention.head_count"),
    ];

    /// <summary>Every fourth layer of SmolLM3 has no rotary embedding; GGUF has no key for it.</summary>
    private const int PlainLayerInterval = 4;

    /// <summary>Heads, their dimension and the base of the rotary embedding: what both directions need.</summary>
    internal readonly record struct Sizes(int Heads, int KeyHeads, int HeadDimension, double Theta);

    public static Sizes Read(Checkpoint checkpoint)
    {
        ConfigSection config = checkpoint.Config;
        bool gguf = checkpoint.Format == CheckpointFormat.Gguf;
        int heads = config.Count(gguf ? "attention.head_count" : "num_attention_heads", null, 1);
        int width = config.Count(gguf ? "embedding_length" : "hidden_size", null, 1);
        return new Sizes(heads, config.Count(gguf ? "attention.head_count_kv" : "num_key_value_heads", heads, 1),
            config.Count(gguf ? "attention.key_length" : "head_dim", width / heads, 2),
            gguf ? config.Number("rope.freq_base", 10000) : config.Section("rope_parameters") is { } rope && rope.Has("rope_theta") ? rope.Number("rope_theta") : config.Number("rope_theta", 10000));
    }

    /// <summary>GGUF's keys; gives the divisors of a Llama 3 scaling where there is one.</summary>
    public static float[]? ToGguf(Checkpoint checkpoint, ConversionFamily family, Sizes sizes, IDictionary<string, GgufValue> metadata)
    {
        ConfigSection config = checkpoint.Config;
        RefuseWhatGgufCannotSay(config, family);
        string prefix = family.Architecture + ".";
        metadata["general.architecture"] = GgufValue.From(family.Architecture);
        metadata["general.type"] = GgufValue.From("model");
        metadata["general.name"] = GgufValue.From(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(checkpoint.Path))));
        foreach ((string huggingFace, string gguf) in s_counts)
            metadata[prefix + gguf] = GgufValue.From((uint)config.Count(huggingFace, null, 1));
        metadata[prefix + "attention.head_count_kv"] = GgufValue.From((uint)sizes.KeyHeads);
        metadata[prefix + "attention.key_length"] = GgufValue.From((uint)sizes.HeadDimension);
        metadata[prefix + "attention.value_length"] = GgufValue.From((uint)sizes.HeadDimension);
        metadata[prefix + "attention.layer_norm_rms_epsilon"] = GgufValue.From(config.Real("rms_norm_eps", 1e-6));
        metadata[prefix + "rope.freq_base"] = GgufValue.From((float)sizes.Theta);
        metadata[prefix + "rope.dimension_count"] = GgufValue.From((uint)sizes.HeadDimension);
        metadata[prefix + "vocab_size"] = GgufValue.From((uint)config.Count("vocab_size", null, 1));
        return RopeScaling.ToGguf(config, sizes.Theta, sizes.HeadDimension, prefix, metadata);
    }

    public static JsonObject ToHuggingFace(Checkpoint gguf, ConversionFamily family, Sizes sizes, TensorType type)
    {
        ConfigSection config = gguf.Config;
        if (config.Integer("attention.value_length", sizes.HeadDimension) != sizes.HeadDimension || config.Integer("rope.dimension_count", sizes.HeadDimension) != sizes.HeadDimension)
            throw config.Error("attention.value_length|rope.dimension_count", "another size than attention.key_length", "one size for keys, values and the rotary part");
        if (config.Integer("attention.sliding_window", 0) != 0)
            throw config.Error("attention.sliding_window", "a window", "attention to everything; windows cannot be converted");
        var written = new JsonObject { ["architectures"] = new JsonArray(family.ClassName), ["model_type"] = family.ModelType };
        foreach ((string huggingFace, string key) in s_counts)
            written[huggingFace] = config.Integer(key);
        written["num_key_value_heads"] = sizes.KeyHeads;
        written["head_dim"] = sizes.HeadDimension;
        written["hidden_act"] = "silu";
        written["rms_norm_eps"] = RopeScaling.Shortest(config.Real("attention.layer_norm_rms_epsilon"));
        written["rope_theta"] = RopeScaling.Shortest((float)sizes.Theta);
        written["rope_scaling"] = RopeScaling.ToHuggingFace(gguf, sizes.Theta, sizes.HeadDimension);
        written["vocab_size"] = gguf.Tensor("token_embd.weight").Shape[0];
        written["tie_word_embeddings"] = !gguf.Tensors.ContainsKey("output.weight");
        written["attention_bias"] = gguf.Tensors.ContainsKey("blk.0.attn_q.bias");
        written["mlp_bias"] = gguf.Tensors.ContainsKey("blk.0.ffn_up.bias");
        if (family.ModelType == "smollm3")
            written["no_rope_layer_interval"] = PlainLayerInterval;
        if (family.ModelType is "qwen2" or "mistral")
            written["sliding_window"] = null;
        written["torch_dtype"] = type switch { TensorType.F16 => "float16", TensorType.BF16 => "bfloat16", _ => "float32" };
        return written;
    }

    private static void RefuseWhatGgufCannotSay(ConfigSection config, ConversionFamily family)
    {
        if (config.Section("quantization_config") is { } packed)
            throw packed.Error("quant_method", "packed weights", "plain ones");
        if (config.Text("hidden_act", "silu") != "silu")
            throw config.Error("hidden_act", $"\"{config.Text("hidden_act")}\"", "silu, which GGUF takes for granted");
        bool windows = family.ModelType == "qwen2" || family.ModelType == "qwen3" ? config.Flag("use_sliding_window", false) : config.Has("sliding_window");
        if (windows && config.Has("sliding_window") && config.Integer("sliding_window") < config.Integer("max_position_embeddings"))
            throw config.Error("sliding_window", "a window shorter than the context", "none; readers of GGUF ignore windows of this family and would compute something else");
        if (config.Texts("layer_types") is { } types && types.Any(type => type != "full_attention"))
            throw config.Error("layer_types", $"\"{types.First(type => type != "full_attention")}\"", "full_attention everywhere");
        if (family.ModelType != "smollm3")
            return;
        long[]? plain = config.Integers("no_rope_layers");
        bool usual = plain is null ? config.Integer("no_rope_layer_interval", PlainLayerInterval) == PlainLayerInterval
            : plain.Select((rotary, layer) => (rotary != 0) == ((layer + 1) % PlainLayerInterval != 0)).All(same => same);
        if (!usual)
            throw config.Error("no_rope_layers|no_rope_layer_interval", "another choice", $"every {PlainLayerInterval}th layer without rotary embedding, which GGUF takes for granted");
    }
}
