namespace Managed.Loader.Templates;

/// <summary>
/// Cuts a template into text and tags. Whitespace around tags is settled here, as with Jinja's trim_blocks and
/// lstrip_blocks: the newline after a block tag goes, and so do blanks before one that begins its line; - takes all
/// whitespace on its side, + keeps it.
/// </summary>
internal sealed class TemplateLexer
{
    private readonly string source;
    private readonly List<Token> tokens = [];
    private int at;
    private int line = 1;
    private bool lineBegins = true; // the last tag ended with a newline, or nothing came before

    private TemplateLexer(string source) => this.source = source;

    public static List<Token> Read(string template)
    {
        if (template.Length > TemplateLimits.Source)
            throw new TemplateException(TemplateError.Syntax, $"the template has {template.Length} characters; at most {TemplateLimits.Source} are read");
        string source = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lexer = new TemplateLexer(source.EndsWith('\n') ? source[..^1] : source);
        lexer.ReadAll();
        return lexer.tokens;
    }

    private void ReadAll()
    {
        while (FindTag() is { } open)
        {
            char kind = source[open + 1];
            int inside = open + 2;
            char sign = inside < source.Length && source[inside] is '-' or '+' ? source[inside] : '\0';
            string text = source[at..open];
            text = Stripped(text, sign, isBlock: kind != '{');
            AddData(text, source[at..open]);
            at = sign == '\0' ? inside : inside + 1;
            ReadTag(kind);
            lineBegins = source[at - 1] == '\n';
        }
        AddData(source[at..], source[at..]);
        tokens.Add(new Token(TokenKind.End, "", line));
    }

    private int? FindTag()
    {
        for (int i = source.IndexOf('{', at); i >= 0 && i + 1 < source.Length; i = source.IndexOf('{', i + 1))
            if (source[i + 1] is '{' or '%' or '#')
                return i;
        return null;
    }

    private string Stripped(string text, char sign, bool isBlock)
    {
        if (sign == '-')
            return PythonText.Trim(text, null, start: false, end: true);
        if (sign == '+' || !isBlock)
            return text;
        int lineStart = text.LastIndexOf('\n') + 1;
        bool blank = text.AsSpan(lineStart).Trim(' ').IsEmpty || text.Skip(lineStart).All(PythonText.IsSpace);
        return (lineStart > 0 || lineBegins) && blank ? text[..lineStart] : text;
    }

    private void AddData(string text, string original)
    {
        if (text.Length > 0)
            tokens.Add(new Token(TokenKind.Data, text, line));
        line += original.Count(c => c == '\n');
    }

    private void ReadTag(char kind)
    {
        if (kind == '#')
            ReadComment();
        else if (kind == '%' && TryReadRaw())
            return;
        else
        {
            bool isBlock = kind == '%';
            tokens.Add(new Token(isBlock ? TokenKind.BlockBegin : TokenKind.VariableBegin, "", line));
            var inside = new ExpressionLexer(source, at, line, isBlock, tokens);
            (at, line) = inside.Read();
            tokens.Add(new Token(isBlock ? TokenKind.BlockEnd : TokenKind.VariableEnd, "", line));
            CloseTag(isBlock, isBlock ? "%}" : "}}");
        }
    }

    private void ReadComment()
    {
        int end = source.IndexOf("#}", at, StringComparison.Ordinal);
        if (end < 0)
            throw new TemplateException(TemplateError.Syntax, "Missing end of comment tag", line);
        bool signed = end > at && source[end - 1] is '-' or '+';
        int stop = signed ? end - 1 : end;
        line += Newlines(at, stop);
        at = stop;
        CloseTag(isBlock: true, "#}");
    }

    /// <summary>Passes the end of a tag and the whitespace that goes with it.</summary>
    private void CloseTag(bool isBlock, string close)
    {
        char sign = source[at] is '-' or '+' ? source[at] : '\0';
        at += close.Length + (sign == '\0' ? 0 : 1);
        int from = at;
        if (sign == '-')
            SkipSpace();
        else if (isBlock && sign == '\0' && at < source.Length && source[at] == '\n')
            at++;
        line += Newlines(from, at);
    }

    // {% raw %} … {% endraw %}: the text between is copied
    private bool TryReadRaw()
    {
        int from = at;
        SkipSpace();
        bool begins = source.AsSpan(at).StartsWith("raw", StringComparison.Ordinal);
        if (begins)
        {
            at += 3;
            SkipSpace();
        }
        bool trims = begins && source.AsSpan(at).StartsWith("-%}", StringComparison.Ordinal);
        if (!begins || (!trims && !source.AsSpan(at).StartsWith("%}", StringComparison.Ordinal)))
        {
            at = from;
            return false;
        }
        at += trims ? 3 : 2;
        if (trims)
            SkipSpace();
        line += Newlines(from, at);
        lineBegins = source[at - 1] == '\n';
        ReadRawText();
        return true;
    }

    private void ReadRawText()
    {
        int begin = at;
        for (int open = source.IndexOf("{%", at, StringComparison.Ordinal); open >= 0; open = source.IndexOf("{%", open + 2, StringComparison.Ordinal))
        {
            at = open + 2;
            char sign = at < source.Length && source[at] is '-' or '+' ? source[at++] : '\0';
            SkipSpace();
            if (!source.AsSpan(at).StartsWith("endraw", StringComparison.Ordinal))
                continue;
            at += "endraw".Length;
            SkipSpace();
            var rest = source.AsSpan(at);
            if (!rest.StartsWith("%}") && !rest.StartsWith("-%}") && !rest.StartsWith("+%}"))
                continue;
            AddData(Stripped(source[begin..open], sign, isBlock: true), source[begin..open]);
            line += Newlines(open, at);
            CloseTag(isBlock: true, "%}");
            return;
        }
        throw new TemplateException(TemplateError.Syntax, "Missing end of raw directive", line);
    }

    private void SkipSpace()
    {
        while (at < source.Length && PythonText.IsSpace(source[at]))
            at++;
    }

    private int Newlines(int from, int to) => source.AsSpan(from, to - from).Count('\n');
}
