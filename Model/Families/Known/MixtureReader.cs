using Managed.Kernels;

namespace Managed.Families;

/// <summary>Reads the router of a mixture of experts.</summary>
internal static class MixtureReader
{
    /// <summary>Bound of the number of experts; the router's rows bound it further.</summary>
    private const int Most = 1 << 14;

    public static RouterSettings Read(
        FamilySource source, string expertsKey, int? experts, string chosenKey, int? chosen, RouterScoring scoring, bool renormalise)
    {
        int count = source.Config.Count(expertsKey, experts, 1, Most);
        return new RouterSettings
        {
            Experts = count,
            Chosen = source.Config.Count(chosenKey, chosen is { } k ? Math.Min(k, count) : null, 1, count),
            Scoring = scoring,
            Renormalise = renormalise,
        };
    }

    public static RouterSettings Gguf(FamilySource source, RouterScoring scoring, bool renormalise) =>
        Read(source, "expert_count", null, "expert_used_count", null, scoring, renormalise);
}
