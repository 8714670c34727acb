namespace Managed.Guards.Published;

/// <summary>What is known of a candidate at the end of a block.</summary>
/// <param name="Budget">z.</param>
/// <param name="TaskCost">Cost for the task: the negative reward; with a critic and an unfinished text, the critic's estimate.</param>
/// <param name="IsFinished">Whether the text has ended.</param>
/// <param name="SafeEnding">The critic's probability that the text will end with something left of the budget; null: there is no critic.</param>
public readonly record struct BlockCandidate(double Budget, double TaskCost, bool IsFinished, double? SafeEnding = null);

/// <summary>How InferenceGuard ranks candidates (arXiv 2502.01208, algorithm 1).</summary>
public static class BlockChoice
{
    /// <summary>
    /// E of a candidate: its task cost where it is safe, n where it is not. Safe: something is left of the budget, or, for an
    /// unfinished text with a critic, the critic's probability exceeds ½.
    /// </summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="unsafeCost">n, above any task cost.</param>
    public static double Cost(BlockCandidate candidate, double unsafeCost)
    {
        bool safe = !candidate.IsFinished && candidate.SafeEnding is { } probability ? probability > 0.5 : candidate.Budget > 0;
        return safe && !double.IsNaN(candidate.TaskCost) ? candidate.TaskCost : unsafeCost;
    }

    /// <summary>Indices of the `kept` candidates of lowest cost, in that order; equal ones in theirs.</summary>
    /// <param name="costs">E of each candidate.</param>
    /// <param name="kept">How many; fewer candidates: all of them.</param>
    public static int[] Best(IReadOnlyList<double> costs, int kept) =>
        [.. Enumerable.Range(0, costs.Count).OrderBy(index => costs[index]).ThenBy(index => index).Take(kept)];
}
