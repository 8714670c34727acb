using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>Gemma 1: gains are stored less one, embeddings are multiplied by √width.</summary>
internal class Gemma : Family
{
    public override IReadOnlyList<string> ModelTypes => ["gemma"];

    public override IReadOnlyList<string> GgufArchitectures => ["gemma"];

    protected override ClassDefaults Defaults { get; } = new(256000, 3072, 24576, 28, 16, 8192)
    {
        KeyHeads = 16,
        HeadDimension = 256,
        Activation = "gelu_pytorch_tanh",
        Tied = true,
    };

    protected override KeyNames Keys { get; } = new() { Activation = "hidden_activation|hidden_act" };

    // GGUF's converter has already added the one.
    protected override NormSpec MakeNorm(FamilySource source, Dimensions dimensions) =>
        new(NormKind.Rms, dimensions.Epsilon, source.IsGguf ? 0 : 1);

    // Gemma 1's first configurations say "gelu" in hidden_act and mean the tanh form, which hidden_activation then came to name.
    protected override Dimensions Read(FamilySource source)
    {
        Dimensions dimensions = base.Read(source);
        bool legacy = !source.IsGguf && !source.Config.Has("hidden_activation") && !source.Config.Has("rope_parameters");
        return legacy && dimensions.Activation == ActivationKind.Gelu ? dimensions with { Activation = ActivationKind.GeluTanh } : dimensions;
    }

    protected override Architecture Complete(FamilyPlan plan, Architecture architecture)
    {
        plan.Source.RequireFlag("use_bidirectional_attention", false, false);
        return architecture with { EmbeddingScale = MathF.Sqrt(plan.Dimensions.Width) };
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("attention_bias", false);
        return Prefixed(source, llama) with { QueryKeyValueBias = bias, AttentionOutputBias = bias };
    }
}
