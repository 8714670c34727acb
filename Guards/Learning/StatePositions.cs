namespace Managed.Guards.Learning;

/// <summary>Which tokens of a prompt give states.</summary>
public enum StatePositions
{
    /// <summary>The last token: one row a prompt.</summary>
    Last,

    /// <summary>Every token: as many rows as tokens.</summary>
    All,

    /// <summary>The mean over all tokens, summed in float64: one row a prompt.</summary>
    Mean,
}
