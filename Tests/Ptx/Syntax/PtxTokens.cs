namespace Managed.Tests.Ptx;

/// <summary>The tokens of a module and a place among them.</summary>
internal sealed class PtxTokens(List<Token> tokens, string[] lines)
{
    private int _next;

    /// <summary>The module's version and target, once read.</summary>
    public PtxTarget Target { get; set; }

    public Token Current => tokens[_next];

    public Token Following => tokens[Math.Min(_next + 1, tokens.Count - 1)];

    public string LineText(int line) => lines[line - 1];

    public PtxException Error(string problem)
    {
        int line = tokens[Math.Max(0, _next - 1)].Line;
        return new PtxException(line, LineText(line), problem);
    }

    public Token Take()
    {
        if (Current.Kind == TokenKind.End)
            throw Error("the text ends too early.");
        return tokens[_next++];
    }

    public bool TakeIf(string mark)
    {
        if (!Current.Is(mark))
            return false;
        _next++;
        return true;
    }

    public bool TakeIfDotted(string name)
    {
        if (Current.Kind != TokenKind.Dotted || Current.Text != name)
            return false;
        _next++;
        return true;
    }

    public void Expect(string mark)
    {
        Token token = Take();
        if (!token.Is(mark))
            throw Error($"expected '{mark}', found '{token.Text}'.");
    }

    public void ExpectDotted(string name)
    {
        Token token = Take();
        if (token.Kind != TokenKind.Dotted || token.Text != name)
            throw Error($"expected .{name}, found '{token.Text}'.");
    }

    public string ExpectName()
    {
        Token token = Take();
        return token.Kind == TokenKind.Name ? token.Text : throw Error($"expected a name, found '{token.Text}'.");
    }
}
