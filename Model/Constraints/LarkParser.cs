namespace Managed.Constraints;

/// <summary>
/// Lark grammars in the dialect of llguidance: rules in small letters, terminals in capitals, `/regexes/`, `%ignore`; the sentence is `start`.
/// A text belongs to the grammar if the rules derive it in any way: terminals are not longest matches.
/// </summary>
internal sealed class LarkParser
{
    private const string What = "Lark grammar", Ignored = "%ignore";
    private readonly ExpressionReader reader;
    private readonly Dictionary<string, Expression> rules = [];
    private readonly List<Expression> ignored = [];
    private readonly bool ignores;

    private LarkParser(string text)
    {
        reader = new(text, What);
        ignores = text.Contains(Ignored, StringComparison.Ordinal);
    }

    public static Rule Compile(string text)
    {
        if (text.Length > ExpressionReader.MaxLength)
            throw new ConstraintException($"the Lark grammar has {text.Length} characters; at most {ExpressionReader.MaxLength} are taken.");
        var parser = new LarkParser(text);
        parser.ParseStatements();
        if (!parser.rules.ContainsKey("start"))
            throw new ConstraintException($"{What}: there is no rule 'start', with which a sentence begins.");
        string root = "start";
        if (parser.ignores)
        {
            parser.rules[Ignored] = new Expression.Repeat(new Expression.Choice(parser.ignored), 0, Expression.Unbounded);
            parser.rules[root = "%start"] = new Expression.Sequence([new Expression.Reference("start"), new Expression.Reference(Ignored)]);
        }
        return GrammarCompiler.Compile(parser.rules, root, What);
    }

    private void ParseStatements()
    {
        for (SkipSpace(newlines: true); !reader.AtEnd; SkipSpace(newlines: true))
        {
            if (reader.Current == '%')
                ParseDirective();
            else
                ParseRule();
            SkipSpace(newlines: false);
            if (!reader.AtEnd && reader.Current is not ('\r' or '\n'))
                throw reader.Error($"unexpected {reader.Found}");
        }
    }

    private void ParseDirective()
    {
        if (reader.Skip(Ignored))
        {
            SkipSpace(newlines: false);
            ignored.Add(ParseChoice(terminal: true, nested: false));
            return;
        }
        if (!reader.Skip("%import"))
            throw reader.Error($"the directive '{reader.TakeWhile(c => !char.IsWhiteSpace(c))}' is not supported; %ignore and %import common.NAME are");
        SkipSpace(newlines: false);
        reader.Expect("common.", "after %import: no other module is known");
        string name = ParseName();
        var terminal = LarkCommon.Find(name)
            ?? throw reader.Error($"common has no terminal '{name}' here; it has {string.Join(", ", LarkCommon.Names)}");
        SkipSpace(newlines: false);
        if (reader.Skip("->"))
        {
            SkipSpace(newlines: false);
            name = ParseName();
        }
        if (!rules.TryAdd(name, terminal))
            throw reader.Error($"the terminal '{name}' is defined twice");
    }

    private void ParseRule()
    {
        reader.TakeWhile(c => c is '?' or '!');
        string name = ParseName();
        if (reader.Current is '{' or '[')
            throw reader.Error("rule templates and rule attributes are not supported");
        if (reader.Skip("."))
            throw reader.Error("priorities are not supported: every way to read a text counts");
        SkipSpace(newlines: false);
        reader.Expect(":", $"after the rule name '{name}'");
        SkipSpace(newlines: true);
        if (!rules.TryAdd(name, ParseChoice(IsTerminal(name), nested: false)))
            throw reader.Error($"the rule '{name}' is defined twice");
    }

    private static bool IsTerminal(string name) => char.IsUpper(name.TrimStart('_') is { Length: > 0 } letters ? letters[0] : 'a');

    private string ParseName() => reader.TakeWhile(c => char.IsLetterOrDigit(c) || c is '_' or '-') is { Length: > 0 } name
        ? name : throw reader.Error($"expected a rule's name, found {reader.Found}");

    private Expression ParseChoice(bool terminal, bool nested)
    {
        reader.Enter();
        var options = new List<Expression>();
        do
        {
            SkipSpace(nested);
            options.Add(ParseSequence(terminal, nested));
        } while (SkipBar());
        reader.Leave();
        return options.Count == 1 ? options[0] : new Expression.Choice(options);
    }

    // An alternative may begin on a new line.
    private bool SkipBar()
    {
        int back = reader.Position;
        SkipSpace(newlines: true);
        if (reader.Skip("|"))
            return true;
        reader.Position = back;
        return false;
    }

    private Expression.Sequence ParseSequence(bool terminal, bool nested)
    {
        var parts = new List<Expression>();
        while (ParseAtom(terminal) is { } item)
        {
            parts.Add(reader.TakeRepetitions(item, ParseBounds));
            SkipSpace(nested);
        }
        if (reader.Skip("->")) // names a tree's node; there are no trees here
        {
            SkipSpace(newlines: false);
            ParseName();
            SkipSpace(nested);
        }
        return new(parts);
    }

    private (int Min, int Max)? ParseBounds()
    {
        if (reader.Skip("*")) return (0, Expression.Unbounded);
        if (reader.Skip("+")) return (1, Expression.Unbounded);
        if (reader.Skip("?")) return (0, 1);
        if (reader.Skip("{")) return reader.TakeBounds();
        int back = reader.Position;
        SkipSpace(newlines: false);
        if (reader.Skip("~"))
        {
            SkipSpace(newlines: false);
            int min = reader.TakeCount();
            int max = reader.Skip("..") ? reader.TakeCount() : min;
            return max >= min ? (min, max) : throw reader.Error($"a repetition of at least {min} and at most {max}");
        }
        reader.Position = back;
        return null;
    }

    private Expression? ParseAtom(bool terminal)
    {
        switch (reader.Current)
        {
            case '"':
                string text = ParseString();
                if (!reader.Skip(".."))
                    return Terminal(reader.Skip("i") ? Expression.TextOfAnyCase(text) : Expression.Text(text), terminal);
                string last = ParseString();
                if (text.EnumerateRunes().Count() != 1 || last.EnumerateRunes().Count() != 1)
                    throw reader.Error("a range needs a single character at each end");
                return Terminal(new Expression.Characters(CodePointSet.Range(char.ConvertToUtf32(text, 0), char.ConvertToUtf32(last, 0))), terminal);
            case '/':
                return Terminal(ParseRegex(), terminal);
            case '(' or '[':
                bool optional = reader.TakeCodePoint() == '[';
                var group = ParseChoice(terminal, nested: true);
                SkipSpace(newlines: true);
                reader.Expect(optional ? "]" : ")", "to end a group");
                return optional ? new Expression.Repeat(group, 0, 1) : group;
            case '%':
                if (!reader.Skip("%json"))
                    throw reader.Error("of the inline directives, only %json {…} is supported");
                return Terminal(new Expression.Embedded(ParseJson()), terminal);
            case '<':
                throw reader.Error("special tokens (<…>) are not supported: only text can be constrained");
            case '&' or '~' or '!':
                throw reader.Error($"the operator {reader.Found} is not supported");
            case '_' or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z'):
                string name = ParseName();
                if (terminal && !IsTerminal(name))
                    throw reader.Error($"a terminal refers to the rule '{name}'; terminals are made of terminals");
                return IsTerminal(name) ? Terminal(new Expression.Reference(name), terminal) : new Expression.Reference(name);
            default:
                return null;
        }
    }

    // Whatever is ignored may stand before every terminal, but not inside one.
    private Expression Terminal(Expression expression, bool inTerminal) =>
        ignores && !inTerminal ? new Expression.Sequence([new Expression.Reference(Ignored), expression]) : expression;

    private string ParseString()
    {
        reader.Expect("\"", "to begin a string");
        var text = new System.Text.StringBuilder();
        while (!reader.Skip("\""))
        {
            if (reader.AtEnd || reader.Current == '\n')
                throw reader.Error("a string is not closed");
            int letter = reader.TakeCodePoint();
            if (letter == '\\')
            {
                letter = reader.TakeCodePoint();
                letter = letter switch
                {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'f' => '\f',
                    'b' => '\b',
                    '0' => 0,
                    'x' => reader.TakeHex(2),
                    'u' => reader.TakeHex(4),
                    '\\' or '"' or '/' or '\'' => letter,
                    _ => throw reader.Error($"'\\{char.ConvertFromUtf32(letter)}' is not a known escape"),
                };
                if (letter is >= 0xD800 and <= 0xDFFF)
                    throw reader.Error("half a surrogate pair is not a character");
            }
            text.Append(char.ConvertFromUtf32(letter));
        }
        return text.ToString();
    }

    private Expression ParseRegex()
    {
        reader.Expect("/", "to begin a regex");
        var pattern = new System.Text.StringBuilder();
        for (bool inClass = false; inClass || reader.Current != '/';)
        {
            if (reader.AtEnd || reader.Current == '\n')
                throw reader.Error("a regex is not closed");
            char c = (char)(reader.Current);
            reader.Position++;
            inClass = c == '[' || inClass && c != ']';
            if (c == '\\' && reader.Current == '/')
                c = '\0';
            if (c != '\0')
                pattern.Append(c);
            if (c is '\\' or '\0' && !reader.AtEnd)
            {
                pattern.Append(reader.Current);
                reader.Position++;
            }
        }
        reader.Skip("/");
        string flags = reader.TakeWhile(char.IsAsciiLetter);
        if (flags.Any(flag => flag is not ('i' or 's' or 'u')))
            throw reader.Error($"of the regex flags '{flags}', only i, s and u are supported");
        return RegexParser.FullMatch(pattern.ToString(), flags.Contains('s'), flags.Contains('i'));
    }

    private Rule ParseJson() => throw reader.Error("%json is not supported yet");

    private void SkipSpace(bool newlines)
    {
        while (true)
        {
            reader.TakeWhile(c => c is ' ' or '\t' || newlines && (c is '\r' or '\n'));
            if (!reader.At("//") && reader.Current != '#')
                return;
            reader.TakeWhile(c => c is not ('\r' or '\n'));
        }
    }
}
