namespace Managed.Loader.Templates;

/// <summary>owner.name: an attribute first, then a key.</summary>
internal sealed class AttributeExpression(Expression owner, string name) : Expression
{
    protected override object? Compute(Rendering run, Scope scope) => Members.Attribute(owner.Evaluate(run, scope), name);
}

/// <summary>owner[key]: a key or an index first, then an attribute.</summary>
internal sealed class ItemExpression(Expression owner, Expression key) : Expression
{
    protected override object? Compute(Rendering run, Scope scope) => Members.Item(owner.Evaluate(run, scope), key.Evaluate(run, scope));
}

/// <summary>owner[start:stop:step].</summary>
internal sealed class SliceExpression(Expression owner, Expression? start, Expression? stop, Expression? step) : Expression
{
    protected override object? Compute(Rendering run, Scope scope) => Sequences.Slice(
        owner.Evaluate(run, scope), start?.Evaluate(run, scope), stop?.Evaluate(run, scope), step?.Evaluate(run, scope));
}
