using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>OPT: learned positions with an offset of two. The form with norms after the sublayers (350m) is refused.</summary>
internal sealed class Opt : Family
{
    public override IReadOnlyList<string> ModelTypes => ["opt"];

    protected override ClassDefaults Defaults { get; } = new(50272, 768, 3072, 12, 12, 2048) { Epsilon = 1e-5, Activation = "relu", Tied = true };

    // No key for epsilon: the value is the framework's default.
    protected override KeyNames Keys { get; } = new() { Inner = "ffn_dim", Epsilon = "(fixed)", KeyHeads = "(none)", Activation = "activation_function" };

    protected override NormKind Norm => NormKind.Layer;

    protected override bool HasRope(FamilyPlan plan, int layer) => false;

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => Plain(plan);

    protected override Architecture Complete(FamilyPlan plan, Architecture architecture)
    {
        int width = plan.Dimensions.Width;
        int embedded = plan.Source.CountOrNull("word_embed_proj_dim") ?? width;
        plan.Source.Refuse("word_embed_proj_dim", embedded != width, $"{embedded}", $"{width}, the hidden_size; projected embeddings are not supported");
        plan.Source.RequireFlag("do_layer_norm_before", true, true);
        plan.Source.RequireFlag("_remove_final_layer_norm", false, false);
        return architecture with { LearnedPositionOffset = 2, LearnedPositions = plan.Dimensions.Context + 2 };
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        string prefix = source.Prefix("embed_tokens.weight", "model.decoder.", "decoder.", "");
        bool bias = source.Config.Flag("enable_bias", true);
        return llama with
        {
            Embedding = prefix + "embed_tokens",
            PositionEmbedding = prefix + "embed_positions",
            FinalNorm = prefix + "final_layer_norm",
            Layer = prefix + "layers.{0}.",
            AttentionNorm = "self_attn_layer_norm",
            MlpNorm = "final_layer_norm",
            AttentionOutput = "self_attn.out_proj",
            Up = "fc1",
            Down = "fc2",
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = bias,
            NormBias = true,
            NormsWithoutParameters = !source.Config.Flag("layer_norm_elementwise_affine", true),
        };
    }
}
