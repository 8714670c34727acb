namespace Managed.Kernels;

/// <summary>One layer's attention: score(q, k) = cap(scale · q·k) + slope · (k position − q position), causal, softmax over keys and sink.</summary>
internal sealed record AttentionSettings
{
    public required int Heads { get; init; }

    /// <summary>Query head h reads key head h / (Heads / KeyHeads).</summary>
    public required int KeyHeads { get; init; }

    public required int KeyDimension { get; init; }

    public required int ValueDimension { get; init; }

    public required float Scale { get; init; }

    /// <summary>c · tanh(score / c) after the scale, before the bias and mask; 0: none.</summary>
    public float SoftCap { get; init; }

    /// <summary>A query at position p sees keys k with p − Window &lt; k ≤ p; 0: every k ≤ p.</summary>
    public int Window { get; init; }

    /// <summary>The first position that a query at a position sees.</summary>
    public int FirstSeen(int position) => Window > 0 ? Math.Max(0, position - Window + 1) : 0;

    /// <summary>Slope of the linear position bias of each head (alibi), or null.</summary>
    public float[]? AlibiSlopes { get; init; } // [Heads]

    /// <summary>A logit per head that takes part in the softmax's sum but carries no value; null: none.</summary>
    public float[]? Sinks { get; init; } // [Heads]
}
