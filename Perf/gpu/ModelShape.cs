using System.Globalization;

namespace Managed.GpuPerf;

/// <summary>The sizes of a llama-shaped model, or of one with a mixture of experts in each block, shaped as Mixtral.</summary>
/// <param name="Name">As `--shapes` names it.</param>
/// <param name="Layers">Blocks.</param>
/// <param name="Width">Of the residual stream.</param>
/// <param name="MlpWidth">Inner width of the MLP, or of one expert.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyHeads">Key and value heads.</param>
/// <param name="HeadDimension">Of all of them.</param>
/// <param name="Vocabulary">Token ids.</param>
/// <param name="Context">Positions.</param>
/// <param name="Experts">Experts of a block; 0: a plain MLP.</param>
/// <param name="Chosen">Of which a token passes so many.</param>
internal sealed record ModelShape(
    string Name, int Layers, int Width, int MlpWidth, int Heads, int KeyHeads, int HeadDimension, int Vocabulary, int Context = 8192, int Experts = 0, int Chosen = 0)
{
    /// <summary>For tests: 32-wide blocks fit, and little else.</summary>
    public static readonly ModelShape Tiny = new("tiny", 2, 64, 96, 4, 2, 16, 160);

    /// <summary>The same with experts.</summary>
    public static readonly ModelShape TinyMixture = Tiny with { Name = "tiny-mixture", Experts = 6, Chosen = 2 };

    /// <summary>TinyLlama's sizes, Llama 3's of 8 billion weights, OLMoE's (7 billion, of which a token meets 1.3), and two for tests.</summary>
    public static readonly IReadOnlyList<ModelShape> All =
    [
        new("1.1b", 22, 2048, 5632, 32, 4, 64, 32000),
        new("8b", 32, 4096, 14336, 32, 8, 128, 128256),
        new("7b-a1b", 16, 2048, 1024, 16, 16, 128, 50304, Experts: 64, Chosen: 8),
        Tiny,
        TinyMixture,
    ];

    /// <summary>The shape of that name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static ModelShape Of(string name) => All.FirstOrDefault(shape => shape.Name == name)
        ?? throw new ArgumentException($"--shapes: found '{name}'; expected {string.Join(", ", All.Select(shape => shape.Name))}.");

    /// <summary>What a checkpoint of these sizes has as its config.json.</summary>
    public string Config() => string.Create(CultureInfo.InvariantCulture, $$"""
        {
          "model_type": "{{(Experts > 0 ? "mixtral" : "llama")}}", "num_local_experts": {{Experts}}, "num_experts_per_tok": {{Chosen}}, "hidden_size": {{Width}}, "intermediate_size": {{MlpWidth}}, "num_hidden_layers": {{Layers}},
          "num_attention_heads": {{Heads}}, "num_key_value_heads": {{KeyHeads}}, "head_dim": {{HeadDimension}}, "vocab_size": {{Vocabulary}},
          "max_position_embeddings": {{Context}}, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": false
        }
        """);

    /// <summary>Matrices [outputs, inputs] under their names in a checkpoint.</summary>
    public IEnumerable<(string Name, int Rows, int Columns)> Matrices()
    {
        yield return ("model.embed_tokens.weight", Vocabulary, Width);
        yield return ("lm_head.weight", Vocabulary, Width);
        for (int layer = 0; layer < Layers; layer++)
        {
            string block = string.Create(CultureInfo.InvariantCulture, $"model.layers.{layer}.");
            yield return (block + "self_attn.q_proj.weight", Heads * HeadDimension, Width);
            yield return (block + "self_attn.k_proj.weight", KeyHeads * HeadDimension, Width);
            yield return (block + "self_attn.v_proj.weight", KeyHeads * HeadDimension, Width);
            yield return (block + "self_attn.o_proj.weight", Width, Heads * HeadDimension);
            if (Experts > 0)
                yield return (block + "block_sparse_moe.gate.weight", Experts, Width);
            foreach ((string gate, string up, string down) in MlpNames())
            {
                yield return (block + gate, MlpWidth, Width);
                yield return (block + up, MlpWidth, Width);
                yield return (block + down, Width, MlpWidth);
            }
        }
    }

    private IEnumerable<(string Gate, string Up, string Down)> MlpNames()
    {
        if (Experts == 0)
            yield return ("mlp.gate_proj.weight", "mlp.up_proj.weight", "mlp.down_proj.weight");
        for (int expert = 0; expert < Experts; expert++)
        {
            string prefix = string.Create(CultureInfo.InvariantCulture, $"block_sparse_moe.experts.{expert}.");
            yield return (prefix + "w1.weight", prefix + "w3.weight", prefix + "w2.weight");
        }
    }

    /// <summary>Gains of norms, each [Width].</summary>
    public IEnumerable<string> Norms()
    {
        yield return "model.norm.weight";
        for (int layer = 0; layer < Layers; layer++)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"model.layers.{layer}.input_layernorm.weight");
            yield return string.Create(CultureInfo.InvariantCulture, $"model.layers.{layer}.post_attention_layernorm.weight");
        }
    }
}
