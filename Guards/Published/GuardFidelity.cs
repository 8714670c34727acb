namespace Managed.Guards.Published;

/// <summary>Which form of a published guard runs where paper, released code and good sense differ.</summary>
public enum GuardFidelity
{
    /// <summary>The paper's constants, every row, float32, and a refusal where anything is unclear.</summary>
    Sane,

    /// <summary>The semantics of the released code.</summary>
    Reference,
}
