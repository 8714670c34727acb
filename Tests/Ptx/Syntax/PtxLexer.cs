using System.Globalization;

namespace Managed.Tests.Ptx;

internal enum TokenKind { Name, Dotted, Integer, Float, Text, Mark, End }

/// <summary>A token: for numbers <paramref name="Bits"/> holds the value (integers as two's complement, floats as f64 bits or, if Single, f32 bits).</summary>
internal readonly record struct Token(TokenKind Kind, string Text, int Line, ulong Bits = 0, bool Single = false, bool Adjacent = false)
{
    public bool Is(string mark) => Kind == TokenKind.Mark && Text == mark;
}

/// <summary>Cuts a module's text into tokens. A dot with the name behind it is one token: ".global", ".shared::cta".</summary>
internal sealed class PtxLexer
{
    private readonly string _text;
    private readonly List<Token> _tokens = [];
    private int _position;
    private int _line = 1;

    private PtxLexer(string text)
    {
        _text = text;
        Lines = text.Split('\n');
    }

    private string[] Lines { get; }

    public static (List<Token> Tokens, string[] Lines) Read(string text)
    {
        var lexer = new PtxLexer(text);
        lexer.ReadAll();
        return (lexer._tokens, lexer.Lines);
    }

    private PtxException Error(string problem) => new(_line, Lines[_line - 1], problem);

    private char Peek(int ahead = 0) => _position + ahead < _text.Length ? _text[_position + ahead] : '\0';

    private static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c is '_' or '$' or '%';

    private static bool IsNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '$';

    private void ReadAll()
    {
        foreach ((int index, string line) in Lines.Index())
            foreach (char c in line)
                if (c > 126 || (c < 32 && c is not '\t' and not '\r'))
                    throw new PtxException(index + 1, line, $"character U+{(int)c:X4} is not ASCII text; ptxas refuses it, in comments too.");
        while (_position < _text.Length)
        {
            char c = Peek();
            if (c == '\n')
                _line++;
            if (char.IsWhiteSpace(c))
                _position++;
            else if (c == '/' && Peek(1) is '/' or '*')
                SkipComment();
            else
                ReadToken(c, _position > 0 && IsNamePart(_text[_position - 1]));
        }
        _tokens.Add(new Token(TokenKind.End, "end of text", _line));
    }

    private void SkipComment()
    {
        string end = Peek(1) == '/' ? "\n" : "*/";
        int stop = _text.IndexOf(end, _position + 2, StringComparison.Ordinal);
        if (stop < 0 && end != "\n")
            throw Error("a comment that begins here never ends.");
        int next = stop < 0 ? _text.Length : end == "\n" ? stop : stop + 2;
        _line += _text.AsSpan(_position, next - _position).Count('\n');
        _position = next;
    }

    private void ReadToken(char c, bool adjacent)
    {
        int start = _position;
        if (IsNameStart(c))
        {
            _position++;
            while (IsNamePart(Peek()))
                _position++;
            _tokens.Add(new Token(TokenKind.Name, _text[start.._position], _line));
        }
        else if (char.IsAsciiDigit(c))
            ReadNumber();
        else if (c == '.' && IsNamePart(Peek(1)))
        {
            _position++;
            while (IsNamePart(Peek()) || (Peek() == ':' && Peek(1) == ':' && IsNamePart(Peek(2))) || (Peek() == ':' && _text[_position - 1] == ':'))
                _position++;
            _tokens.Add(new Token(TokenKind.Dotted, _text[(start + 1).._position], _line, Adjacent: adjacent));
        }
        else if (c == '"')
        {
            int end = _text.IndexOf('"', start + 1);
            if (end < 0)
                throw Error("a string that begins here never ends.");
            _position = end + 1;
            _tokens.Add(new Token(TokenKind.Text, _text[(start + 1)..end], _line));
        }
        else if ("{}[](),;:@!|<>=+-".Contains(c, StringComparison.Ordinal))
        {
            _position++;
            _tokens.Add(new Token(TokenKind.Mark, c.ToString(), _line));
        }
        else
            throw Error($"unexpected character '{c}'.");
    }

    private void ReadNumber()
    {
        int start = _position;
        bool hexadecimal = Peek() == '0' && Peek(1) is 'x' or 'X' or 'f' or 'F' or 'd' or 'D';
        while (char.IsAsciiLetterOrDigit(Peek()) || Peek() == '.' || (!hexadecimal && Peek() is '+' or '-' && _text[_position - 1] is 'e' or 'E'))
            _position++;
        string text = _text[start.._position];
        _tokens.Add(ParseNumber(text));
    }

    private Token ParseNumber(string text)
    {
        const NumberStyles hex = NumberStyles.AllowHexSpecifier;
        CultureInfo invariant = CultureInfo.InvariantCulture;
        ulong bits;
        if (text.Length > 1 && text[0] == '0' && text[1] is 'f' or 'F')
            return text.Length == 10 && ulong.TryParse(text.AsSpan(2), hex, invariant, out bits)
                ? new Token(TokenKind.Float, text, _line, bits, Single: true) : throw Error($"'{text}' is not 0f and eight hexadecimal digits.");
        if (text.Length > 1 && text[0] == '0' && text[1] is 'd' or 'D')
            return text.Length == 18 && ulong.TryParse(text.AsSpan(2), hex, invariant, out bits)
                ? new Token(TokenKind.Float, text, _line, bits) : throw Error($"'{text}' is not 0d and sixteen hexadecimal digits.");
        string digits = text.TrimEnd('U');
        bool isInteger = digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? ulong.TryParse(digits.AsSpan(2), hex, invariant, out bits)
            : digits.StartsWith("0b", StringComparison.OrdinalIgnoreCase) ? ulong.TryParse(digits.AsSpan(2), NumberStyles.AllowBinarySpecifier, invariant, out bits)
            : digits.Length > 1 && digits[0] == '0' && digits.All(char.IsAsciiDigit) ? TryOctal(digits, out bits)
            : ulong.TryParse(digits, NumberStyles.None, invariant, out bits);
        if (isInteger)
            return new Token(TokenKind.Integer, text, _line, bits);
        return double.TryParse(text, NumberStyles.Float, invariant, out double value) && text.Contains('.', StringComparison.Ordinal)
            ? new Token(TokenKind.Float, text, _line, BitConverter.DoubleToUInt64Bits(value)) : throw Error($"'{text}' is not a number.");
    }

    private static bool TryOctal(string digits, out ulong bits)
    {
        bits = 0;
        foreach (char c in digits)
        {
            if (c > '7')
                return false;
            bits = (bits * 8) + (ulong)(c - '0');
        }
        return true;
    }
}
