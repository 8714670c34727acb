using System.Text.Json.Nodes;
using Managed.Architectures;
using Managed.Loader;

namespace Managed.Conversion;

/// <summary>The model's sizes and settings, from config.json to GGUF's keys and back.</summary>
internal static class ConfigConversion
{
    /// <summary>Sizes that every model has, in both languages.</summary>
    private static readonly (string HuggingFace, string Gguf, Func<Architecture, int> Of)[] s_sizes =
    [
        ("num_hidden_layers", "block_count", model => model.Layers.Length),
        ("max_position_embeddings", "context_length", model => model.ContextLength),
        ("hidden_size", "embedding_length", model => model.Width),
        ("intermediate_size", "feed_forward_length", model => model.Layers[0].Mlp.Width),
        ("num_attention_heads", "attention.head_count", model => model.Layers[0].Attention.Heads),
        ("num_key_value_heads", "attention.head_count_kv", model => model.Layers[0].Attention.KeyHeads),
        ("head_dim", "attention.key_length", model => model.Layers[0].Attention.KeyDimension),
        ("vocab_size", "vocab_size", model => model.VocabularySize),
    ];

    /// <summary>GGUF's keys; gives the divisors of a Llama 3 scaling where there is one.</summary>
    public static float[]? ToGguf(Checkpoint checkpoint, ConversionFamily family, ConversionSizes sizes, IDictionary<string, GgufValue> metadata)
    {
        string prefix = family.Architecture + ".";
        int dimension = sizes.Attention.KeyDimension;
        metadata["general.architecture"] = GgufValue.From(family.Architecture);
        metadata["general.type"] = GgufValue.From("model");
        metadata["general.name"] = GgufValue.From(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(checkpoint.Path))));
        foreach ((_, string gguf, Func<Architecture, int> of) in s_sizes)
            metadata[prefix + gguf] = GgufValue.From((uint)of(sizes.Architecture));
        metadata[prefix + "attention.value_length"] = GgufValue.From((uint)dimension);
        metadata[prefix + "rope.dimension_count"] = GgufValue.From((uint)dimension);
        metadata[prefix + "rope.freq_base"] = GgufValue.From((float)sizes.Theta);
        metadata[prefix + "attention.layer_norm_rms_epsilon"] = GgufValue.From(sizes.Architecture.FinalNorm.Epsilon);
        foreach ((string huggingFace, string gguf) in family.Factors)
            metadata[prefix + gguf] = GgufValue.From(checkpoint.Config.Real(huggingFace, 1));
        return RopeScaling.ToGguf(checkpoint.Config, sizes.Theta, dimension, prefix, metadata);
    }

    public static JsonObject ToHuggingFace(Checkpoint gguf, ConversionFamily family, ConversionSizes sizes, TensorType type)
    {
        var written = new JsonObject { ["architectures"] = new JsonArray(family.ClassName), ["model_type"] = family.ModelType };
        foreach ((string huggingFace, _, Func<Architecture, int> of) in s_sizes)
            written[huggingFace] = of(sizes.Architecture);
        written["hidden_act"] = "silu";
        written["rms_norm_eps"] = RopeScaling.Shortest(sizes.Architecture.FinalNorm.Epsilon);
        written["rope_theta"] = RopeScaling.Shortest((float)sizes.Theta);
        written["rope_scaling"] = RopeScaling.ToHuggingFace(gguf, sizes.Theta, sizes.Attention.KeyDimension);
        foreach ((string huggingFace, string key) in family.Factors)
            written[huggingFace] = RopeScaling.Shortest(gguf.Config.Real(key, 1));
        written["tie_word_embeddings"] = sizes.IsTied;
        written["attention_bias"] = gguf.Tensors.ContainsKey("blk.0.attn_q.bias");
        written["mlp_bias"] = gguf.Tensors.ContainsKey("blk.0.ffn_up.bias");
        if (family.PlainLayerInterval > 0)
            written["no_rope_layer_interval"] = family.PlainLayerInterval;
        // classes that have a window unless told otherwise
        written["sliding_window"] = null;
        written["torch_dtype"] = type switch { TensorType.F16 => "float16", TensorType.BF16 => "bfloat16", _ => "float32" };
        return written;
    }
}
