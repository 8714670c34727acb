using System.Text.RegularExpressions;
using Managed.Loader;

namespace Managed.Conversion;

/// <summary>Which of llama.cpp's reorderings a tensor's rows go through.</summary>
internal enum RowOrder
{
    Kept,
    Queries,
    Keys,
}

/// <summary>A family whose checkpoints can be converted: its names in both formats. Modules are Llama's; a family has some of them.</summary>
/// <param name="ModelType">`model_type` of config.json.</param>
/// <param name="Architecture">`general.architecture` of GGUF.</param>
/// <param name="ClassName">The class that config.json names.</param>
/// <param name="RotaryPermuted">GGUF pairs neighbouring rows of queries and keys, Hugging Face's layout those half a head apart.</param>
internal sealed partial record ConversionFamily(string ModelType, string Architecture, string ClassName, bool RotaryPermuted)
{
    private static readonly (string HuggingFace, string Gguf)[] s_outer =
        [("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output")];

    private static readonly (string HuggingFace, string Gguf)[] s_common =
    [
        ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"), ("self_attn.k_norm", "attn_k_norm"),
        ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
    ];

    private static readonly (string HuggingFace, string Gguf)[] s_normsBefore =
        [("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm")];

    private static readonly (string HuggingFace, string Gguf)[] s_normsAfter =
        [("post_attention_layernorm", "post_attention_norm"), ("post_feedforward_layernorm", "post_ffw_norm")];

    /// <summary>Where two model types share an architecture, GGUF becomes the first.</summary>
    public static IReadOnlyList<ConversionFamily> All { get; } =
    [
        new("llama", "llama", "LlamaForCausalLM", RotaryPermuted: true),
        new("mistral", "llama", "MistralForCausalLM", RotaryPermuted: true),
        new("smollm3", "smollm3", "SmolLM3ForCausalLM", RotaryPermuted: true) { PlainLayerInterval = 4 },
        new("granite", "granite", "GraniteForCausalLM", RotaryPermuted: true)
        {
            Factors = [("attention_multiplier", "attention.scale"), ("embedding_multiplier", "embedding_scale"), ("residual_multiplier", "residual_scale"), ("logits_scaling", "logit_scale")],
        },
        new("qwen2", "qwen2", "Qwen2ForCausalLM", RotaryPermuted: false),
        new("qwen3", "qwen3", "Qwen3ForCausalLM", RotaryPermuted: false),
        new("olmo2", "olmo2", "Olmo2ForCausalLM", RotaryPermuted: false) { Norms = s_normsAfter },
    ];

    /// <summary>Factors of the family's own, in both languages; 1 where a configuration leaves them out.</summary>
    public (string HuggingFace, string Gguf)[] Factors { get; private init; } = [];

    /// <summary>Each layer whose number is a multiple of it has no rotary embedding, which GGUF does not say; 0: all have it.</summary>
    public int PlainLayerInterval { get; private init; }

    private (string HuggingFace, string Gguf)[] Norms { get; init; } = s_normsBefore;

    public static ConversionFamily Of(Checkpoint checkpoint)
    {
        bool gguf = checkpoint.Format == CheckpointFormat.Gguf;
        return All.FirstOrDefault(family => (gguf ? family.Architecture : family.ModelType) == checkpoint.Family)
            ?? throw new CheckpointException(checkpoint.Config.File, gguf ? "general.architecture" : "model_type", null, $"the family {Utf8Text.Show(checkpoint.Family)}",
                $"one that can be converted: {string.Join(", ", All.Select(family => gguf ? family.Architecture : family.ModelType).Distinct())}");
    }

    /// <summary>The tensor's name in the other format and what happens to its rows; null where the family has no such tensor.</summary>
    public (string Name, RowOrder Order)? Translate(string name, bool toGguf)
    {
        if (!name.EndsWith(".weight", StringComparison.Ordinal) && !name.EndsWith(".bias", StringComparison.Ordinal))
            return null;
        int dot = name.LastIndexOf('.');
        string module = name[..dot], ending = name[dot..];
        Match block = (toGguf ? HuggingFaceBlock() : GgufBlock()).Match(module);
        if (!block.Success)
            return Find(s_outer, module, toGguf) is { } outer ? (outer + ending, RowOrder.Kept) : null;
        string inner = block.Groups[2].Value;
        if ((Find(s_common, inner, toGguf) ?? Find(Norms, inner, toGguf)) is not { } found)
            return null;
        string gguf = toGguf ? found : inner;
        RowOrder order = !RotaryPermuted ? RowOrder.Kept : gguf switch { "attn_q" => RowOrder.Queries, "attn_k" => RowOrder.Keys, _ => RowOrder.Kept };
        return ($"{(toGguf ? "blk" : "model.layers")}.{block.Groups[1].Value}.{found}{ending}", order);
    }

    private static string? Find((string HuggingFace, string Gguf)[] modules, string module, bool toGguf)
    {
        foreach ((string huggingFace, string gguf) in modules)
            if (module == (toGguf ? huggingFace : gguf))
                return toGguf ? gguf : huggingFace;
        return null;
    }

    [GeneratedRegex(@"^model\.layers\.([0-9]+)\.(.+)$", RegexOptions.CultureInvariant)]
    private static partial Regex HuggingFaceBlock();

    [GeneratedRegex(@"^blk\.([0-9]+)\.(.+)$", RegexOptions.CultureInvariant)]
    private static partial Regex GgufBlock();
}
