using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>Llama 1 to 3, SmolLM, TinyLlama, Yi; in GGUF also Mistral and Mixtral, which llama.cpp calls llama.</summary>
internal sealed class Llama : Family
{
    public override IReadOnlyList<string> ModelTypes => ["llama"];

    public override IReadOnlyList<string> GgufArchitectures => ["llama"];

    protected override ClassDefaults Defaults { get; } = new(32000, 4096, 11008, 32, 32, 2048);

    protected override bool GgufPermutes => true;

    // Only converters of Mistral's later files write a window.
    protected override bool[] Windows(FamilyPlan plan) => plan.IsGguf ? WindowsBy(plan, null, _ => true) : base.Windows(plan);

    protected override MlpSpec Mlp(FamilyPlan plan, int layer)
    {
        MlpSpec dense = base.Mlp(plan, layer);
        return plan.IsGguf && plan.Config.Integer("expert_count", 0) > 0
            ? dense with { Router = MixtureReader.Gguf(plan.Source, RouterScoring.SoftmaxThenTop, renormalise: true) }
            : dense;
    }

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture)
    {
        bool bias = source.Config.Flag("attention_bias", false);
        return Prefixed(source, llama) with
        {
            QueryKeyValueBias = bias,
            AttentionOutputBias = bias,
            MlpBias = source.Config.Flag("mlp_bias", false),
        };
    }
}
