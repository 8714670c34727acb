namespace Managed.Loader.Templates;

internal sealed class Constant(object? value) : Expression
{
    public object? Value { get; } = value;

    protected override object? Compute(Rendering run, Scope scope) => Value;
}

internal sealed class NameExpression(string name) : Expression
{
    public string Name { get; } = name;

    protected override object? Compute(Rendering run, Scope scope) => scope.Get(Name);
}

internal sealed class ListExpression(IReadOnlyList<Expression> items) : Expression
{
    protected override object? Compute(Rendering run, Scope scope) => new ListValue([.. items.Select(i => i.Evaluate(run, scope))]);
}

internal sealed class TupleExpression(IReadOnlyList<Expression> items) : Expression
{
    public IReadOnlyList<Expression> Items { get; } = items;

    protected override object? Compute(Rendering run, Scope scope) => new TupleValue([.. Items.Select(i => i.Evaluate(run, scope))]);
}

internal sealed class DictExpression(IReadOnlyList<(Expression Key, Expression Value)> entries) : Expression
{
    protected override object? Compute(Rendering run, Scope scope)
    {
        var dict = new DictValue();
        foreach (var (key, value) in entries)
            dict.Set(key.Evaluate(run, scope), value.Evaluate(run, scope));
        return dict;
    }
}
