namespace Managed.Sampling;

/// <summary>
/// Lets a draft's tokens stand where the target model would have drawn as it did, so that what comes out is distributed
/// exactly as the target's own tokens: draft token x, drawn from p, stands iff u &lt; min(1, q(x)/p(x)); the first that
/// does not is replaced by a draw from max(0, q − p)/Σ, and if all stand a further token is drawn from q.
/// </summary>
/// <remarks>Leviathan, Kalman, Matias, "Fast Inference from Transformers via Speculative Decoding", 2022.</remarks>
internal static class SpeculativeDecoding
{
    /// <summary>Whether a draft token stands.</summary>
    public static bool Accepts(double draftProbability, double targetProbability, double uniform) =>
        uniform < Math.Min(1, targetProbability / draftProbability);

    /// <summary>residual = max(0, target − draft) / Σ: what is drawn from in place of a refused token.</summary>
    public static void Residual(Span<double> residual, ReadOnlySpan<double> draft, ReadOnlySpan<double> target)
    {
        double total = 0;
        for (int id = 0; id < target.Length; id++)
            total += residual[id] = Math.Max(0, target[id] - draft[id]);
        if (total > 0)
            for (int id = 0; id < residual.Length; id++)
                residual[id] /= total;
        else
            target.CopyTo(residual); // equal to the last bit: the refusal was rounding, and q is what is wanted
    }

    /// <summary>Walks through a whole draft.</summary>
    /// <param name="final">What the next token was drawn from. // [vocabulary]</param>
    /// <param name="draftTokens">The tokens proposed.</param>
    /// <param name="draft">The draft's distributions. // [drafted, vocabulary]</param>
    /// <param name="target">The target's distributions. // [drafted + 1, vocabulary]</param>
    /// <param name="uniforms">A number in [0, 1) for each token proposed.</param>
    /// <param name="uniformLast">A number in [0, 1) for the token after those that stand.</param>
    /// <param name="scratch">Space for as many ids as the vocabulary has.</param>
    /// <returns>How many tokens stand, and the token after them.</returns>
    public static (int Accepted, int Next) Walk(
        Span<double> final,
        ReadOnlySpan<int> draftTokens,
        ReadOnlySpan<double> draft,
        ReadOnlySpan<double> target,
        ReadOnlySpan<double> uniforms,
        double uniformLast,
        LazyRanking scratch)
    {
        int vocabulary = final.Length, accepted = 0;
        for (; accepted < draftTokens.Length; accepted++)
        {
            int at = (accepted * vocabulary) + draftTokens[accepted];
            if (!Accepts(draft[at], target[at], uniforms[accepted]))
                break;
        }
        ReadOnlySpan<double> wanted = target.Slice(accepted * vocabulary, vocabulary);
        if (accepted < draftTokens.Length)
            Residual(final, draft.Slice(accepted * vocabulary, vocabulary), wanted);
        else
            wanted.CopyTo(final);
        return (accepted, InverseCdf.Draw(final, uniformLast, scratch));
    }
}
