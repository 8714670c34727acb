using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Managed.Loader.Templates;

/// <summary>A dict: in the order of insertion, keys equal as in Python (1, 1.0 and True are one key).</summary>
internal sealed class DictValue : IEnumerable<KeyValuePair<object?, object?>>
{
    private readonly Dictionary<DictKey, int> places = [];
    private readonly List<KeyValuePair<object?, object?>> entries = [];

    public int Count => entries.Count;

    public IEnumerable<object?> Keys => entries.Select(e => e.Key);

    public IEnumerable<object?> Values => entries.Select(e => e.Value);

    /// <summary>Only for building; a template cannot get here.</summary>
    public void Set(object? key, object? value)
    {
        Hashing.Require(key);
        if (places.TryGetValue(new DictKey(key), out int place))
            entries[place] = new(entries[place].Key, value);
        else
        {
            places.Add(new DictKey(key), entries.Count);
            entries.Add(new(key, value));
        }
    }

    public bool TryGet(object? key, [MaybeNullWhen(false)] out object? value)
    {
        Hashing.Require(key);
        bool found = places.TryGetValue(new DictKey(key), out int place);
        value = found ? entries[place].Value : null;
        return found;
    }

    public IEnumerator<KeyValuePair<object?, object?>> GetEnumerator() => entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>A key, compared as Python compares.</summary>
internal readonly record struct DictKey(object? Value)
{
    public bool Equals(DictKey other) => Comparison.AreEqual(Value, other.Value);

    public override int GetHashCode() => Hashing.Of(Value);
}

/// <summary>dict.keys(), dict.values() and dict.items(): they print with their name.</summary>
internal sealed record DictView(string TypeName, DictValue Dict) : ITypeName
{
    public IEnumerable<object?> Items => TypeName switch
    {
        "dict_keys" => Dict.Keys,
        "dict_values" => Dict.Values,
        _ => Dict.Select(e => (object?)new TupleValue([e.Key, e.Value])),
    };
}
