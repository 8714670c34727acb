namespace Managed.Guards.Published;

/// <summary>
/// SafeDecoding (Xu et al., "SafeDecoding: Defending against Jailbreak Attacks via Safety-Aware Decoding", arXiv 2402.08983): for the
/// first m tokens, P(v) = p(v) + α·(p_expert(v) − p(v)) on the smallest window of best tokens in which model and expert share c; then
/// the model alone. The expert is an adapter of the same weights, trained on refusals, so that both are rows of one batch.
/// </summary>
/// <remarks>Numbers below 1e-8 are raised to it before P is normalised, as in the released code.</remarks>
public sealed record SafeDecoding
{
    /// <summary>Folder of the expert's adapter in PEFT's layout.</summary>
    public required string Expert { get; init; }

    /// <summary>α; the publication has 3, some re-implementations 1.</summary>
    public float Strength { get; init; } = 3;

    /// <summary>c: tokens that both windows must share.</summary>
    public int Common { get; init; } = 3;

    /// <summary>m: new tokens for which it acts.</summary>
    public int Tokens { get; init; } = 5;

    /// <summary>The guard for a model. Rows of its head that no token has are left out of both distributions.</summary>
    /// <param name="model">The model.</param>
    /// <exception cref="GuardException">c or m is out of range.</exception>
    public GuardProgram Build(LanguageModel model) => Build(SurplusTokens.Of(model));

    /// <summary>The guard for models whose head has a row for each token and no more.</summary>
    /// <exception cref="GuardException">c or m is out of range.</exception>
    public GuardProgram Build() => Build([]);

    private GuardProgram Build(int[] surplus)
    {
        if (Common < 1 || Tokens < 0)
            throw new GuardException($"safe_decoding: found c = {Common} and m = {Tokens}; expected c from 1 on and m from 0 on.");
        return Guard.Define(g => (surplus.Length > 0 ? g.Mask(surplus) : g).Lane("expert", Expert).Window("expert", Strength, Common, Tokens), "safe_decoding") with
        {
            What = $"the first {Tokens} tokens are moved towards an expert that refuses",
        };
    }
}
