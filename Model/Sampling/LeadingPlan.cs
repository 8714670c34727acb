using Managed.Kernels.Guidance;

namespace Managed.Sampling;

/// <summary>How much of a row's logits its sampler has to see, where the logits lie elsewhere.</summary>
/// <param name="Listed">The tokens that lead, at least so many; 0: all logits are needed.</param>
/// <param name="Sharpness">1 / temperature, where the sum over all tokens is needed, too; else 0.</param>
/// <param name="LocalSteps">How many of the sampler's steps come first and change a few tokens alone, whose logits are needed as well.</param>
/// <param name="OpenSteps">How many steps, those included, leave open how many tokens stay; the next one, if there is one, drops all but some that lead.</param>
internal readonly record struct LeadingPlan(int Listed, double Sharpness, int LocalSteps, int OpenSteps)
{
    /// <summary>The plan for a chain of steps.</summary>
    public static LeadingPlan Of(ReadOnlySpan<ILogitStep> steps, bool isGreedy)
    {
        int next = 0;
        while (next < steps.Length && steps[next] is ILocalStep)
            next++;
        int locals = next;
        if (isGreedy)
            return next == steps.Length && next > 0 ? new LeadingPlan(1, 0, locals, next) : default;
        double sharpness = 1;
        if (next < steps.Length && steps[next] is Temperature { Value: > 0 } temperature)
        {
            sharpness = 1 / temperature.Value;
            next++;
        }
        return (next < steps.Length ? steps[next] : null) switch
        {
            TopK top when top.Count < LogitChoices.MostListed => new LeadingPlan(top.Count + 1, 0, locals, next),
            null or ILeadingStep => new LeadingPlan(LogitChoices.MostListed, sharpness, locals, next),
            _ => default,
        };
    }
}
