namespace Managed.Constraints;

/// <summary>
/// Regular expressions in the syntax that ECMAScript, Rust and Python share: literals, classes, groups, alternatives, repetitions,
/// anchors at the ends. What no automaton can do (back references, look-around) is refused.
/// </summary>
internal sealed class RegexParser
{
    private readonly ExpressionReader reader;
    private readonly bool dotMatchesNewline, ignoreCase;

    private RegexParser(string pattern, bool dotMatchesNewline, bool ignoreCase)
    {
        if (pattern.Length > ExpressionReader.MaxLength)
            throw new ConstraintException($"the regex has {pattern.Length} characters; at most {ExpressionReader.MaxLength} are taken.");
        reader = new(pattern, $"regex /{(pattern.Length > 60 ? pattern[..60] + "…" : pattern)}/");
        (this.dotMatchesNewline, this.ignoreCase) = (dotMatchesNewline, ignoreCase);
    }

    /// <summary>The texts that the regex matches from end to end.</summary>
    public static Expression FullMatch(string pattern, bool dotMatchesNewline = false, bool ignoreCase = false)
    {
        var parser = new RegexParser(pattern, dotMatchesNewline, ignoreCase);
        return RegexAnchors.FullMatch(parser.ParseAll(), parser.reader);
    }

    /// <summary>The texts in which the regex matches somewhere.</summary>
    public static Expression Search(string pattern)
    {
        var parser = new RegexParser(pattern, false, false);
        return RegexAnchors.Search(parser.ParseAll(), parser.reader);
    }

    private Expression ParseAll()
    {
        var expression = ParseChoice();
        if (!reader.AtEnd)
            throw reader.Error($"unexpected {reader.Found}");
        return expression;
    }

    private Expression ParseChoice()
    {
        reader.Enter();
        var options = new List<Expression> { ParseSequence() };
        while (reader.Skip("|"))
            options.Add(ParseSequence());
        reader.Leave();
        return options.Count == 1 ? options[0] : new Expression.Choice(options);
    }

    private Expression.Sequence ParseSequence()
    {
        var parts = new List<Expression>();
        while (!reader.AtEnd && reader.Current is not ('|' or ')'))
            parts.Add(ParseRepeat(ParseAtom()));
        return new(parts);
    }

    private Expression ParseRepeat(Expression item)
    {
        for (int repeats = 0; ; repeats++)
        {
            (int Min, int Max)? bounds = null;
            if (reader.Skip("*")) bounds = (0, Expression.Unbounded);
            else if (reader.Skip("+")) bounds = (1, Expression.Unbounded);
            else if (reader.Skip("?")) bounds = (0, 1);
            else if (reader.Current == '{' && (char.IsAsciiDigit(reader.Peek(1)) || reader.Peek(1) == ','))
            {
                reader.Skip("{");
                bounds = reader.TakeBounds();
            }
            if (bounds is null)
                return item;
            if (item is Expression.Anchor || repeats > 0)
                throw reader.Error(repeats > 0 ? "a repetition of a repetition; put the inner one into parentheses" : "an anchor cannot be repeated");
            reader.Skip("?"); // lazy: the same language
            if (reader.Current == '+')
                throw reader.Error("possessive repetition is not supported");
            item = new Expression.Repeat(item, bounds.Value.Min, bounds.Value.Max);
        }
    }

    private Expression ParseAtom()
    {
        switch (reader.Current)
        {
            case '(':
                reader.Skip("(");
                if (reader.Skip("?") && !reader.Skip(":"))
                {
                    reader.Skip("P");
                    if (!(reader.Current == '<' && char.IsLetter(reader.Peek(1))))
                        throw reader.Error("look-around, inline flags and conditional groups are not supported");
                    reader.TakeWhile(c => c != '>');
                    reader.Expect(">", "after a group's name");
                }
                var group = ParseChoice();
                reader.Expect(")", "to end a group");
                return group;
            case '[':
                return new Expression.Characters(ParseClass());
            case '.':
                reader.Skip(".");
                return new Expression.Characters(dotMatchesNewline ? CodePointSet.Any : CharacterClasses.Dot);
            case '^' or '$':
                return new Expression.Anchor(reader.TakeCodePoint() == '^');
            case '\\':
                reader.Skip("\\");
                var set = ParseEscape(negated: false, inClass: false, out int single);
                return new Expression.Characters(set ?? Single(single));
            case '*' or '+' or '?':
                throw reader.Error($"{reader.Found} has nothing to repeat");
            default:
                return new Expression.Characters(Single(reader.TakeCodePoint()));
        }
    }

    private CodePointSet Single(int codePoint) => ignoreCase ? BothCases(CodePointSet.Range(codePoint, codePoint), codePoint, codePoint) : CodePointSet.Range(codePoint, codePoint);

    private static CodePointSet BothCases(CodePointSet set, int first, int last)
    {
        for (int codePoint = first; codePoint <= last; codePoint++)
            if (System.Text.Rune.IsValid(codePoint))
            {
                var rune = new System.Text.Rune(codePoint);
                int lower = System.Text.Rune.ToLowerInvariant(rune).Value, upper = System.Text.Rune.ToUpperInvariant(rune).Value;
                if (lower != upper)
                    set = set.Union(CodePointSet.Range(lower, lower)).Union(CodePointSet.Range(upper, upper));
            }
        return set;
    }

    private CodePointSet ParseClass()
    {
        reader.Expect("[", "to begin a class");
        bool negated = reader.Skip("^");
        var members = CodePointSet.None;
        while (reader.Current != ']')
        {
            if (reader.AtEnd)
                throw reader.Error("a class lacks its closing ']'");
            if (reader.At("[:") || reader.At("&&"))
                throw reader.Error("named classes and intersections inside brackets are not supported; escape the first character if it is meant literally");
            var set = ParseMember(negated, out int first);
            if (reader.Current == '-' && reader.Peek(1) is not (']' or '\0'))
            {
                reader.Skip("-");
                if (set is not null || ParseMember(negated, out int last) is not null)
                    throw reader.Error("a range inside brackets needs a character at each end");
                if (last < first)
                    throw reader.Error($"a range from U+{first:X4} down to U+{last:X4}");
                set = CodePointSet.Range(first, last);
                if (ignoreCase && last - first < 0x1000)
                    set = BothCases(set, first, last);
            }
            members = members.Union(set ?? Single(first));
        }
        reader.Skip("]");
        return negated ? members.Complement() : members;
    }

    private CodePointSet? ParseMember(bool negated, out int single)
    {
        if (reader.Skip("\\"))
            return ParseEscape(negated, inClass: true, out single);
        single = reader.TakeCodePoint();
        return null;
    }

    // A set, or null and a single code point.
    private CodePointSet? ParseEscape(bool negated, bool inClass, out int single)
    {
        single = 0;
        if (reader.AtEnd)
            throw reader.Error("ends in a backslash");
        int letter = reader.TakeCodePoint();
        if (letter < 128 && CharacterClasses.Shorthand(letter, negated) is { } set && char.IsAsciiLetter((char)letter))
            return set;
        if (letter is 'p' or 'P')
        {
            reader.Expect("{", "after \\p");
            string name = reader.TakeWhile(c => c != '}');
            reader.Expect("}", "after a category's name");
            var category = CharacterClasses.Category(name[(name.LastIndexOf('=') + 1)..])
                ?? throw reader.Error($"'{name}' is not a general category (L, Lu, Nd, …); scripts and other properties are not supported");
            return letter == 'P' ? category.Complement() : category;
        }
        single = letter switch
        {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'f' => '\f',
            'v' => '\v',
            'b' when inClass => '\b',
            '0' when !char.IsAsciiDigit(reader.Current) => 0,
            'x' when reader.Current != '{' => reader.TakeHex(2),
            'x' or 'u' when reader.Current == '{' => TakeBraced(),
            'u' => TakeUtf16(),
            'A' or 'z' or 'Z' or 'b' or 'B' or 'k' or 'G' or >= '1' and <= '9' =>
                throw reader.Error($"'\\{(char)letter}' is not supported: word boundaries and back references are beyond a finite automaton's texts here"),
            < 128 when char.IsAsciiLetterOrDigit((char)letter) => throw reader.Error($"'\\{(char)letter}' is not a known escape"),
            _ => letter,
        };
        return null;
    }

    private int TakeBraced()
    {
        reader.Skip("{");
        string digits = reader.TakeWhile(char.IsAsciiHexDigit);
        reader.Expect("}", "after an escaped code point");
        if (digits.Length is 0 or > 6 || Convert.ToInt32(digits, 16) is var value && value >= CodePointSet.End)
            throw reader.Error($"'{digits}' is not a code point");
        return value;
    }

    private int TakeUtf16()
    {
        int unit = reader.TakeHex(4);
        if (!char.IsHighSurrogate((char)unit) || !reader.At("\\u"))
            return unit;
        reader.Skip("\\u");
        int low = reader.TakeHex(4);
        if (!char.IsLowSurrogate((char)low))
            throw reader.Error("a high surrogate without its low one");
        return char.ConvertToUtf32((char)unit, (char)low);
    }
}
