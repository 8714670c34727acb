namespace Managed.Loader.Templates;

/// <summary>Names and their values; what is not here is looked for outside.</summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, object?> names = new(StringComparer.Ordinal);

    public void Set(string name, object? value) => names[name] = value;

    public object? Get(string name)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
            if (scope.names.TryGetValue(name, out object? value))
                return value;
        return Undefined.Name(name);
    }

    private Scope? Outer { get; } = outer;
}
