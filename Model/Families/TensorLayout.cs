using Managed.Architectures;

namespace Managed.Families;

/// <summary>
/// What a checkpoint calls the weights of its modules, and how it stores them. Names of modules are without ".weight" and ".bias";
/// those of a block stand behind <see cref="Layer"/>. The values are Hugging Face's names for Llama; families change what differs.
/// </summary>
internal sealed record TensorLayout
{
    public string Embedding { get; init; } = "model.embed_tokens";

    public string? EmbeddingNorm { get; init; }

    public string? PositionEmbedding { get; init; }

    public string FinalNorm { get; init; } = "model.norm";

    public string Head { get; init; } = "lm_head";

    /// <summary>The unembedding is the embedding.</summary>
    public bool Tied { get; init; }

    /// <summary>What stands before a block's modules; {0} is the block's index.</summary>
    public string Layer { get; init; } = "model.layers.{0}.";

    public string AttentionNorm { get; init; } = "input_layernorm";

    public string AttentionPostNorm { get; init; } = "post_attention_layernorm";

    public string MlpNorm { get; init; } = "post_attention_layernorm";

    public string MlpPostNorm { get; init; } = "post_feedforward_layernorm";

    public string Query { get; init; } = "self_attn.q_proj";

    public string Key { get; init; } = "self_attn.k_proj";

    public string Value { get; init; } = "self_attn.v_proj";

    /// <summary>One module for queries, keys and values; null: three.</summary>
    public string? QueryKeyValue { get; init; }

    /// <summary>In the fused module the rows of a key head and its query heads stand together: queries, key, value, next group.</summary>
    public bool FusedByGroup { get; init; }

    public string AttentionOutput { get; init; } = "self_attn.o_proj";

    public string QueryNorm { get; init; } = "self_attn.q_norm";

    public string KeyNorm { get; init; } = "self_attn.k_norm";

    /// <summary>Each head's norm is a module of its own: {0} is the head's index.</summary>
    public bool HeadNormPerHead { get; init; }

    /// <summary>Full name of the tensor of sinks.</summary>
    public string Sinks { get; init; } = "self_attn.sinks";

    public string QueryDown { get; init; } = "self_attn.q_a_proj";

    public string QueryLatentNorm { get; init; } = "self_attn.q_a_layernorm";

    public string QueryUp { get; init; } = "self_attn.q_b_proj";

    public string KeyValueDown { get; init; } = "self_attn.kv_a_proj_with_mqa";

    public string KeyValueLatentNorm { get; init; } = "self_attn.kv_a_layernorm";

    public string KeyValueUp { get; init; } = "self_attn.kv_b_proj";

    /// <summary>Keys' and values' parts of KeyValueUp as tensors of their own, [heads, rank, nope] and [heads, value, rank] (GGUF).</summary>
    public (string Key, string Value)? KeyValueUpSplit { get; init; }

    public string Gate { get; init; } = "mlp.gate_proj";

    public string Up { get; init; } = "mlp.up_proj";

    /// <summary>One module for gate and up, gate first; null: two.</summary>
    public string? GateUp { get; init; }

    public string Down { get; init; } = "mlp.down_proj";

    public string Router { get; init; } = "mlp.gate";

    /// <summary>Full name of the tensor that corrects the choice of experts.</summary>
    public string RouterCorrection { get; init; } = "mlp.gate.e_score_correction_bias";

    /// <summary>Where the experts are.</summary>
    public ExpertLayout Experts { get; init; } = ExpertLayout.Separate("mlp.experts.{0}.", "gate_proj", "up_proj", "down_proj");

    /// <summary>What stands before the shared expert's gate, up and down.</summary>
    public (string Gate, string Up, string Down) SharedExpert { get; init; } = ("mlp.shared_expert.gate_proj", "mlp.shared_expert.up_proj", "mlp.shared_expert.down_proj");

    public string SharedExpertGate { get; init; } = "mlp.shared_expert_gate";

    /// <summary>Weights of linear layers are stored [inputs, outputs] (GPT-2's Conv1D).</summary>
    public bool Transposed { get; init; }

    /// <summary>Rows of q and k stand in GGUF's rotary order: of each head first all pairs' first elements and second ones alternate.</summary>
    public bool RotaryPermuted { get; init; }

    /// <summary>Norms have neither gain nor bias (OLMo).</summary>
    public bool NormsWithoutParameters { get; init; }

    // Biases: null where the presence of the tensor decides.
    public bool? QueryKeyValueBias { get; init; } = false;

    public bool? AttentionOutputBias { get; init; } = false;

    /// <summary>Biases of the two down projections of latent attention.</summary>
    public bool? LatentBias { get; init; } = false;

    public bool? MlpBias { get; init; } = false;

    public bool? RouterBias { get; init; } = false;

    public bool? HeadBias { get; init; } = false;

    public bool? NormBias { get; init; } = false;

    public bool? HeadNormBias { get; init; } = false;
}

/// <summary>How a layer's experts are stored.</summary>
/// <param name="Of">From what stands before a block's modules and the expert's index to its matrices.</param>
internal sealed record ExpertLayout(Func<FamilySource, string, int, MlpRef> Of)
{
    /// <summary>Every expert has modules of its own; {0} in the path is its index.</summary>
    public static ExpertLayout Separate(string path, string gate, string up, string down) => new((_, block, expert) =>
    {
        string before = block + string.Format(System.Globalization.CultureInfo.InvariantCulture, path, expert);
        LinearRef Linear(string module) => new(new TensorRef(before + module + ".weight"));
        return new MlpRef(Linear(gate), Linear(up), Linear(down));
    });

    /// <summary>All experts' matrices in three tensors [experts, outputs, inputs].</summary>
    public static ExpertLayout Stacked(string gate, string up, string down) => new((source, block, expert) =>
    {
        LinearRef Linear(string module)
        {
            string bias = block + module + ".bias";
            return new(new TensorRef(block + module + ".weight") { Slice = expert }, source.HasTensor(bias) ? new TensorRef(bias) { Slice = expert } : null);
        }
        return new MlpRef(Linear(gate), Linear(up), Linear(down));
    });

    /// <summary>Gate and up in one tensor [experts, 2·inner, inputs], gate first.</summary>
    public static ExpertLayout StackedGateUp(string gateUp, string down, int inner) => new((_, block, expert) => new MlpRef(
        new LinearRef(new TensorRef(block + gateUp) { Slice = expert, Rows = inner }),
        new LinearRef(new TensorRef(block + gateUp) { Slice = expert, FirstRow = inner, Rows = inner }),
        new LinearRef(new TensorRef(block + down) { Slice = expert })));
}
