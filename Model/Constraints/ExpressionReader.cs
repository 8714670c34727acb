namespace Managed.Constraints;

/// <summary>A text being parsed into an expression: where it stands, and errors that say so.</summary>
internal sealed class ExpressionReader(string text, string what)
{
    public const int MaxLength = 1 << 20;

    public int Position { get; set; }
    public int Depth { get; private set; }
    public bool AtEnd => Position >= text.Length;
    public char Current => AtEnd ? '\0' : text[Position];
    public char Peek(int ahead) => Position + ahead < text.Length ? text[Position + ahead] : '\0';

    public bool At(string expected) => string.CompareOrdinal(text, Position, expected, 0, expected.Length) == 0;

    public bool Skip(string expected)
    {
        if (!At(expected))
            return false;
        Position += expected.Length;
        return true;
    }

    public void Expect(string expected, string reason)
    {
        if (!Skip(expected))
            throw Error($"expected '{expected}' {reason}, found {Found}");
    }

    public string Found => AtEnd ? "the end" : $"'{char.ConvertFromUtf32(PeekCodePoint())}'";

    public string TakeWhile(Func<char, bool> member)
    {
        int from = Position;
        while (!AtEnd && member(Current))
            Position++;
        return text[from..Position];
    }

    public int TakeCodePoint()
    {
        int codePoint = PeekCodePoint();
        Position += codePoint > 0xFFFF ? 2 : 1;
        return codePoint;
    }

    private int PeekCodePoint()
    {
        if (AtEnd)
            throw Error("ends too early");
        if (!char.IsSurrogate(Current))
            return Current;
        if (char.IsHighSurrogate(Current) && char.IsLowSurrogate(Peek(1)))
            return char.ConvertToUtf32(Current, Peek(1));
        throw Error("holds half a surrogate pair");
    }

    public int TakeHex(int digits)
    {
        int value = 0;
        for (int i = 0; i < digits; i++, Position++)
        {
            if (!char.IsAsciiHexDigit(Current))
                throw Error($"expected {digits} hexadecimal digits in an escape, found {Found}");
            value = value << 4 | Convert.ToInt32(Current.ToString(), 16);
        }
        return value;
    }

    /// <summary>A decimal count, as in `{3}`.</summary>
    public int TakeCount()
    {
        string digits = TakeWhile(char.IsAsciiDigit);
        if (digits.Length is 0 or > 9)
            throw Error(digits.Length == 0 ? $"expected a count, found {Found}" : $"the count {digits} is too large");
        return int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The bounds of `{m}`, `{m,}`, `{,n}` or `{m,n}`, after the opening brace.</summary>
    public (int Min, int Max) TakeBounds()
    {
        SkipBlanks();
        int min = Current == ',' ? 0 : TakeCount(), max = min;
        SkipBlanks();
        if (Skip(","))
        {
            SkipBlanks();
            max = Current == '}' ? Expression.Unbounded : TakeCount();
            SkipBlanks();
        }
        Expect("}", "after a repetition's count");
        if (max < min)
            throw Error($"a repetition of at least {min} and at most {max}");
        return (min, max);
    }

    /// <summary>The item below all repetitions that are written behind it; each is a level of nesting.</summary>
    public Expression TakeRepetitions(Expression item, Func<(int Min, int Max)?> takeBounds)
    {
        for (int levels = 1; takeBounds() is var (min, max); levels++)
        {
            CheckDepth(Depth + levels);
            item = new Expression.Repeat(item, min, max);
        }
        return item;
    }

    private void SkipBlanks() => TakeWhile(c => c is ' ' or '\t');

    /// <summary>Counts a level of nesting; refuses too many.</summary>
    public void Enter() => CheckDepth(++Depth);

    public void Leave() => Depth--;

    // Where this is costs a walk through the text, and is only asked for where it is told.
    private void CheckDepth(int depth)
    {
        if (depth > Expression.MaxDepth)
            Expression.CheckDepth(depth, Where);
    }

    public ConstraintException Error(string message) => new($"{Where}: {message}.");

    private string Where
    {
        get
        {
            int at = Math.Min(Position, text.Length);
            int line = text.AsSpan(0, at).Count('\n') + 1, column = at - text.LastIndexOf('\n', Math.Max(at - 1, 0), Math.Max(at, 0) == 0 ? 0 : at);
            return text.Contains('\n') ? $"{what}, line {line}, column {column}" : $"{what} at character {at}";
        }
    }
}
