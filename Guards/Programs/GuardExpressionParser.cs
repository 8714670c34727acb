using System.Globalization;
using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>Reads conditions: registers, numbers, + - * /, comparisons, and, or, not, abs, min, max, parentheses.</summary>
internal sealed class GuardExpressionParser
{
    private const int DeepestNesting = 24;
    private readonly string text;
    private readonly List<string> tokens = [];
    private int next, depth;

    private GuardExpressionParser(string text)
    {
        this.text = text;
        Split();
    }

    /// <exception cref="GuardException">It cannot be read: what was found, and what was expected.</exception>
    public static GuardExpression Parse(string text)
    {
        var parser = new GuardExpressionParser(text);
        GuardExpression parsed = parser.Binary(1);
        return parser.next == parser.tokens.Count ? parsed : throw parser.Unexpected("an operator or the end");
    }

    /// <summary>Whether a name can stand in a condition.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= 64 && (char.IsAsciiLetter(name[0]) || name[0] == '_') && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.')
        && name is not ("and" or "or" or "not" or "abs" or "min" or "max");

    private void Split()
    {
        for (int i = 0; i < text.Length;)
        {
            char c = text[i];
            int start = i;
            if (char.IsWhiteSpace(c))
            {
                i++;
                continue;
            }
            if (char.IsAsciiLetter(c) || c == '_')
                while (i < text.Length && (char.IsAsciiLetterOrDigit(text[i]) || text[i] is '_' or '.'))
                    i++;
            else if (char.IsAsciiDigit(c) || c == '.')
                while (i < text.Length && (char.IsAsciiDigit(text[i]) || text[i] is '.' or 'e' or 'E' || (text[i] is '-' or '+' && text[i - 1] is 'e' or 'E')))
                    i++;
            else if (i + 1 < text.Length && text.AsSpan(i, 2) is ">=" or "<=")
                i += 2;
            else if ("()<>+-*/,".Contains(c, StringComparison.Ordinal))
                i++;
            else
                throw new GuardException($"condition \"{text}\": found '{c}' at {i}; expected registers, numbers, + - * / > >= < <= and or not ( ).");
            tokens.Add(text[start..i]);
            if (tokens.Count > 1000)
                throw new GuardException($"condition \"{text[..40]}…\": found more than 1000 parts; expected fewer.");
        }
    }

    private GuardExpression Binary(int least)
    {
        if (++depth > DeepestNesting)
            throw new GuardException($"condition \"{Short()}\": nested more than {DeepestNesting} deep.");
        GuardExpression left = Unary();
        while (next < tokens.Count && Array.FindIndex(GuardExpression.Binary, entry => entry.Symbol == tokens[next]) is >= 0 and int at
            && GuardExpression.Binary[at].Binding >= least)
        {
            next++;
            left = new GuardExpression(GuardExpression.Binary[at].Code, left, Binary(GuardExpression.Binary[at].Binding + 1));
        }
        depth--;
        return left;
    }

    private GuardExpression Unary()
    {
        string token = next < tokens.Count ? tokens[next++] : throw Unexpected("a value", atEnd: true);
        if (token == "not")
            return new GuardExpression(ConditionCode.Not, Binary(4)); // binds looser than comparisons
        if (token == "-")
        {
            GuardExpression negated = Binary(7);
            return negated.Code == ConditionCode.Constant ? negated with { Value = -negated.Value } : new GuardExpression(ConditionCode.Negate, negated);
        }
        if (token == "(")
        {
            GuardExpression inner = Binary(1);
            Expect(")");
            return inner;
        }
        foreach ((ConditionCode code, string name, int arguments) in GuardExpression.Functions)
        {
            if (token != name)
                continue;
            Expect("(");
            GuardExpression first = Binary(1);
            GuardExpression? second = null;
            if (arguments == 2)
            {
                Expect(",");
                second = Binary(1);
            }
            Expect(")");
            return new GuardExpression(code, first, second);
        }
        if (float.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value))
            return new GuardExpression(ConditionCode.Constant, Value: value);
        next--;
        if (!IsName(token))
            throw Unexpected("a register, a number or '('");
        next++;
        return new GuardExpression(ConditionCode.Register, Register: token);
    }

    private void Expect(string token)
    {
        if (next >= tokens.Count || tokens[next] != token)
            throw Unexpected($"'{token}'", next >= tokens.Count);
        next++;
    }

    private GuardException Unexpected(string expected, bool atEnd = false) =>
        new($"condition \"{Short()}\": found {(atEnd || next >= tokens.Count ? "its end" : $"'{tokens[next]}'")}; expected {expected}.");

    private string Short() => text.Length <= 80 ? text : text[..80] + "…";
}
