using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>A number that a guard computes from what it has read: a register, or arithmetic with registers.</summary>
public class GuardValue
{
    internal GuardValue(GuardExpression expression) => Expression = expression;

    internal GuardExpression Expression { get; }

    /// <summary>A constant.</summary>
    public static implicit operator GuardValue(float value) => new(new GuardExpression(ConditionCode.Constant, Value: value));

    /// <summary>a + b.</summary>
    public static GuardValue operator +(GuardValue a, GuardValue b) => new(Join(ConditionCode.Add, a, b));

    /// <summary>a − b.</summary>
    public static GuardValue operator -(GuardValue a, GuardValue b) => new(Join(ConditionCode.Subtract, a, b));

    /// <summary>a · b.</summary>
    public static GuardValue operator *(GuardValue a, GuardValue b) => new(Join(ConditionCode.Multiply, a, b));

    /// <summary>a / b.</summary>
    public static GuardValue operator /(GuardValue a, GuardValue b) => new(Join(ConditionCode.Divide, a, b));

    /// <summary>True where a is above b; never true of a register that nobody wrote.</summary>
    public static GuardCondition operator >(GuardValue a, GuardValue b) => new(Join(ConditionCode.Greater, a, b));

    /// <summary>True where a is below b.</summary>
    public static GuardCondition operator <(GuardValue a, GuardValue b) => new(Join(ConditionCode.Less, a, b));

    /// <summary>True where a is at least b.</summary>
    public static GuardCondition operator >=(GuardValue a, GuardValue b) => new(Join(ConditionCode.GreaterOrEqual, a, b));

    /// <summary>True where a is at most b.</summary>
    public static GuardCondition operator <=(GuardValue a, GuardValue b) => new(Join(ConditionCode.LessOrEqual, a, b));

    /// <inheritdoc/>
    public override string ToString() => Expression.ToString();

    private static GuardExpression Join(ConditionCode code, GuardValue a, GuardValue b) => new(code, a.Expression, b.Expression);
}

/// <summary>When a step acts: comparisons of registers, joined by and (`&amp;`), or (`|`), not (`!`).</summary>
public sealed class GuardCondition
{
    internal GuardCondition(GuardExpression expression) => Expression = expression;

    internal GuardExpression Expression { get; }

    /// <summary>Reads a condition as files write it: `harm > 0.5 and not (safe >= 0.9)`.</summary>
    /// <exception cref="GuardException">It cannot be read.</exception>
    public static GuardCondition Parse(string text) => new(GuardExpressionParser.Parse(text));

    /// <summary>Both.</summary>
    public static GuardCondition operator &(GuardCondition a, GuardCondition b) => new(new GuardExpression(ConditionCode.And, a.Expression, b.Expression));

    /// <summary>One or both.</summary>
    public static GuardCondition operator |(GuardCondition a, GuardCondition b) => new(new GuardExpression(ConditionCode.Or, a.Expression, b.Expression));

    /// <summary>The opposite.</summary>
    public static GuardCondition operator !(GuardCondition a) => new(new GuardExpression(ConditionCode.Not, a.Expression));

    /// <inheritdoc/>
    public override string ToString() => Expression.ToString();
}
