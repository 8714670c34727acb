namespace Managed.Loader.Templates;

/// <summary>What can stand left of an assignment.</summary>
internal abstract class Target
{
    public abstract void Assign(Scope scope, object? value);
}

internal sealed class NameTarget(string name) : Target
{
    public string Name { get; } = name;

    public override void Assign(Scope scope, object? value) => scope.Set(Name, value);
}

/// <summary>ns.attribute.</summary>
internal sealed class AttributeTarget(string owner, string attribute) : Target
{
    public override void Assign(Scope scope, object? value)
    {
        if (scope.Get(owner) is not NamespaceValue space)
            throw TemplateException.Runtime("cannot assign attribute on non-namespace object");
        space.Set(attribute, value);
    }
}

/// <summary>(a, b): the value is taken apart.</summary>
internal sealed class TupleTarget(IReadOnlyList<Target> targets) : Target
{
    public IReadOnlyList<Target> Targets { get; } = targets;

    public override void Assign(Scope scope, object? value)
    {
        var items = Sequences.TryItems(value)?.Take(Targets.Count + 1).ToList()
            ?? throw TemplateException.Type($"cannot unpack non-iterable {Kind.Name(value)} object");
        if (items.Count != Targets.Count)
            throw TemplateException.Value(items.Count > Targets.Count
                ? $"too many values to unpack (expected {Targets.Count})"
                : $"not enough values to unpack (expected {Targets.Count}, got {items.Count})");
        for (int i = 0; i < items.Count; i++)
            Targets[i].Assign(scope, items[i]);
    }
}
