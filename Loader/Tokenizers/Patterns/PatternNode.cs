namespace Managed.Loader.Tokenizers;

/// <summary>A regular expression as a tree.</summary>
internal abstract record PatternNode
{
    /// <summary>Matches the empty text.</summary>
    public sealed record Nothing : PatternNode;

    public sealed record One(PointSet Set) : PatternNode;

    public sealed record Series(List<PatternNode> Parts) : PatternNode;

    public sealed record Choice(List<PatternNode> Branches) : PatternNode;

    /// <summary>`Most` is -1 where there is no limit.</summary>
    public sealed record Repeat(PatternNode Body, int Least, int Most, bool Lazy) : PatternNode;

    /// <summary>Once matched, never tried differently: (?>…) and possessive quantifiers.</summary>
    public sealed record Atomic(PatternNode Body) : PatternNode;

    public sealed record Look(PatternNode Body, bool Behind, bool Negative) : PatternNode;

    public sealed record At(Anchor Anchor) : PatternNode;

    /// <summary>How many code points the node always matches; null where that varies.</summary>
    public int? FixedLength() => this switch
    {
        Nothing or Look or At => 0,
        One => 1,
        Series series => series.Parts.Aggregate((int?)0, (sum, part) => sum + part.FixedLength()),
        Choice choice => choice.Branches.Select(b => b.FixedLength()).Distinct().ToArray() is [var only] ? only : null,
        Repeat repeat => repeat.Least == repeat.Most ? repeat.Least * repeat.Body.FixedLength() : null,
        Atomic atomic => atomic.Body.FixedLength(),
        _ => null,
    };
}

/// <summary>Places in the text that take no room.</summary>
internal enum Anchor
{
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    TextEndOrLastNewline,
    WordBoundary,
    NoWordBoundary,
}
