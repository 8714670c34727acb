namespace Managed.Guards.Published;

/// <summary>
/// The safety state of InferenceGuard: what is left of a budget of cost (Ji et al., arXiv 2502.01208; after Sauté RL, Sootla et al. 2022).
/// z₁ = d, z′ = (z − c) / γ. The discounted costs stay below d throughout if and only if z never falls below 0.
/// </summary>
/// <param name="Remaining">z.</param>
/// <param name="Lowest">The lowest z so far.</param>
public readonly record struct SafetyBudget(double Remaining, double Lowest)
{
    /// <summary>A full budget d.</summary>
    public static SafetyBudget Full(double budget) => new(budget, budget);

    /// <summary>Whether there is any left.</summary>
    public bool IsSafe => Remaining > 0;

    /// <summary>What is left behind so many tokens that cost so much together: (z − c) / γⁿ.</summary>
    /// <param name="cost">c; negative: credit.</param>
    /// <param name="discount">γ, above 0 and at most 1.</param>
    /// <param name="tokens">n.</param>
    public SafetyBudget After(double cost, double discount, int tokens = 1)
    {
        double remaining = (Remaining - cost) / Math.Pow(discount, tokens);
        return new SafetyBudget(remaining, Math.Min(Lowest, remaining));
    }

    /// <summary>z / d as Sauté's environments keep it: starts at 1, z′ = (z − c/d) / γ.</summary>
    public static double Normalised(double state, double cost, double budget, double discount) => (state - (cost / budget)) / discount;
}
