using System.Numerics;
using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Python's operators on values.</summary>
internal static class Arithmetic
{
    public static object? Binary(string operation, object? left, object? right)
    {
        if ((left as Undefined ?? right as Undefined) is { } undefined && !(operation == "%" && Kind.IsText(left)))
            throw undefined.Error();
        if (Number.Is(left) && Number.Is(right))
            return left is double || right is double
                ? Real(operation, left, right)
                : Whole(operation, left, right);
        return operation switch
        {
            "+" => Add(left, right),
            "*" when IsSequence(left) || IsSequence(right) => Repeat(left, right),
            "%" when Kind.IsText(left) => PercentFormat.Apply(left, right),
            _ => throw Unsupported(operation, left, right),
        };
    }

    public static object Sign(bool negative, object? operand) => operand switch
    {
        Undefined undefined => throw undefined.Error(),
        double real => negative ? -real : real,
        _ when Number.TryInteger(operand, out var integer) => Number.Normal(negative ? -integer : integer),
        _ => throw TemplateException.Type($"bad operand type for unary {(negative ? '-' : '+')}: '{Kind.Name(operand)}'"),
    };

    private static TemplateException Unsupported(string operation, object? left, object? right) => TemplateException.Type(
        $"unsupported operand type(s) for {(operation == "**" ? "** or pow()" : operation)}: '{Kind.Name(left)}' and '{Kind.Name(right)}'");

    private static bool IsSequence(object? value) => value is string or Markup or ListValue or TupleValue or BytesValue;

    private static object Whole(string operation, object? left, object? right)
    {
        if (left is long x && right is long y)
            switch (operation)
            {
                case "+" when !(((x ^ (x + y)) & (y ^ (x + y))) < 0): return x + y;
                case "-" when !(((x ^ y) & (x ^ (x - y))) < 0): return x - y;
            }
        Number.TryInteger(left, out var a);
        Number.TryInteger(right, out var b);
        switch (operation)
        {
            case "+": return Number.Normal(a + b);
            case "-": return Number.Normal(a - b);
            case "*": return Number.Normal(a * b);
            case "**": return Power(a, b);
        }
        if (b.IsZero)
            throw TemplateException.Runtime(operation == "/" ? "ZeroDivisionError: division by zero"
                                                             : "ZeroDivisionError: integer division or modulo by zero");
        if (operation == "/")
            return Quotient(a, b);
        var quotient = BigInteger.DivRem(a, b, out var rest);
        if (!rest.IsZero && rest.Sign != b.Sign)
            (quotient, rest) = (quotient - 1, rest + b);
        return Number.Normal(operation == "//" ? quotient : rest);
    }

    // Both operands are exact as doubles below 2^53; beyond, the quotient of the doubles may differ from Python's in the last bit.
    private static double Quotient(BigInteger a, BigInteger b) => Number.ToDouble(Number.Normal(a)) / Number.ToDouble(Number.Normal(b));

    private static object Power(BigInteger a, BigInteger b)
    {
        if (b.Sign < 0)
        {
            if (a.IsZero)
                throw TemplateException.Runtime("ZeroDivisionError: 0.0 cannot be raised to a negative power");
            return Math.Pow(Number.ToDouble(Number.Normal(a)), Number.ToDouble(Number.Normal(b)));
        }
        if (a.IsZero || a.IsOne || a == BigInteger.MinusOne)
            return Number.Normal(b.IsZero ? 1 : a == BigInteger.MinusOne && b.IsEven ? 1 : a);
        if (b * BigInteger.Abs(a).GetBitLength() > Budget.Limits.IntegerBits + 64)
            throw TemplateException.Runtime($"OverflowError: an integer of more than {Budget.Limits.IntegerBits} bits");
        return Number.Normal(BigInteger.Pow(a, (int)b));
    }

    private static object Real(string operation, object? left, object? right)
    {
        double a = Number.ToDouble(left), b = Number.ToDouble(right);
        switch (operation)
        {
            case "+": return a + b;
            case "-": return a - b;
            case "*": return a * b;
            case "**" when a < 0 && double.IsFinite(b) && b != Math.Floor(b):
                throw TemplateException.Value("a negative number raised to a fraction is complex");
            case "**" when a == 0 && b < 0:
                throw TemplateException.Runtime("ZeroDivisionError: 0.0 cannot be raised to a negative power");
            case "**":
                double power = Math.Pow(a, b);
                return double.IsInfinity(power) && double.IsFinite(a) && double.IsFinite(b)
                    ? throw TemplateException.Runtime("OverflowError: (34, 'Numerical result out of range')")
                    : power;
        }
        if (b == 0)
            throw TemplateException.Runtime(operation switch
            {
                "/" => "ZeroDivisionError: float division by zero",
                "//" => "ZeroDivisionError: float floor division by zero",
                _ => "ZeroDivisionError: float modulo",
            });
        if (operation == "/")
            return a / b;
        double rest = a % b;
        if (rest != 0 && (rest < 0) != (b < 0))
            rest += b;
        if (operation == "%")
            return rest == 0 ? Math.CopySign(0, b) : rest;
        double quotient = (a - rest) / b;
        double floor = Math.Floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : quotient == 0 ? Math.CopySign(0, a / b) : floor;
    }

    private static object Add(object? left, object? right)
    {
        if (left is string a && right is string b)
        {
            Budget.SpendText((long)a.Length + b.Length);
            return a + b;
        }
        if ((left is Markup && Kind.IsText(right)) || (right is Markup && Kind.IsText(left)))
            return new Markup(Markup.EscapeValue(left) + Markup.EscapeValue(right));
        if (left is ListValue && right is ListValue)
            return new ListValue(Joined(left, right));
        if (left is TupleValue && right is TupleValue)
            return new TupleValue(Joined(left, right));
        throw left switch
        {
            string or Markup => TemplateException.Type($"can only concatenate str (not \"{Kind.Name(right)}\") to str"),
            ListValue or TupleValue => TemplateException.Type(
                $"can only concatenate {Kind.Name(left)} (not \"{Kind.Name(right)}\") to {Kind.Name(left)}"),
            _ => Unsupported("+", left, right),
        };
    }

    private static object?[] Joined(object left, object right)
    {
        var (first, second) = (((SequenceValue)left).Items, ((SequenceValue)right).Items);
        Budget.SpendItems((long)first.Count + second.Count);
        return [.. first, .. second];
    }

    private static object Repeat(object? left, object? right)
    {
        var (sequence, factor) = IsSequence(left) ? (left, right) : (right, left);
        if (!Number.TryInteger(factor, out var wished))
            throw TemplateException.Type($"can't multiply sequence by non-int of type '{Kind.Name(factor)}'");
        int length = Sequences.Length(sequence);
        if (wished.Sign <= 0 || length == 0)
            wished = 0;
        else if (wished > Budget.Limits.Text)
            throw TemplateException.Runtime($"the template repeats a value {Number.Normal(wished)} times: more than {Budget.Limits.Text}");
        int times = (int)wished;
        if (Kind.Text(sequence) is { } text)
        {
            Budget.SpendText((long)text.Length * times);
            string repeated = text.Length == 1 ? new string(text[0], times) : new StringBuilder().Insert(0, text, times).ToString();
            return sequence is Markup ? new Markup(repeated) : repeated;
        }
        Budget.SpendItems((long)length * times);
        if (sequence is BytesValue bytes)
            return new BytesValue([.. Enumerable.Repeat(bytes.Bytes, times).SelectMany(b => b)]);
        var items = Enumerable.Repeat(((SequenceValue)sequence!).Items, times).SelectMany(i => i).ToArray();
        return sequence is ListValue ? new ListValue(items) : new TupleValue(items);
    }
}
