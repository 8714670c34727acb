using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>The experts that Qwen 2 MoE and Qwen 3 MoE have in common: dense layers among sparse ones, an optional shared expert.</summary>
internal static class QwenMixture
{
    /// <summary>Whether a layer has experts: not listed in mlp_only_layers, and in step with decoder_sparse_step.</summary>
    public static bool IsSparse(FamilyPlan plan, int layer)
    {
        if (plan.IsGguf)
            return plan.Source.HasTensor($"blk.{layer}.ffn_gate_inp.weight");
        long[] dense = plan.Config.Integers("mlp_only_layers") ?? [];
        return !dense.Contains(layer) && (layer + 1) % plan.Config.Count("decoder_sparse_step", 1, 1) == 0;
    }

    /// <summary>A sparse layer's MLP.</summary>
    public static MlpSpec Sparse(FamilyPlan plan, MlpSpec dense, int width, int experts, int chosen, bool renormalise) => plan.IsGguf
        ? dense with
        {
            Width = plan.Config.Count("expert_feed_forward_length", plan.Dimensions.Inner, 1),
            Router = MixtureReader.Gguf(plan.Source, RouterScoring.SoftmaxThenTop, plan.Config.Flag("expert_weights_norm", renormalise)),
        }
        : dense with
        {
            Width = plan.Config.Count("moe_intermediate_size", width, 1),
            Router = MixtureReader.Read(plan.Source, "num_experts|num_local_experts", experts, "num_experts_per_tok", chosen,
                RouterScoring.SoftmaxThenTop, plan.Config.Flag("norm_topk_prob", false)),
        };
}
