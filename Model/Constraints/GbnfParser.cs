namespace Managed.Constraints;

/// <summary>GBNF, the grammar notation of llama.cpp: `name ::= alternatives`, the sentence is `root`.</summary>
internal sealed class GbnfParser
{
    private const string What = "GBNF grammar";
    private readonly ExpressionReader reader;
    private readonly Dictionary<string, Expression> rules = [];

    private GbnfParser(string text) => reader = new(text, What);

    public static Rule Compile(string text)
    {
        if (text.Length > ExpressionReader.MaxLength)
            throw new ConstraintException($"the GBNF grammar has {text.Length} characters; at most {ExpressionReader.MaxLength} are taken.");
        var parser = new GbnfParser(text);
        parser.ParseRules();
        if (!parser.rules.ContainsKey("root"))
            throw new ConstraintException($"{What}: there is no rule 'root', with which a sentence begins.");
        return GrammarCompiler.Compile(parser.rules, "root", What);
    }

    private void ParseRules()
    {
        SkipSpace(newlines: true);
        while (!reader.AtEnd)
        {
            string name = ParseName();
            SkipSpace(newlines: false);
            reader.Expect("::=", $"after the rule name '{name}'");
            SkipSpace(newlines: true);
            if (!rules.TryAdd(name, ParseChoice(nested: false)))
                throw reader.Error($"the rule '{name}' is defined twice");
            if (!reader.AtEnd && reader.Current is not ('\r' or '\n'))
                throw reader.Error($"unexpected {reader.Found}");
            SkipSpace(newlines: true);
        }
    }

    private string ParseName() =>
        reader.TakeWhile(IsNameCharacter) is { Length: > 0 } name ? name : throw reader.Error($"expected a rule's name, found {reader.Found}");

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_';

    private Expression ParseChoice(bool nested)
    {
        reader.Enter();
        var options = new List<Expression> { ParseSequence(nested) };
        while (reader.Skip("|"))
        {
            SkipSpace(newlines: true);
            options.Add(ParseSequence(nested));
        }
        reader.Leave();
        return options.Count == 1 ? options[0] : new Expression.Choice(options);
    }

    private Expression.Sequence ParseSequence(bool nested)
    {
        var parts = new List<Expression>();
        while (ParseAtom() is { } item)
        {
            parts.Add(reader.TakeRepetitions(item, ParseBounds));
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
        return null;
    }

    private Expression? ParseAtom()
    {
        if (reader.Skip("\""))
        {
            var characters = new List<Expression>();
            while (!reader.Skip("\""))
                characters.Add(new Expression.Characters(Single(ParseCharacter())));
            return new Expression.Sequence(characters);
        }
        if (reader.Skip("["))
            return new Expression.Characters(ParseClass());
        if (reader.Skip("."))
            return new Expression.Characters(CodePointSet.Any);
        if (reader.Skip("("))
        {
            SkipSpace(newlines: true);
            var group = ParseChoice(nested: true);
            reader.Expect(")", "to end a group");
            return group;
        }
        if (reader.Current is '<' or '!')
            throw reader.Error("tokens as symbols (<…>) are not supported: write the text that they stand for");
        return IsNameCharacter(reader.Current) ? new Expression.Reference(ParseName()) : null;
    }

    private CodePointSet ParseClass()
    {
        bool negated = reader.Skip("^");
        var members = CodePointSet.None;
        while (!reader.Skip("]"))
        {
            int first = ParseCharacter(), last = first;
            if (reader.Current == '-' && reader.Peek(1) != ']')
            {
                reader.Skip("-");
                last = ParseCharacter();
                if (last < first)
                    throw reader.Error($"a range from U+{first:X4} down to U+{last:X4}");
            }
            members = members.Union(CodePointSet.Range(first, last));
        }
        return negated ? members.Complement() : members;
    }

    private CodePointSet Single(int codePoint) => codePoint is >= 0xD800 and <= 0xDFFF or >= CodePointSet.End
        ? throw reader.Error($"U+{codePoint:X4} is not a character") : CodePointSet.Range(codePoint, codePoint);

    private int ParseCharacter()
    {
        if (reader.AtEnd)
            throw reader.Error("a literal or class is not closed");
        if (!reader.Skip("\\"))
            return reader.TakeCodePoint();
        int letter = reader.TakeCodePoint();
        return letter switch
        {
            'x' => reader.TakeHex(2),
            'u' => reader.TakeHex(4),
            'U' => reader.TakeHex(8),
            't' => '\t',
            'r' => '\r',
            'n' => '\n',
            '\\' or '"' or '[' or ']' or '-' or '^' => letter,
            _ => throw reader.Error($"'\\{char.ConvertFromUtf32(letter)}' is not a known escape"),
        };
    }

    private void SkipSpace(bool newlines)
    {
        while (true)
        {
            reader.TakeWhile(c => c is ' ' or '\t' || newlines && (c is '\r' or '\n'));
            if (reader.Current != '#')
                return;
            reader.TakeWhile(c => c is not ('\r' or '\n'));
        }
    }
}
