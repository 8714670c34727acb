using System.Globalization;
using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Cuts the inside of one tag into words, up to the tag's end, which it leaves unread.</summary>
internal sealed class ExpressionLexer(string source, int start, int startLine, bool isBlock, List<Token> tokens)
{
    private static readonly string[] s_operators =
    [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";",
    ];

    private readonly Stack<char> open = new();
    private int at = start;
    private int line = startLine;

    public (int At, int Line) Read()
    {
        string close = isBlock ? "%}" : "}}";
        while (true)
        {
            if (at >= source.Length)
                throw Error(open.Count > 0
                    ? $"unexpected end of template, expected '{open.Peek()}'."
                    : $"unexpected end of template, expected '{(isBlock ? "end of statement block" : "end of print statement")}'.");
            if (open.Count == 0 && IsEnd(close))
                return (at, line);
            char c = source[at];
            if (PythonText.IsSpace(c))
            {
                line += c == '\n' ? 1 : 0;
                at++;
            }
            else if (char.IsAsciiDigit(c))
                ReadNumber();
            else if (c is '\'' or '"')
                ReadString(c);
            else if (Rune.TryGetRuneAt(source, at, out var rune) && PythonText.IsWord(rune))
                ReadName();
            else
                ReadOperator();
        }
    }

    private bool IsEnd(string close)
    {
        var rest = source.AsSpan(at);
        return rest.StartsWith(close) || (rest[0] == '-' || (isBlock && rest[0] == '+')) && rest[1..].StartsWith(close);
    }

    private void Add(TokenKind kind, string text, object? value = null) => tokens.Add(new Token(kind, text, line, value));

    private TemplateException Error(string reason) => new(TemplateError.Syntax, reason, line);

    private void ReadName()
    {
        int from = at;
        while (at < source.Length && Rune.TryGetRuneAt(source, at, out var rune) && PythonText.IsWord(rune))
            at += rune.Utf16SequenceLength;
        string name = source[from..at];
        if (!PythonText.IsIdentifier(name))
            throw Error("Invalid character in identifier");
        Add(TokenKind.Name, name);
    }

    private void ReadString(char quote)
    {
        int from = ++at;
        while (at < source.Length && source[at] != quote)
            at += source[at] == '\\' ? 2 : 1;
        if (at >= source.Length)
            throw Error($"unexpected char {Display.Repr(quote.ToString())} at {from - 1}: the string does not end");
        string quoted = source[from..at++];
        Add(TokenKind.String, StringLiteral.Unescape(quoted, line));
        line += quoted.Count(c => c == '\n');
    }

    private void ReadOperator()
    {
        string? found = Array.Find(s_operators, o => string.CompareOrdinal(source, at, o, 0, o.Length) == 0)
            ?? throw Error($"unexpected char {Display.Repr(PythonText.At(source[at..Math.Min(at + 2, source.Length)], 0))} at {at}");
        if (found is "(" or "[" or "{")
            open.Push(found == "(" ? ')' : found == "[" ? ']' : '}');
        else if (found is ")" or "]" or "}")
        {
            if (open.Count == 0)
                throw Error($"unexpected '{found}'");
            if (open.Pop() is var expected && expected != found[0])
                throw Error($"unexpected '{found}', expected '{expected}'");
        }
        if (open.Count > TemplateLimits.Nesting)
            throw Error($"more than {TemplateLimits.Nesting} nested brackets");
        Add(TokenKind.Operator, found);
        at += found.Length;
    }

    private void ReadNumber()
    {
        int from = at;
        bool afterDot = at > 0 && source[at - 1] == '.';
        if (!afterDot && TryReadReal())
        {
            double value = double.Parse(Clean(from), NumberStyles.Float, CultureInfo.InvariantCulture);
            Add(TokenKind.Float, source[from..at], value);
            return;
        }
        at = from;
        int numberBase = 10;
        if (source[at] == '0' && at + 1 < source.Length)
            numberBase = char.ToLowerInvariant(source[at + 1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 10 };
        if (numberBase != 10 && SkipDigits(at + 2, numberBase, leadingUnderscore: true) is var end && end > at + 2)
            at = end;
        else if (source[at] == '0')
            at = SkipDigits(at, 1, leadingUnderscore: false);
        else
            at = SkipDigits(at, 10, leadingUnderscore: false);
        string text = source[from..at];
        if (text.Length > 4300)
            throw Error("an integer of more than 4300 digits");
        Add(TokenKind.Integer, text, Number.ParseInteger(text, numberBase == 10 ? 10 : 0) ?? (object)0L);
    }

    private string Clean(int from) => source[from..at].Replace("_", "", StringComparison.Ordinal);

    // digits with a fraction, an exponent or both
    private bool TryReadReal()
    {
        at = SkipDigits(at, 10, leadingUnderscore: false);
        bool real = false;
        if (at + 1 < source.Length && source[at] == '.' && char.IsAsciiDigit(source[at + 1]))
        {
            at = SkipDigits(at + 1, 10, leadingUnderscore: false);
            real = true;
        }
        if (at < source.Length && source[at] is 'e' or 'E')
        {
            int digits = at + 1 < source.Length && source[at + 1] is '+' or '-' ? at + 2 : at + 1;
            int end = SkipDigits(digits, 10, leadingUnderscore: false);
            if (end > digits)
            {
                at = end;
                real = true;
            }
        }
        return real;
    }

    private int SkipDigits(int from, int numberBase, bool leadingUnderscore)
    {
        int i = from;
        while (true)
        {
            int digit = i < source.Length && source[i] == '_' && (i > from || leadingUnderscore) ? i + 1 : i;
            if (digit >= source.Length || !char.IsAsciiHexDigit(source[digit]))
                return i;
            int value = char.IsAsciiDigit(source[digit]) ? source[digit] - '0' : char.ToLowerInvariant(source[digit]) - 'a' + 10;
            if (value >= numberBase)
                return i;
            i = digit + 1;
        }
    }
}
