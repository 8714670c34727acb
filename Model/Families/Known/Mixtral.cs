using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>Mixtral: Mistral with experts.</summary>
internal sealed class Mixtral : Family
{
    public override IReadOnlyList<string> ModelTypes => ["mixtral"];

    protected override ClassDefaults Defaults { get; } = new(32000, 4096, 14336, 32, 32, 131072) { KeyHeads = 8, Epsilon = 1e-5, Theta = 1e6 };

    protected override bool[] Windows(FamilyPlan plan) => WindowsBy(plan, null, _ => true);

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => base.Mlp(plan, layer) with
    {
        Router = MixtureReader.Read(plan.Source, "num_local_experts", 8, "num_experts_per_tok", 2, RouterScoring.SoftmaxThenTop, renormalise: true),
    };

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture) => Prefixed(source, llama) with
    {
        Router = "block_sparse_moe.gate",
        Experts = ExpertLayout.Separate("block_sparse_moe.experts.{0}.", "w1", "w3", "w2"),
    };
}
