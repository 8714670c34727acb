namespace Managed.Loader.Templates;

/// <summary>Attributes and keys of values, within the sandbox: nothing private, nothing that changes a list or a dict.</summary>
internal static class Members
{
    private static readonly HashSet<string> s_listChangers = ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"];
    private static readonly HashSet<string> s_dictChangers = ["clear", "pop", "popitem", "setdefault", "update"];

    /// <summary>owner.name.</summary>
    public static object? Attribute(object? owner, string name)
    {
        if (owner is Undefined undefined)
            throw undefined.Error();
        if (TryAttribute(owner, name, out object? value))
            return value;
        return owner is DictValue dict && dict.TryGet(name, out value) ? value : Undefined.Attribute(owner, name);
    }

    /// <summary>owner[key].</summary>
    public static object? Item(object? owner, object? key)
    {
        if (owner is Undefined undefined)
            throw undefined.Error();
        object? value;
        if (owner is DictValue dict)
        {
            if (Hashing.IsPossible(key) && dict.TryGet(key, out value))
                return value;
        }
        else if (Sequences.At(owner, key) is (true, var found))
            return found;
        return Kind.Text(key) is { } name && TryAttribute(owner, name, out value) ? value : Undefined.Attribute(owner, key);
    }

    /// <summary>owner|attr('name'): attributes only, never keys.</summary>
    public static object? OnlyAttribute(object? owner, string name)
    {
        if (owner is Undefined undefined)
            throw undefined.Error();
        return TryAttribute(owner, name, out object? value) ? value : Undefined.Attribute(owner, name);
    }

    private static bool TryAttribute(object? owner, string name, out object? value)
    {
        if (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal))
        {
            value = Undefined.Unsafe(owner, name);
            return true;
        }
        switch (owner)
        {
            case string text:
                return TextMethods.TryGet(text, name, out value);
            case Markup safe:
                return TextMethods.TryGet(safe, name, out value);
            case DictValue when s_dictChangers.Contains(name):
            case ListValue when s_listChangers.Contains(name):
                value = Undefined.Unsafe(owner, name);
                return true;
            case NamespaceValue space:
                return space.TryGet(name, out value);
            case LoopState loop:
                return loop.TryGet(name, out value);
            case Macro macro:
                return macro.TryGet(name, out value);
            case Cycler cycler:
                return cycler.TryGet(name, out value);
            case GroupValue group when name is "grouper" or "list":
                value = group.Items[name == "grouper" ? 0 : 1];
                return true;
            case SelfReference self:
                return self.TryGet(name, out value);
            default:
                return ValueMethods.TryGet(owner, name, out value);
        }
    }
}
