namespace Managed.Loader.Templates;

/// <summary>How far a template may go. A template is a stranger's program: reaching a limit is an error, never a hang or a crash.</summary>
internal sealed record TemplateLimits
{
    public static TemplateLimits Default { get; } = new();

    /// <summary>Evaluations, list elements and blocks of characters that one rendering may use up.</summary>
    public long Work { get; init; } = 10_000_000;

    /// <summary>Characters of the rendered text, and of every string on the way to it.</summary>
    public int Text { get; init; } = 16 << 20;

    /// <summary>Nested evaluations: expressions in expressions, macros that call macros.</summary>
    public int Depth { get; init; } = 4000;

    /// <summary>Elements of one range, as in Jinja's own sandbox.</summary>
    public int Range { get; init; } = 100_000;

    /// <summary>Bits of one integer.</summary>
    public int IntegerBits { get; init; } = 1 << 14;

    /// <summary>Nested brackets and blocks in the source.</summary>
    public const int Nesting = 200;

    /// <summary>Characters of the template itself.</summary>
    public const int Source = 4 << 20;
}
