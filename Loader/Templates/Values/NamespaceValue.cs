namespace Managed.Loader.Templates;

/// <summary>What namespace() makes: the one value whose attributes a template may set.</summary>
internal sealed class NamespaceValue : ITypeName
{
    private readonly List<string> order = [];
    private readonly Dictionary<string, object?> attributes = new(StringComparer.Ordinal);

    public string TypeName => "Namespace";

    public void Set(string name, object? value)
    {
        if (name.StartsWith('_'))
            throw TemplateException.Runtime(
                $"Chat templates cannot store underscore-prefixed attributes on a namespace, but got '{name}'. Please rename the attribute.");
        if (!attributes.ContainsKey(name))
        {
            Budget.Spend(1);
            order.Add(name);
        }
        attributes[name] = value;
    }

    public bool TryGet(string name, out object? value) => attributes.TryGetValue(name, out value);

    public DictValue ToDict()
    {
        var dict = new DictValue();
        foreach (string name in order)
            dict.Set(name, attributes[name]);
        return dict;
    }
}
