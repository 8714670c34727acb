namespace Managed.Loader.Templates;

/// <summary>What follows a value: attributes, subscripts, calls, filters, tests.</summary>
internal sealed partial class Parser
{
    // Names of filters and tests in the part of an inline condition that is being read: unknown ones are an error when they
    // run, elsewhere when the template is read.
    private readonly List<(int At, string Error, int Line)> unknownNames = [];
    private int softness;

    private void CheckNames(int from)
    {
        if (softness > 0 || unknownNames.Count == 0)
            return;
        foreach (var (place, error, line) in unknownNames)
            if (place >= from)
                throw Error(error, line);
        unknownNames.Clear();
    }

    private void ForgiveNames(int from)
    {
        while (unknownNames.Count > 0 && unknownNames[^1].At >= from)
            unknownNames.RemoveAt(unknownNames.Count - 1);
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            int line = Line;
            if (TakeIfOperator("."))
                value = ParseAttribute(value, line);
            else if (TakeIfOperator("["))
                value = ParseSubscript(value, line);
            else if (Current.IsOperator("("))
                value = new CallExpression(value, ParseArguments()) { Line = line };
            else
                return value;
        }
    }

    private Expression ParseFilters(Expression value)
    {
        while (true)
        {
            int line = Line;
            if (Current.IsOperator("|"))
                value = ParseFilterChain(value, startsInline: false)!;
            else if (TakeIfName("is"))
                value = ParseTest(value, line);
            else if (Current.IsOperator("("))
                value = new CallExpression(value, ParseArguments()) { Line = line };
            else
                return value;
        }
    }

    private Expression ParseAttribute(Expression owner, int line)
    {
        var token = Take();
        return token.Kind switch
        {
            TokenKind.Name => new AttributeExpression(owner, token.Text) { Line = line },
            TokenKind.Integer => new ItemExpression(owner, new Constant(token.Value) { Line = line }) { Line = line },
            _ => throw Error("expected name or number", token.Line),
        };
    }

    private Expression ParseSubscript(Expression owner, int line)
    {
        Expression? start = null, stop = null, step = null;
        bool isSlice = false;
        if (!Current.IsOperator(":"))
            start = ParseExpression();
        if (TakeIfOperator(":"))
        {
            isSlice = true;
            if (!Current.IsOperator("]") && !Current.IsOperator(",") && !Current.IsOperator(":"))
                stop = ParseExpression();
            if (TakeIfOperator(":") && !Current.IsOperator("]") && !Current.IsOperator(","))
                step = ParseExpression();
        }
        if (!isSlice && Current.IsOperator(","))
        {
            List<Expression> keys = [start!];
            while (TakeIfOperator(","))
                keys.Add(ParseExpression());
            start = new TupleExpression(keys) { Line = line };
        }
        ExpectOperator("]");
        return isSlice ? new SliceExpression(owner, start, stop, step) { Line = line } : new ItemExpression(owner, start!) { Line = line };
    }

    private ArgumentList ParseArguments()
    {
        ExpectOperator("(");
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        Expression? spread = null, spreadNamed = null;
        bool first = true;
        while (!TakeIfOperator(")"))
        {
            if (!first)
            {
                ExpectOperator(",");
                if (TakeIfOperator(")"))
                    break;
            }
            first = false;
            int line = Line;
            if (TakeIfOperator("*"))
                spread = spread is null && spreadNamed is null ? ParseExpression() : throw Error("invalid syntax for function call expression", line);
            else if (TakeIfOperator("**"))
                spreadNamed = spreadNamed is null ? ParseExpression() : throw Error("invalid syntax for function call expression", line);
            else if (Current.Kind == TokenKind.Name && Next.IsOperator("="))
            {
                string name = Take().Text;
                at++;
                if (spreadNamed is not null || !names.Add(name))
                    throw Error($"keyword argument '{name}' is repeated or comes too late", line);
                named.Add((name, ParseExpression()));
            }
            else
                positional.Add(spread is null && spreadNamed is null && named.Count == 0
                    ? ParseExpression()
                    : throw Error("invalid syntax for function call expression", line));
        }
        return new ArgumentList(positional, named, spread, spreadNamed);
    }

    private string ParseDottedName()
    {
        List<string> parts = [Expect(TokenKind.Name, "name").Text];
        while (TakeIfOperator("."))
            parts.Add(Expect(TokenKind.Name, "name").Text);
        return string.Join('.', parts);
    }

    private Expression? ParseFilterChain(Expression? value, bool startsInline)
    {
        while (startsInline || Current.IsOperator("|"))
        {
            if (!startsInline)
                at++;
            startsInline = false;
            int line = Line;
            int place = at;
            string name = ParseDottedName();
            if (!Filters.Exists(name))
                Unknown(place, $"No filter named '{name}'.", line);
            var arguments = Current.IsOperator("(") ? ParseArguments() : ArgumentList.Empty;
            value = new FilterExpression(value, name, arguments) { Line = line };
        }
        return value;
    }

    private Expression ParseTest(Expression value, int line)
    {
        bool negated = TakeIfName("not");
        int place = at;
        string name = ParseDottedName();
        if (!Tests.Exists(name))
            Unknown(place, $"No test named '{name}'.", line);
        var arguments = ArgumentList.Empty;
        if (Current.IsOperator("("))
            arguments = ParseArguments();
        else if (StartsTestArgument())
        {
            if (Current.IsName("is"))
                throw Error("You cannot chain multiple tests with is");
            arguments = ArgumentList.Empty with { Positional = [ParsePostfix(ParsePrimary())] };
        }
        Expression test = new TestExpression(value, name, arguments) { Line = line };
        return negated ? new NotExpression(test) { Line = line } : test;
    }

    private bool StartsTestArgument() =>
        Current.Kind is TokenKind.String or TokenKind.Integer or TokenKind.Float
        || (Current.Kind == TokenKind.Name && Current.Text is not ("else" or "or" or "and"))
        || Current.IsOperator("[") || Current.IsOperator("{");

    private void Unknown(int place, string error, int line)
    {
        if (softness == 0)
            throw Error(error, line);
        unknownNames.Add((place, error, line));
    }
}
