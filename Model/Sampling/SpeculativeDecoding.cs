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
    /// <param name="draft">The tokens proposed, and both sides' distributions.</param>
    /// <param name="scratch">Space for as many ids as the vocabulary has.</param>
    /// <param name="added">What is added to a draft token's probability before it is divided by; 0: nothing.</param>
    /// <returns>How many tokens stand, and the token after them.</returns>
    public static (int Accepted, int Next) Walk<TDraft>(Span<double> final, TDraft draft, LazyRanking scratch, double added = 0) where TDraft : IDraftedTokens
    {
        int accepted = 0;
        for (; accepted < draft.Count; accepted++)
        {
            int token = draft.Token(accepted);
            if (!Accepts(draft.Draft(accepted)[token] + added, draft.Target(accepted)[token], draft.AcceptanceUniform(accepted)))
                break;
        }
        if (accepted < draft.Count)
            Residual(final, draft.Draft(accepted), draft.Target(accepted));
        else
            draft.Target(accepted).CopyTo(final);
        return (accepted, InverseCdf.Draw(final, draft.TokenUniform(accepted), scratch));
    }
}

/// <summary>A draft as a walk asks for it, place after place; nothing beyond the first refusal is asked for.</summary>
internal interface IDraftedTokens
{
    /// <summary>How many tokens are proposed.</summary>
    int Count { get; }

    int Token(int place);

    /// <summary>The distribution that the proposed token was drawn from. // [vocabulary]</summary>
    ReadOnlySpan<double> Draft(int place);

    /// <summary>The target's distribution; of one place more than are proposed. Valid until the next place is asked for. // [vocabulary]</summary>
    ReadOnlySpan<double> Target(int place);

    /// <summary>A number in [0, 1) that decides whether the token stands.</summary>
    double AcceptanceUniform(int place);

    /// <summary>A number in [0, 1) to draw the token after those that stand.</summary>
    double TokenUniform(int place);
}
