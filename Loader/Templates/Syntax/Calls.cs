namespace Managed.Loader.Templates;

/// <summary>The arguments of a call in the source: (a, b, key=c, *d, **e).</summary>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named, Expression? Spread, Expression? SpreadNamed)
{
    public static ArgumentList Empty { get; } = new([], [], null, null);

    public CallArguments Evaluate(Rendering run, Scope scope, IEnumerable<object?>? first = null)
    {
        List<object?> positional = [.. first ?? []];
        foreach (var argument in Positional)
            positional.Add(argument.Evaluate(run, scope));
        if (Spread is not null)
            positional.AddRange(Sequences.ToList(Spread.Evaluate(run, scope)));
        List<KeyValuePair<string, object?>> named = [];
        foreach (var (name, value) in Named)
            named.Add(new(name, value.Evaluate(run, scope)));
        if (SpreadNamed is not null)
            AddNamed(named, SpreadNamed.Evaluate(run, scope));
        return new CallArguments(positional, named);
    }

    private static void AddNamed(List<KeyValuePair<string, object?>> named, object? value)
    {
        if (value is not DictValue dict)
            throw TemplateException.Type($"argument after ** must be a mapping, not {Kind.Name(value)}");
        Budget.SpendItems(dict.Count);
        var names = named.Select(n => n.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var (key, item) in dict)
        {
            string name = Kind.Text(key) ?? throw TemplateException.Type("keywords must be strings");
            if (!names.Add(name))
                throw TemplateException.Type($"got multiple values for keyword argument '{name}'");
            named.Add(new(name, item));
        }
    }
}

internal sealed class CallExpression(Expression function, ArgumentList arguments) : Expression
{
    protected override object? Compute(Rendering run, Scope scope) => Call(run, scope, null);

    /// <summary>Calls with a `caller`, as {% call %} does.</summary>
    public object? Call(Rendering run, Scope scope, Function? caller)
    {
        object? callee = function.Evaluate(run, scope);
        var values = arguments.Evaluate(run, scope);
        if (caller is not null)
            values = values with { Named = [.. values.Named, new("caller", caller)] };
        return Function.Call(run, callee, values);
    }
}

/// <summary>value|filter(arguments). A filter that is not known is an error when it runs, if not before.</summary>
internal sealed class FilterExpression(Expression? value, string name, ArgumentList arguments) : Expression
{
    protected override object? Compute(Rendering run, Scope scope) => Apply(run, scope, value!.Evaluate(run, scope));

    /// <summary>Applies the filters of a {% filter %} or {% set x | filter %} to its text.</summary>
    public object? ApplyChain(Rendering run, Scope scope, object? text) =>
        Apply(run, scope, value is FilterExpression inner ? inner.ApplyChain(run, scope, text) : text);

    private object? Apply(Rendering run, Scope scope, object? input) =>
        Filters.Apply(run, name, input, arguments.Evaluate(run, scope));
}

/// <summary>value is test(arguments).</summary>
internal sealed class TestExpression(Expression value, string name, ArgumentList arguments) : Expression
{
    protected override object? Compute(Rendering run, Scope scope) =>
        Tests.Holds(run, name, value.Evaluate(run, scope), arguments.Evaluate(run, scope));
}
