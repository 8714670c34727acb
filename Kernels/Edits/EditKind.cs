namespace Managed.Kernels.Edits;

/// <summary>
/// What an instruction does with one token's row x at a hook point. v, W, U, V are vectors of the program; r is a register.
/// Reads come first and write a register; the rest change x and write how much.
/// </summary>
internal enum EditKind
{
    /// <summary>r = condition, 1 or 0; once true it stays so where the instruction is sticky.</summary>
    Gate,

    /// <summary>r = link(v·x + b), link: none or the sigmoid.</summary>
    LinearProbe,

    /// <summary>r = link(W2·relu(W1·x + b1) + b2)[class], link: none or the softmax over all classes.</summary>
    MlpProbe,

    /// <summary>r = v·(x − buffer), buffer: none or what was recorded; or v·buffer.</summary>
    Projection,

    /// <summary>r = ‖x‖.</summary>
    Length,

    /// <summary>
    /// r = cos(v, y) = v·y / (‖v‖·‖y‖), y = x − buffer, or the buffer itself; 0 where either is zero. With the link tanh:
    /// cos(y, tanh(proj_v y)), proj_v y = (v·y / ‖v‖²)·v.
    /// </summary>
    Cosine,

    /// <summary>buffer = x, or the mean of x over the positions so far.</summary>
    Record,

    /// <summary>x += s·v.</summary>
    Add,

    /// <summary>x[i] += s·v[i] at some indices.</summary>
    AddSparse,

    /// <summary>x −= s·(v·x)·v, v of length 1.</summary>
    ProjectOut,

    /// <summary>x += (clamp(v·x, low, high) − v·x)·v, v of length 1.</summary>
    ClampProjection,

    /// <summary>x = s·x.</summary>
    Scale,

    /// <summary>x += s·U·link(V·x + b), link: none or relu.</summary>
    LowRank,

    /// <summary>x += s·(y − x), y: a vector or what was recorded.</summary>
    Replace,

    /// <summary>x is changed by a user's C#.</summary>
    Custom,
}

/// <summary>What becomes of a probe's sum.</summary>
internal enum EditLink
{
    None,
    Sigmoid,
    Softmax,
    Relu,
    Tanh,
}

/// <summary>From which row of the state a register is read.</summary>
internal enum RegisterFrom
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>The token's own row: the register is written earlier in the pass.</summary>
    Current,

    /// <summary>The row of the token before: the register is written later in the pass.</summary>
    Previous,

    /// <summary>The row of the prompt's last token, for tokens after it: that token alone writes the register, later in the pass.</summary>
    PromptEnd,

    /// <summary>The row before the first token: the register was given from outside.</summary>
    Given,
}
