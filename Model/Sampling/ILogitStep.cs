namespace Managed.Sampling;

/// <summary>One step of the way from logits to the distribution a token is drawn from.</summary>
/// <remarks>In the formulas: z the scores as they come in, p = softmax z over the tokens that are left, H = −Σ p·ln p.</remarks>
internal interface ILogitStep
{
    void Apply(Candidates candidates, in SamplingContext context);
}

/// <summary>A step that changes the scores of a few tokens, which the text or the step itself names, whatever the scores of others are.</summary>
internal interface ILocalStep : ILogitStep
{
    /// <summary>The tokens whose scores it may change, in any order, some of them several times; those beyond the vocabulary mean nothing.</summary>
    ReadOnlySpan<int> Changes(in SamplingContext context);
}

/// <summary>A step that keeps some of the tokens that lead, and can say whether it needs to see more of them.</summary>
internal interface ILeadingStep : ILogitStep
{
    /// <summary>Whether all tokens that it keeps are certain to be seen.</summary>
    bool SeesAllThatStay(Candidates candidates);
}

/// <summary>A step that learns from the token that was drawn.</summary>
internal interface IDrawObserver
{
    /// <summary>Called with the drawn token's probability among the tokens it was drawn from.</summary>
    void Drawn(double probability);
}

/// <summary>What steps may look at besides the scores.</summary>
internal readonly ref struct SamplingContext
{
    public SamplingContext(ReadOnlySpan<int> ids, int promptLength)
    {
        Ids = ids;
        PromptLength = promptLength;
    }

    /// <summary>Prompt and generated tokens.</summary>
    public ReadOnlySpan<int> Ids { get; }

    public int PromptLength { get; }

    /// <summary>The tokens after the prompt.</summary>
    public ReadOnlySpan<int> Generated => Ids[PromptLength..];

    /// <summary>The last so many tokens, the prompt's too; −1: all.</summary>
    public ReadOnlySpan<int> Last(int window) => window >= 0 && window < Ids.Length ? Ids[^window..] : Ids;

    /// <summary>Logits of the same text without its condition, for guidance; empty where there are none.</summary>
    public ReadOnlySpan<float> Unconditional { get; init; }

    /// <summary>The row's random numbers.</summary>
    public CounterRandom Random { get; init; }
}
