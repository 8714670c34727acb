namespace Managed.Sampling;

/// <summary>Why a text ended.</summary>
public enum StopReason
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>An end token came.</summary>
    EndToken,

    /// <summary>A stop string came.</summary>
    StopString,

    /// <summary>It has as many tokens as were asked for.</summary>
    Length,

    /// <summary>The constraint on its form allows nothing more.</summary>
    Constraint,

    /// <summary>The caller cancelled.</summary>
    Cancelled,

    /// <summary>It is as long as the cache, or the model's learned positions, allow.</summary>
    ContextFull,

    /// <summary>Something went wrong with this text alone.</summary>
    Failed,

    /// <summary>Its guard answered in the model's stead.</summary>
    Guard,
}

/// <summary>When a text ends: end tokens of all sources together, stop strings, a number of tokens.</summary>
internal sealed class StopCondition
{
    private readonly Lazy<HashSet<int>> endTokens;

    /// <summary>Joins the end tokens of all sources, which are asked for when the first token has come.</summary>
    public StopCondition(int maxNewTokens, IEnumerable<string> stopStrings, params IReadOnlyList<IEnumerable<int>> endTokens)
    {
        if (maxNewTokens < 0)
            throw new ArgumentException($"MaxNewTokens: found {maxNewTokens}; expected 0 or more.");
        MaxNewTokens = maxNewTokens;
        StopStrings = [.. stopStrings];
        this.endTokens = new(() => [.. endTokens.SelectMany(source => source)]);
    }

    public int MaxNewTokens { get; }

    public IReadOnlyList<string> StopStrings { get; }

    public IReadOnlyCollection<int> EndTokens => endTokens.Value;

    /// <summary>A filter for one text's stop strings.</summary>
    public StopStringFilter CreateFilter() => new(StopStrings);

    /// <summary>What the newest token does to a text that now has so many new tokens.</summary>
    public StopReason After(int token, int newTokens) =>
        endTokens.Value.Contains(token) ? StopReason.EndToken : newTokens >= MaxNewTokens ? StopReason.Length : StopReason.None;
}
