namespace Managed.Kernels.Guidance;

/// <summary>What a stage does to a row's scores s; g are the logits of a lane. Scores are logits: a constant added to all of them means nothing.</summary>
internal enum LogitStageKind
{
    /// <summary>s = keep·s + weight·g, after leaving out the tokens whose probability is below cut · the highest.</summary>
    Mix,

    /// <summary>
    /// s −= λ/(1 − λ)·max(0, log p_g − log p_s): the union filter of Banerjee et al. 2024 (SafeInfer) in closed form. A token that the lane
    /// likes better than the row does is punished; all others keep their odds.
    /// </summary>
    Union,

    /// <summary>
    /// SafeDecoding (Xu et al. 2024): the smallest window of best tokens in which row and lane share `common`, and there
    /// p = p_s + strength·(p_g − p_s), at least 1e-8. For the first `tokens` tokens of an answer.
    /// </summary>
    Window,

    /// <summary>s[id] −= strength, for the stage's tokens.</summary>
    Penalty,

    /// <summary>s[id] = −∞, for the stage's tokens.</summary>
    Mask,

    /// <summary>s[id] = −∞, for all others.</summary>
    Allow,

    /// <summary>s[id] = −∞ where the id's bit is not set. The stage's "tokens" are words of 32 bits, the lowest first. Not a guard's.</summary>
    Bits,

    /// <summary>
    /// s[id] = −∞, for the stage's tokens, whose scores are told beside the choice: what becomes of them is the sampler's to say. Not a guard's.
    /// </summary>
    Aside,
}

/// <summary>One stage between the lanes' logits and the sampler: numbers alone.</summary>
internal record struct LogitStage
{
    public LogitStageKind Kind;

    /// <summary>The lane whose logits are used; 0 is the row itself.</summary>
    public int Lane;

    /// <summary>New tokens for which it acts; <see cref="int.MaxValue"/>: all.</summary>
    public int Tokens;

    /// <summary>Mix: weight. Union: λ. Window: α. Penalty: what is taken off.</summary>
    public float Strength;

    /// <summary>Mix: the share of the scores before.</summary>
    public float Keep;

    /// <summary>Mix: tokens less likely than this share of the likeliest are left out; 0: none.</summary>
    public float Cut;

    /// <summary>Window: tokens that both must have.</summary>
    public int Common;

    /// <summary>Union: 1 where the lane's log-probabilities are rounded to bfloat16 first, as a model of that type gives them. The host's alone.</summary>
    public int Rounded;

    /// <summary>Its part of the list of tokens, ascending.</summary>
    public int FirstId, IdCount;

    /// <summary>Aside: where the scores of its tokens begin among all that are told.</summary>
    public int FirstTold;

    /// <summary>Whether it leaves every score as it is.</summary>
    public readonly bool IsIdentity => Tokens == 0 || Kind switch
    {
        LogitStageKind.Mix => Strength == 0 && Keep == 1 && Cut == 0,
        LogitStageKind.Union or LogitStageKind.Penalty => Strength == 0,
        LogitStageKind.Mask => IdCount == 0,
        _ => false,
    };
}
