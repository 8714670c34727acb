using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>Granite MoE: Granite with experts, whose softmax runs over the chosen logits.</summary>
internal sealed class GraniteMoe : Granite
{
    public override IReadOnlyList<string> ModelTypes => ["granitemoe"];

    public override IReadOnlyList<string> GgufArchitectures => ["granitemoe"];

    protected override MlpSpec Mlp(FamilyPlan plan, int layer) => base.Mlp(plan, layer) with
    {
        Router = plan.IsGguf
            ? MixtureReader.Gguf(plan.Source, RouterScoring.TopThenSoftmax, renormalise: false)
            : MixtureReader.Read(plan.Source, "num_local_experts", 8, "num_experts_per_tok", 2, RouterScoring.TopThenSoftmax, renormalise: false),
    };

    protected override TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture) =>
        base.HuggingFace(source, llama, architecture) with
        {
            Router = "block_sparse_moe.router.layer",
            Experts = ExpertLayout.StackedGateUp("block_sparse_moe.input_linear.weight", "block_sparse_moe.output_linear.weight", architecture.Layers[0].Mlp.Width),
        };
}
