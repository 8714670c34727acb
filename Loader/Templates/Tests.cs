namespace Managed.Loader.Templates;

internal delegate bool TestBody(object? value, Bound arguments);

/// <summary>What may follow `is`.</summary>
internal static class Tests
{
    private static readonly Dictionary<string, (Signature Signature, TestBody Body)> s_tests = Table(
        ("defined", "", (v, _) => v is not Undefined),
        ("undefined", "", (v, _) => v is Undefined),
        ("none", "", (v, _) => v is null),
        ("boolean", "", (v, _) => v is bool),
        ("true", "", (v, _) => v is true),
        ("false", "", (v, _) => v is false),
        ("integer", "", (v, _) => Number.IsInteger(v) && v is not bool),
        ("float", "", (v, _) => v is double),
        ("number", "", (v, _) => Number.Is(v)),
        ("string", "", (v, _) => Kind.IsText(v)),
        ("mapping", "", (v, _) => v is DictValue),
        ("sequence", "", (v, _) => v is string or Markup or SequenceValue or DictValue or RangeValue or BytesValue or Undefined),
        ("iterable", "", (v, _) => v is not null && Sequences.TryItems(v) is not null),
        ("callable", "", (v, _) => v is Function or Undefined),
        ("escaped", "", (v, _) => v is Markup),
        ("lower", "", (v, _) => Letters.IsLower(Display.Text(v))),
        ("upper", "", (v, _) => Letters.IsUpper(Display.Text(v))),
        ("odd", "", (v, _) => Comparison.AreEqual(Arithmetic.Binary("%", v, 2L), 1L)),
        ("even", "", (v, _) => Comparison.AreEqual(Arithmetic.Binary("%", v, 2L), 0L)),
        ("divisibleby", "num", (v, a) => Comparison.AreEqual(Arithmetic.Binary("%", v, a[0]), 0L)),
        ("sameas", "other", (v, a) => IsSame(v, a[0])),
        ("in", "seq", (v, a) => Sequences.Contains(a[0], v)),
        ("filter", "", (v, _) => Kind.Text(v) is { } name && Filters.Exists(name)),
        ("test", "", (v, _) => Kind.Text(v) is { } name && Exists(name)),
        ("eq == equalto", "other", (v, a) => Comparison.Holds("==", v, a[0])),
        ("ne !=", "other", (v, a) => Comparison.Holds("!=", v, a[0])),
        ("lt < lessthan", "other", (v, a) => Comparison.Holds("<", v, a[0])),
        ("le <=", "other", (v, a) => Comparison.Holds("<=", v, a[0])),
        ("gt > greaterthan", "other", (v, a) => Comparison.Holds(">", v, a[0])),
        ("ge >=", "other", (v, a) => Comparison.Holds(">=", v, a[0])));

    public static bool Exists(string name) => s_tests.ContainsKey(name);

    public static bool Holds(Rendering run, string name, object? value, CallArguments arguments)
    {
        if (!s_tests.TryGetValue(name, out var test))
            throw TemplateException.Runtime($"No test named '{name}' found.");
        return test.Body(value, test.Signature.Bind(arguments));
    }

    // small values have no identity of their own; Python shares them as well
    private static bool IsSame(object? left, object? right) =>
        ReferenceEquals(left, right) || (left, right) switch
        {
            (bool a, bool b) => a == b,
            (long a, long b) => a == b,
            (string a, string b) => a == b,
            _ => false,
        };

    private static Dictionary<string, (Signature, TestBody)> Table(params (string Names, string Parameters, TestBody Body)[] tests)
    {
        var table = new Dictionary<string, (Signature, TestBody)>(StringComparer.Ordinal);
        foreach (var (names, parameters, body) in tests)
            foreach (string name in names.Split(' '))
                table.Add(name, (new Signature(name, parameters), body));
        return table;
    }
}
