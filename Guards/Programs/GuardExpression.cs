using System.Globalization;
using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>A node of an expression over registers.</summary>
internal sealed record GuardExpression(ConditionCode Code, GuardExpression? Left = null, GuardExpression? Right = null, float Value = 0, string? Register = null)
{
    /// <summary>How operators are written, and how tightly they bind.</summary>
    internal static readonly (ConditionCode Code, string Symbol, int Binding)[] Binary =
    [
        (ConditionCode.Or, "or", 1),
        (ConditionCode.And, "and", 2),
        (ConditionCode.GreaterOrEqual, ">=", 4),
        (ConditionCode.LessOrEqual, "<=", 4),
        (ConditionCode.Greater, ">", 4),
        (ConditionCode.Less, "<", 4),
        (ConditionCode.Add, "+", 5),
        (ConditionCode.Subtract, "-", 5),
        (ConditionCode.Multiply, "*", 6),
        (ConditionCode.Divide, "/", 6),
    ];

    /// <summary>Functions of one or two values.</summary>
    internal static readonly (ConditionCode Code, string Name, int Arguments)[] Functions =
    [
        (ConditionCode.Absolute, "abs", 1),
        (ConditionCode.Minimum, "min", 2),
        (ConditionCode.Maximum, "max", 2),
    ];

    private const int NotBinding = 3, UnaryBinding = 7;

    /// <summary>Names of the registers that are read.</summary>
    public IEnumerable<string> Registers() =>
        Register is { } name ? [name] : (Left?.Registers() ?? []).Concat(Right?.Registers() ?? []);

    /// <summary>Whether the value is true or false rather than a number.</summary>
    public bool IsCondition => Code is >= ConditionCode.Greater and <= ConditionCode.Not;

    /// <summary>As it is written in a file.</summary>
    public override string ToString() => Write(0);

    private string Write(int outer)
    {
        switch (Code)
        {
            case ConditionCode.Constant:
                return Value.ToString(CultureInfo.InvariantCulture);
            case ConditionCode.Register:
                return Register!;
            case ConditionCode.Not:
                return Wrap($"not {Left!.Write(NotBinding)}", NotBinding, outer);
            case ConditionCode.Negate:
                return Wrap($"-{Left!.Write(UnaryBinding)}", UnaryBinding, outer);
        }
        foreach ((ConditionCode code, string name, _) in Functions)
            if (code == Code)
                return Right is null ? $"{name}({Left!.Write(0)})" : $"{name}({Left!.Write(0)}, {Right.Write(0)})";
        (_, string symbol, int binding) = Array.Find(Binary, entry => entry.Code == Code);
        return Wrap($"{Left!.Write(binding)} {symbol} {Right!.Write(binding + 1)}", binding, outer);
    }

    private static string Wrap(string text, int binding, int outer) => binding < outer ? $"({text})" : text;
}
