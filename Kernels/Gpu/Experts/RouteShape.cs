namespace Managed.Kernels.Gpu.Experts;

/// <summary>The numbers of <see cref="RouterSettings"/>, as a kernel takes them.</summary>
internal readonly struct RouteShape(RouterSettings settings)
{
    /// <summary>Experts, at most, of which a kernel can choose; and how many it can choose.</summary>
    public const int MostExperts = 512, MostChosen = 32;

    public readonly int Experts = settings.Experts, Chosen = settings.Chosen, Groups = settings.Groups, GroupsChosen = settings.GroupsChosen, GroupScoreTop = settings.GroupScoreTop;

    public readonly float Scale = settings.Scale;

    public readonly int Scoring = (int)settings.Scoring, Renormalise = settings.Renormalise ? 1 : 0, IsCorrected = settings.CorrectionBias is null ? 0 : 1;

    /// <summary>Whether a kernel can choose so.</summary>
    public static bool Fits(RouterSettings settings) => settings.Experts <= MostExperts && settings.Chosen <= MostChosen && settings.Chosen <= settings.Experts;
}
