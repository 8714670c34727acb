namespace Managed.Families;

/// <summary>What config.json calls the sizes that all families have. '|' separates names of different generations.</summary>
internal sealed record KeyNames
{
    public static KeyNames Llama { get; } = new();

    public static KeyNames Gpt2 { get; } = new()
    {
        Layers = "n_layer|num_hidden_layers",
        Width = "n_embd|hidden_size",
        Heads = "n_head|num_attention_heads",
        Inner = "n_inner",
        Context = "n_positions|n_ctx|max_position_embeddings",
        Epsilon = "layer_norm_epsilon",
        Activation = "activation_function",
    };

    public string Layers { get; init; } = "num_hidden_layers";

    public string Width { get; init; } = "hidden_size";

    public string Heads { get; init; } = "num_attention_heads";

    public string KeyHeads { get; init; } = "num_key_value_heads";

    public string Inner { get; init; } = "intermediate_size";

    public string Context { get; init; } = "max_position_embeddings";

    public string Epsilon { get; init; } = "rms_norm_eps";

    public string Activation { get; init; } = "hidden_act|hidden_activation";
}
