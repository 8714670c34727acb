using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Expressions, loosest binding first.</summary>
internal sealed partial class Parser
{
    private static readonly HashSet<string> s_comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private Expression ParseExpression(bool withCondition = true)
    {
        Deeper();
        var expression = withCondition ? ParseConditional() : ParseOr();
        nesting--;
        return expression;
    }

    private Expression ParseConditional()
    {
        int line = Line;
        int from = at;
        softness++;
        var value = ParseOr();
        if (!Current.IsName("if"))
        {
            // No condition after all: unknown filters in it are errors now.
            softness--;
            CheckNames(from);
            return value;
        }
        while (TakeIfName("if"))
        {
            var test = ParseOr();
            Expression? otherwise = null;
            if (TakeIfName("else"))
            {
                Deeper();
                otherwise = ParseConditional();
                nesting--;
            }
            value = new ConditionalExpression(test, value, otherwise) { Line = line };
        }
        softness--;
        ForgiveNames(from);
        return value;
    }

    private Expression ParseOr() => ParseLeft(ParseAnd, t => t.IsName("or"), (_, a, b, line) => new LogicalExpression(false, a, b) { Line = line });

    private Expression ParseAnd() => ParseLeft(ParseNot, t => t.IsName("and"), (_, a, b, line) => new LogicalExpression(true, a, b) { Line = line });

    private Expression ParseNot()
    {
        int line = Line;
        if (!TakeIfName("not"))
            return ParseComparison();
        Deeper();
        var operand = ParseNot();
        nesting--;
        return new NotExpression(operand) { Line = line };
    }

    private Expression ParseComparison()
    {
        int line = Line;
        var first = ParseSum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (Current.Kind == TokenKind.Operator && s_comparisons.Contains(Current.Text))
                rest.Add((Take().Text, ParseSum()));
            else if (TakeIfName("in"))
                rest.Add(("in", ParseSum()));
            else if (Current.IsName("not") && Next.IsName("in"))
            {
                at += 2;
                rest.Add(("not in", ParseSum()));
            }
            else
                return rest.Count == 0 ? first : new CompareExpression(first, rest) { Line = line };
        }
    }

    private Expression ParseSum() => ParseLeft(ParseConcat, t => t.IsOperator("+") || t.IsOperator("-"), Binary);

    private Expression ParseConcat()
    {
        int line = Line;
        List<Expression> parts = [ParseProduct()];
        while (TakeIfOperator("~"))
            parts.Add(ParseProduct());
        return parts.Count == 1 ? parts[0] : new ConcatExpression(parts) { Line = line };
    }

    private Expression ParseProduct() => ParseLeft(ParsePower,
        t => t.Kind == TokenKind.Operator && (t.Text is "*" or "/" or "//" or "%"), Binary);

    // Jinja's ** binds to the left, unlike Python's
    private Expression ParsePower() => ParseLeft(() => ParseUnary(withFilters: true), t => t.IsOperator("**"), Binary);

    private static BinaryExpression Binary(string operation, Expression left, Expression right, int line) =>
        new(operation, left, right) { Line = line };

    private Expression ParseLeft(Func<Expression> operand, Predicate<Token> isOperation, Func<string, Expression, Expression, int, Expression> join)
    {
        int line = Line;
        var left = operand();
        while (isOperation(Current))
        {
            string operation = Take().Text;
            left = join(operation, left, operand(), line);
        }
        return left;
    }

    private Expression ParseUnary(bool withFilters)
    {
        int line = Line;
        Deeper();
        Expression value;
        if (Current.IsOperator("-") || Current.IsOperator("+"))
        {
            bool negative = Take().Text == "-";
            value = new SignExpression(negative, ParseUnary(withFilters: false)) { Line = line };
        }
        else
            value = ParsePrimary();
        value = ParsePostfix(value);
        if (withFilters)
            value = ParseFilters(value);
        nesting--;
        return value;
    }

    private Expression ParsePrimary()
    {
        var token = Take();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return ConstantName(token) is { } constant ? constant : NamedValue(token);
            case TokenKind.String:
                var text = new StringBuilder(token.Text); // neighbouring strings are one
                while (Current.Kind == TokenKind.String)
                    text.Append(Take().Text);
                return new Constant(text.ToString()) { Line = token.Line };
            case TokenKind.Integer or TokenKind.Float:
                return new Constant(token.Value) { Line = token.Line };
            case TokenKind.Operator when token.Text == "(":
                var inner = ParseTuple(explicitParentheses: true);
                ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return new ListExpression(ParseItems("]", () => ParseExpression())) { Line = token.Line };
            case TokenKind.Operator when token.Text == "{":
                return new DictExpression(ParseItems("}", ParseEntry)) { Line = token.Line };
            default:
                throw Error($"unexpected '{token.Description}'", token.Line);
        }
    }

    private static Constant? ConstantName(Token token) => token.Text switch
    {
        "true" or "True" => new Constant(true) { Line = token.Line },
        "false" or "False" => new Constant(false) { Line = token.Line },
        "none" or "None" => new Constant(null) { Line = token.Line },
        _ => null,
    };

    private NameExpression NamedValue(Token token)
    {
        macroNames.Add(token.Text);
        return new NameExpression(token.Text) { Line = token.Line };
    }

    private List<T> ParseItems<T>(string close, Func<T> parse)
    {
        var items = new List<T>();
        while (!TakeIfOperator(close))
        {
            if (items.Count > 0)
            {
                ExpectOperator(",");
                if (TakeIfOperator(close))
                    break;
            }
            items.Add(parse());
        }
        return items;
    }

    private (Expression, Expression) ParseEntry()
    {
        var key = ParseExpression();
        ExpectOperator(":");
        return (key, ParseExpression());
    }

    /// <summary>One expression, or several with commas between, which make a tuple.</summary>
    private Expression ParseTuple(bool withCondition = true, string? endName = null, bool explicitParentheses = false)
    {
        int line = Line;
        var items = new List<Expression>();
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0)
                ExpectOperator(",");
            if (Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || Current.IsOperator(")")
                || (endName is not null && Current.IsName(endName)))
                break;
            items.Add(ParseExpression(withCondition));
            if (!Current.IsOperator(","))
                break;
            isTuple = true;
        }
        if (isTuple)
            return new TupleExpression(items) { Line = line };
        if (items.Count == 1)
            return items[0];
        return explicitParentheses
            ? new TupleExpression([]) { Line = line }
            : throw Error($"Expected an expression, got '{Current.Description}'");
    }
}
