using System.Text;

namespace Managed.Constraints;

/// <summary>What regexes and grammars are made of. Regex, GBNF and Lark are three spellings of it.</summary>
internal abstract record Expression
{
    public const int Unbounded = int.MaxValue;

    /// <summary>The deepest nesting a parser accepts: what walks a tree may then recurse.</summary>
    public const int MaxDepth = 200;

    public static Expression Empty { get; } = new Sequence([]);
    public static Expression Nothing { get; } = new Choice([]);
    public static Expression AnyText { get; } = new Repeat(new Characters(CodePointSet.Any), 0, Unbounded);

    public static Expression Text(string text) =>
        new Sequence([.. text.EnumerateRunes().Select(rune => new Characters(CodePointSet.Range(rune.Value, rune.Value)))]);

    /// <summary>The text with each letter in either case.</summary>
    public static Expression TextOfAnyCase(string text) =>
        new Sequence([.. text.EnumerateRunes().Select(rune => new Characters(CodePointSet.Of($"{Rune.ToLowerInvariant(rune)}{Rune.ToUpperInvariant(rune)}")))]);

    /// <summary>Throws where an expression nests deeper than the engine walks.</summary>
    public static void CheckDepth(int depth, string where)
    {
        if (depth > MaxDepth)
            throw new ConstraintException($"{where}: nested deeper than {MaxDepth}; write it with fewer groups.");
    }

    /// <summary>One code point out of a set.</summary>
    internal sealed record Characters(CodePointSet Set) : Expression;

    /// <summary>All parts, one after the other.</summary>
    internal sealed record Sequence(IReadOnlyList<Expression> Parts) : Expression;

    /// <summary>Any one of the options.</summary>
    internal sealed record Choice(IReadOnlyList<Expression> Options) : Expression;

    /// <summary>Between `Min` and `Max` of the item.</summary>
    internal sealed record Repeat(Expression Item, int Min, int Max) : Expression;

    /// <summary>A rule by its name; only grammars have them.</summary>
    internal sealed record Reference(string Name) : Expression;

    /// <summary>A rule that was built elsewhere: a JSON schema inside a grammar.</summary>
    internal sealed record Embedded(Rule Rule) : Expression;

    /// <summary>`^` or `$`: only a search has a use for them; <see cref="RegexParser.Search"/> resolves them.</summary>
    internal sealed record Anchor(bool AtStart) : Expression;
}
