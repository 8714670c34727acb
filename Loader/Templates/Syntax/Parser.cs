using System.Runtime.CompilerServices;

namespace Managed.Loader.Templates;

/// <summary>Reads tokens into a tree; expressions and statements have a file each.</summary>
internal sealed partial class Parser
{
    private readonly List<Token> tokens;
    private readonly Dictionary<string, Body> blocks = new(StringComparer.Ordinal);
    private int at;
    private int nesting;

    private Parser(List<Token> tokens) => this.tokens = tokens;

    public static (Body Body, IReadOnlyDictionary<string, Body> Blocks) Parse(string template)
    {
        var parser = new Parser(TemplateLexer.Read(template));
        try
        {
            return (parser.ParseBody([], "", out _), parser.blocks);
        }
        catch (InsufficientExecutionStackException deep)
        {
            throw new TemplateException(TemplateError.Syntax, "the template is nested too deeply", parser.Current.Line, deep);
        }
    }

    private Token Current => tokens[at];

    private Token Next => tokens[Math.Min(at + 1, tokens.Count - 1)];

    private int Line => Current.Line;

    private Token Take() => Current.Kind == TokenKind.End ? Current : tokens[at++];

    private bool TakeIfOperator(string text) => TakeIf(Current.IsOperator(text));

    private bool TakeIfName(string text) => TakeIf(Current.IsName(text));

    private bool TakeIf(bool condition)
    {
        if (condition)
            at++;
        return condition;
    }

    private Token Expect(TokenKind kind, string description) => Current.Kind == kind
        ? Take()
        : throw Error($"expected token '{description}', got '{Current.Description}'");

    private void ExpectOperator(string text)
    {
        if (!TakeIfOperator(text))
            throw Error($"expected token '{text}', got '{Current.Description}'");
    }

    private void ExpectName(string text)
    {
        if (!TakeIfName(text))
            throw Error($"expected token '{text}', got '{Current.Description}'");
    }

    private TemplateException Error(string reason, int? line = null) => new(TemplateError.Syntax, reason, line ?? Line);

    /// <summary>Goes one level down; the caller leaves it again.</summary>
    private void Deeper()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (++nesting > TemplateLimits.Nesting)
            throw Error($"more than {TemplateLimits.Nesting} nested expressions or blocks");
    }
}
