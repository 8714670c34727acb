using System.Globalization;

namespace Managed.Loader.Tokenizers;

/// <summary>Reads the regular expressions that tokenizer files carry: Oniguruma's Ruby syntax, without captures and back references.</summary>
/// <remarks>As there, ^ and $ are line anchors, (?m) lets . match newlines, and {n,m}+ repeats a repetition rather than being possessive.</remarks>
internal sealed class PatternParser
{
    private const int MaxDepth = 100;
    private const int MaxRepeat = 1000;
    private const int MaxQuantifiers = 8;

    private readonly int[] pattern;
    private readonly Func<string, string, CheckpointException> error;
    private int at;
    private int depth;
    private bool ignoreCase;
    private bool dotAll;
    private bool extended;

    private PatternParser(int[] pattern, Func<string, string, CheckpointException> error)
    {
        this.pattern = pattern;
        this.error = error;
    }

    /// <param name="pattern">The regular expression.</param>
    /// <param name="error">Makes the exception out of what was found and what was expected.</param>
    public static PatternNode Parse(string pattern, Func<string, string, CheckpointException> error)
    {
        var parser = new PatternParser(AlignedText.PointsOf(pattern), error);
        var node = parser.ParseChoice();
        return parser.at == parser.pattern.Length ? node : throw parser.Fail("an unmatched ')'", "balanced groups");
    }

    private int Peek => at < pattern.Length ? pattern[at] : -1;

    private CheckpointException Fail(string found, string expected) =>
        error($"{found} at character {at} of the pattern '{AlignedText.ToString(pattern)}'", expected);

    private bool Take(string text)
    {
        for (int i = 0; i < text.Length; i++)
            if (at + i >= pattern.Length || pattern[at + i] != text[i])
                return false;
        at += text.Length;
        return true;
    }

    private PatternNode ParseChoice()
    {
        if (++depth > MaxDepth)
            throw Fail($"groups nested more than {MaxDepth} deep", "a shallower pattern");
        (bool outerIgnoreCase, bool outerDotAll, bool outerExtended) = (ignoreCase, dotAll, extended);
        var branches = new List<PatternNode> { ParseSeries() };
        while (Take("|"))
            branches.Add(ParseSeries());
        (ignoreCase, dotAll, extended) = (outerIgnoreCase, outerDotAll, outerExtended);
        depth--;
        return branches.Count == 1 ? branches[0] : new PatternNode.Choice(branches);
    }

    private PatternNode ParseSeries()
    {
        var parts = new List<PatternNode>();
        while (Peek is not (-1 or '|' or ')'))
        {
            if (extended && SkipBlank())
                continue;
            if (ParseAtom() is { } atom)
                parts.Add(ParseQuantifiers(atom));
        }
        return parts.Count switch { 0 => new PatternNode.Nothing(), 1 => parts[0], _ => new PatternNode.Series(parts) };
    }

    private bool SkipBlank()
    {
        if (Peek == '#')
        {
            while (Peek is not (-1 or '\n'))
                at++;
            return true;
        }
        if (!UnicodeFacts.IsWhiteSpace(Peek))
            return false;
        at++;
        return true;
    }

    private PatternNode ParseQuantifiers(PatternNode atom)
    {
        for (int count = 0; ; count++)
        {
            bool interval = false;
            int least, most;
            if (Take("*"))
                (least, most) = (0, -1);
            else if (Take("+"))
                (least, most) = (1, -1);
            else if (Take("?"))
                (least, most) = (0, 1);
            else if (Peek == '{' && TryInterval(out least, out most))
                interval = true;
            else
                return atom;
            if (count == MaxQuantifiers)
                throw Fail($"more than {MaxQuantifiers} quantifiers in a row", "a simpler pattern");
            bool lazy = Take("?");
            bool possessive = !lazy && !interval && Take("+");
            atom = new PatternNode.Repeat(atom, least, most, lazy);
            if (possessive)
                atom = new PatternNode.Atomic(atom);
        }
    }

    private bool TryInterval(out int least, out int most)
    {
        int start = at++;
        bool hasLeast = TryNumber(out least);
        most = least;
        if (Take(","))
        {
            if (!TryNumber(out most))
                most = hasLeast ? -1 : -2;
        }
        else if (!hasLeast)
        {
            most = -2;
        }
        if (most == -2 || !Take("}"))
        {
            at = start; // not an interval: the brace stands for itself
            return false;
        }
        if (least > MaxRepeat || most > MaxRepeat || (most >= 0 && most < least))
            throw Fail($"the interval {{{least},{most}}}", $"counts in order and up to {MaxRepeat}");
        return true;
    }

    private bool TryNumber(out int number)
    {
        number = 0;
        int start = at;
        while (Peek is >= '0' and <= '9')
            number = Math.Min(100_000, number * 10 + pattern[at++] - '0');
        return at > start;
    }

    private PatternNode? ParseAtom()
    {
        int point = pattern[at];
        switch (point)
        {
            case '(':
                return ParseGroup();
            case '[':
                at++;
                return new PatternNode.One(ParseClass());
            case '.':
                at++;
                return new PatternNode.One(AnyPoint());
            case '^':
                at++;
                return new PatternNode.At(Anchor.LineStart);
            case '$':
                at++;
                return new PatternNode.At(Anchor.LineEnd);
            case '*' or '+' or '?':
                throw Fail($"'{(char)point}' with nothing before it", "something to repeat");
            case '\\':
                at++;
                return ParseEscape();
            default:
                at++;
                return Literal(point);
        }
    }

    private PointSet AnyPoint()
    {
        var set = new PointSet { Negated = true };
        if (!dotAll)
            set.AddRange('\n', '\n');
        return set.Close(false);
    }

    private PatternNode.One Literal(int point)
    {
        var set = new PointSet();
        set.AddRange(point, point);
        return new PatternNode.One(set.Close(ignoreCase));
    }

    private PatternNode? ParseGroup()
    {
        at++;
        if (!Take("?"))
            return Close(ParseChoice());
        if (Take("#"))
        {
            while (Peek is not (-1 or ')'))
                at++;
            Expect(')');
            return null;
        }
        if (Take(":"))
            return Close(ParseChoice());
        if (Take(">"))
            return new PatternNode.Atomic(Close(ParseChoice()));
        if (Take("="))
            return new PatternNode.Look(Close(ParseChoice()), Behind: false, Negative: false);
        if (Take("!"))
            return new PatternNode.Look(Close(ParseChoice()), Behind: false, Negative: true);
        if (Take("<="))
            return new PatternNode.Look(Close(ParseChoice()), Behind: true, Negative: false);
        if (Take("<!"))
            return new PatternNode.Look(Close(ParseChoice()), Behind: true, Negative: true);
        if (Take("<") || Take("P<"))
        {
            while (Peek is not (-1 or '>'))
                at++;
            Expect('>');
            return Close(ParseChoice());
        }
        return ParseFlags();
    }

    private PatternNode? ParseFlags()
    {
        bool on = true;
        (bool i, bool m, bool x) = (ignoreCase, dotAll, extended);
        for (; Peek is not (':' or ')'); at++)
        {
            switch (Peek)
            {
                case '-': on = false; break;
                case 'i': i = on; break;
                case 'm' or 's': m = on; break;
                case 'x': x = on; break;
                case 'u' or 'U': break;
                default: throw Fail("an unknown group", "one of (?:…) (?=…) (?!…) (?<=…) (?<!…) (?>…) (?i) (?m) (?x)");
            }
        }
        if (Take(")"))
        {
            (ignoreCase, dotAll, extended) = (i, m, x); // to the end of the enclosing group
            return null;
        }
        at++;
        (bool outerI, bool outerM, bool outerX) = (ignoreCase, dotAll, extended);
        (ignoreCase, dotAll, extended) = (i, m, x);
        var body = Close(ParseChoice());
        (ignoreCase, dotAll, extended) = (outerI, outerM, outerX);
        return body;
    }

    private PatternNode Close(PatternNode body)
    {
        Expect(')');
        return body;
    }

    private void Expect(char what)
    {
        if (Peek != what)
            throw Fail(Peek < 0 ? "the end" : $"'{char.ConvertFromUtf32(Peek)}'", $"'{what}'");
        at++;
    }

    private PatternNode ParseEscape()
    {
        int point = Peek;
        Anchor? anchor = point switch
        {
            'A' => Anchor.TextStart,
            'z' => Anchor.TextEnd,
            'Z' => Anchor.TextEndOrLastNewline,
            'b' => Anchor.WordBoundary,
            'B' => Anchor.NoWordBoundary,
            _ => null,
        };
        if (anchor is { } place)
        {
            at++;
            return new PatternNode.At(place);
        }
        if (point is (>= '1' and <= '9') or 'k' or 'g' or 'G' or 'K' or 'X' or 'R')
            throw Fail($"the escape \\{(char)point}", "no back references, calls or grapheme escapes");
        if (TryClassEscape(out var set))
            return new PatternNode.One(set);
        return Literal(ParsePointEscape());
    }

    /// <summary>\d \w \s \h \p{…} and their opposites, after the backslash.</summary>
    private bool TryClassEscape(out PointSet set)
    {
        set = new PointSet();
        int point = Peek;
        switch (point)
        {
            case 'd' or 'D':
                set.AddCategories(UnicodeFacts.Mask(UnicodeCategory.DecimalDigitNumber));
                break;
            case 'w' or 'W':
                set.Add(UnicodeFacts.IsWord);
                break;
            case 's' or 'S':
                set.Add(UnicodeFacts.IsWhiteSpace);
                break;
            case 'h' or 'H':
                set.AddRange('0', '9');
                set.AddRange('a', 'f');
                set.AddRange('A', 'F');
                break;
            case 'p' or 'P':
                at++;
                string name = PropertyName(out bool caret);
                if (!PointProperties.TryAdd(set, name))
                    throw Fail($"the property '{name}'", "a general category, a script or a POSIX class");
                set.Negated = point == 'P' != caret;
                set.Close(false);
                return true;
            default:
                return false;
        }
        at++;
        set.Negated = point is >= 'A' and <= 'Z';
        set.Close(false);
        return true;
    }

    private string PropertyName(out bool caret)
    {
        caret = false;
        if (!Take("{"))
        {
            if (Peek < 0)
                throw Fail("the end", "a property's name");
            return char.ConvertFromUtf32(pattern[at++]);
        }
        caret = Take("^");
        int start = at;
        while (Peek is not (-1 or '}'))
            at++;
        string name = AlignedText.ToString(pattern.AsSpan(start, at - start));
        Expect('}');
        return name;
    }

    private int ParsePointEscape()
    {
        if (Peek < 0)
            throw Fail("a backslash at the end", "an escaped character");
        int point = pattern[at++];
        switch (point)
        {
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'f': return '\f';
            case 'v': return '\v';
            case 'a': return '\a';
            case 'e': return 0x1B;
            case '0': return 0;
            case 'u': return Take("{") ? Braced() : Hex(4, 4);
            case 'x': return Take("{") ? Braced() : Hex(1, 2);
            default: return point;
        }
    }

    private int Braced()
    {
        int point = Hex(1, 8);
        Expect('}');
        return point;
    }

    private int Hex(int least, int most)
    {
        int value = 0, digits = 0;
        while (digits < most && Peek is >= 0 and < 128 && char.IsAsciiHexDigit((char)Peek))
        {
            value = (value << 4) | Convert.ToInt32(((char)pattern[at++]).ToString(), 16);
            digits++;
        }
        if (digits < least || value is < 0 or > 0x10FFFF or (>= 0xD800 and <= 0xDFFF))
            throw Fail("a broken hexadecimal escape", "a code point");
        return value;
    }

    /// <summary>A bracket expression, after its '['.</summary>
    private PointSet ParseClass()
    {
        if (++depth > MaxDepth)
            throw Fail($"classes nested more than {MaxDepth} deep", "a shallower pattern");
        var set = new PointSet { Negated = Take("^") };
        var part = set;
        PointSet? whole = null;
        bool first = true;
        for (; Peek != ']' || first; first = false)
        {
            if (Peek < 0)
                throw Fail("the end", "']'");
            if (Take("&&"))
            {
                // [a&&b]: what was read so far becomes one part of an intersection
                whole ??= set;
                part = new PointSet();
                whole.Intersect(part);
                continue;
            }
            ParseClassItem(part);
        }
        at++;
        depth--;
        if (whole is not null && !ReferenceEquals(part, set))
            part.Close(ignoreCase);
        return set.Close(ignoreCase);
    }

    private void ParseClassItem(PointSet set)
    {
        if (Take("[:"))
        {
            bool caret = Take("^");
            int start = at;
            while (Peek is not (-1 or ':'))
                at++;
            string name = AlignedText.ToString(pattern.AsSpan(start, at - start));
            var named = new PointSet { Negated = caret };
            if (!Take(":]") || !PointProperties.TryAdd(named, name))
                throw Fail($"the class [:{name}:]", "a POSIX class");
            set.Add(named.Close(false));
            return;
        }
        if (Take("["))
        {
            set.Add(ParseClass());
            return;
        }
        int first;
        if (Take("\\"))
        {
            if (TryClassEscape(out var escaped))
            {
                set.Add(escaped);
                return;
            }
            first = Take("b") ? '\b' : ParsePointEscape();
        }
        else
        {
            first = pattern[at++];
        }
        if (Peek == '-' && at + 1 < pattern.Length && pattern[at + 1] != ']')
        {
            int mark = at++;
            if (Peek == '[' || (Peek == '\\' && at + 1 < pattern.Length && pattern[at + 1] is 'd' or 'w' or 's' or 'p'))
            {
                at = mark; // a '-' before a class stands for itself
            }
            else
            {
                int last = Take("\\") ? ParsePointEscape() : pattern[at++];
                if (last < first)
                    throw Fail("a range whose end precedes its start", "first-last");
                set.AddRange(first, last);
                return;
            }
        }
        set.AddRange(first, first);
    }
}
