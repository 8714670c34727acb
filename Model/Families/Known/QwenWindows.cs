namespace Managed.Families;

/// <summary>Qwen's window: off unless use_sliding_window, then in the layers from max_window_layers on.</summary>
internal static class QwenWindows
{
    public static bool[] Of(FamilyPlan plan)
    {
        int layers = plan.Dimensions.Layers;
        if (plan.IsGguf || !plan.Config.Flag("use_sliding_window", false))
            return new bool[layers];
        int first = plan.Config.Count("max_window_layers", 28);
        plan.Window = plan.Source.CountOrNull("sliding_window", 4096, 0) ?? 0;
        bool[] sliding = LayerTypes.SlidingOf(plan.Source, layers, layer => layer >= first);
        return plan.Window == 0 ? new bool[layers] : sliding;
    }
}
