using System.Text;

namespace Managed.Loader.Templates;

internal sealed class BinaryExpression(string operation, Expression left, Expression right) : Expression
{
    protected override object? Compute(Rendering run, Scope scope) =>
        Arithmetic.Binary(operation, left.Evaluate(run, scope), right.Evaluate(run, scope));
}

internal sealed class SignExpression(bool negative, Expression operand) : Expression
{
    protected override object? Compute(Rendering run, Scope scope) => Arithmetic.Sign(negative, operand.Evaluate(run, scope));
}

internal sealed class NotExpression(Expression operand) : Expression
{
    protected override object? Compute(Rendering run, Scope scope) => !operand.IsTrue(run, scope);
}

/// <summary>`and`, `or`: the value of the operand that decides.</summary>
internal sealed class LogicalExpression(bool isAnd, Expression left, Expression right) : Expression
{
    protected override object? Compute(Rendering run, Scope scope)
    {
        object? value = left.Evaluate(run, scope);
        return Comparison.IsTrue(value) == isAnd ? right.Evaluate(run, scope) : value;
    }
}

/// <summary>a &lt; b &lt; c: each operand is evaluated once, and the chain ends at the first comparison that fails.</summary>
internal sealed class CompareExpression(Expression first, IReadOnlyList<(string Operation, Expression Operand)> rest) : Expression
{
    protected override object? Compute(Rendering run, Scope scope)
    {
        object? left = first.Evaluate(run, scope);
        foreach (var (operation, operand) in rest)
        {
            object? right = operand.Evaluate(run, scope);
            bool holds = operation switch
            {
                "in" => Sequences.Contains(right, left),
                "not in" => !Sequences.Contains(right, left),
                _ => Comparison.Holds(operation, left, right),
            };
            if (!holds)
                return false;
            left = right;
        }
        return true;
    }
}

/// <summary>a ~ b: everything as text.</summary>
internal sealed class ConcatExpression(IReadOnlyList<Expression> parts) : Expression
{
    protected override object? Compute(Rendering run, Scope scope)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            object? value = part.Evaluate(run, scope);
            text.Append(run.Escapes ? Markup.EscapeValue(value) : Display.Text(value));
            Budget.CheckText(text.Length);
        }
        Budget.SpendText(text.Length);
        return run.Escapes ? new Markup(text.ToString()) : text.ToString();
    }
}

/// <summary>a if test else b; without else, what is printed as nothing.</summary>
internal sealed class ConditionalExpression(Expression test, Expression then, Expression? otherwise) : Expression
{
    protected override object? Compute(Rendering run, Scope scope)
    {
        if (test.IsTrue(run, scope))
            return then.Evaluate(run, scope);
        return otherwise is null
            ? new Undefined($"the inline if-expression on line {Line} evaluated to false and no else section was defined.")
            : otherwise.Evaluate(run, scope);
    }
}
