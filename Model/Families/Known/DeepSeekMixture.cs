using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>DeepSeek's experts: the first layers are dense, shared experts are one wide one, experts may come in groups.</summary>
internal static class DeepSeekMixture
{
    /// <summary>What the configuration classes assume.</summary>
    public sealed record MixtureDefaults(
        int Experts, int? Chosen, int Shared, int Width, int FirstDense, RouterScoring Scoring, bool Renormalise, double Scale, int? Groups = null, int? GroupsChosen = null);

    public static MlpSpec Mlp(FamilyPlan plan, MlpSpec dense, int layer, MixtureDefaults defaults)
    {
        FamilySource source = plan.Source;
        int firstDense = plan.Config.Count(source.Key("first_k_dense_replace", "leading_dense_block_count"), defaults.FirstDense);
        int step = plan.IsGguf ? 1 : plan.Config.Count("moe_layer_freq", 1, 1);
        string expertsKey = source.Key("n_routed_experts|num_local_experts", "expert_count");
        bool none = plan.IsGguf ? plan.Config.Integer(expertsKey, 0) == 0 : plan.Config.IsNull(expertsKey);
        if (none || layer < firstDense || layer % step != 0)
            return dense;
        int width = plan.Config.Count(source.Key("moe_intermediate_size", "expert_feed_forward_length"), plan.IsGguf ? null : defaults.Width, 1, 1 << 20);
        int shared = plan.IsGguf ? plan.Config.Count("expert_shared_count", 0) : source.CountOrNull("n_shared_experts", defaults.Shared, 0) ?? 0;
        source.Refuse("n_shared_experts", (long)shared * width > 1 << 24, $"{shared}", "fewer shared experts");
        return dense with { Width = width, SharedWidth = shared * width, Router = Router(source, expertsKey, defaults) };
    }

    private static RouterSettings Router(FamilySource source, string expertsKey, MixtureDefaults defaults)
    {
        Loader.ConfigSection config = source.Config;
        bool gguf = source.IsGguf;
        RouterScoring scoring = gguf && config.Integer("expert_gating_func", 1) == 2 ? RouterScoring.Sigmoid : defaults.Scoring;
        if (gguf)
            source.Refuse("expert_gating_func", config.Integer("expert_gating_func", 1) is not (0 or 1 or 2), $"{config.Integer("expert_gating_func", 1)}", "1 (softmax) or 2 (sigmoid)");
        else if (config.Has("scoring_func"))
            CheckScoring(source, scoring);
        // V2's reference code never renormalises, whatever norm_topk_prob says.
        bool renormalise = gguf ? config.Flag("expert_weights_norm", false) : scoring == RouterScoring.Sigmoid && config.Flag("norm_topk_prob", defaults.Renormalise);
        RouterSettings router = MixtureReader.Read(source, expertsKey, gguf ? null : defaults.Experts,
            source.Key("num_experts_per_tok", "expert_used_count"), defaults.Chosen, scoring, renormalise);
        double scale = config.Number(source.Key("routed_scaling_factor", "expert_weights_scale"), gguf ? 1 : defaults.Scale);
        router = router with { Scale = gguf && scale == 0 ? 1 : (float)scale };
        return Grouped(source, router, defaults);
    }

    private static void CheckScoring(FamilySource source, RouterScoring scoring)
    {
        string given = source.Config.Text("scoring_func"), known = scoring == RouterScoring.Sigmoid ? "sigmoid" : "softmax";
        source.Refuse("scoring_func", given != known, $"\"{given}\"", $"\"{known}\", which this family has");
    }

    private static RouterSettings Grouped(FamilySource source, RouterSettings router, MixtureDefaults defaults)
    {
        bool sigmoid = router.Scoring == RouterScoring.Sigmoid;
        if (!source.IsGguf && !sigmoid)
        {
            string method = source.Config.Text("topk_method", "greedy");
            source.Refuse("topk_method", method is not ("greedy" or "group_limited_greedy"), $"\"{method}\"", "\"greedy\" or \"group_limited_greedy\"");
            if (method == "greedy")
                return router;
        }
        string groupsKey = source.Key("n_group", "expert_group_count"), chosenKey = source.Key("topk_group", "expert_group_used_count");
        int groups = Math.Max(1, source.CountOrNull(groupsKey, defaults.Groups, 0) ?? 1);
        int chosen = Math.Max(1, source.CountOrNull(chosenKey, defaults.GroupsChosen is { } k ? Math.Min(k, groups) : null, 0) ?? groups);
        source.Refuse(groupsKey, router.Experts % groups != 0, $"{groups}", $"a divisor of the number of experts, {router.Experts}");
        source.Refuse(chosenKey, chosen > groups, $"{chosen}", $"at most {groups}, the number of groups");
        source.Refuse(chosenKey, chosen * (router.Experts / groups) < router.Chosen, $"{chosen}", $"groups that hold at least {router.Chosen} experts");
        return router with { Groups = groups, GroupsChosen = chosen, GroupScoreTop = sigmoid ? Math.Min(2, router.Experts / groups) : 1 };
    }
}
