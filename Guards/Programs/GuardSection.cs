using Managed.Loader;

namespace Managed.Guards;

/// <summary>An object of a guard's file. Members are taken one by one; what is left over at the end was not understood.</summary>
internal sealed class GuardSection
{
    private readonly IReadOnlyDictionary<string, JsonValue> members;
    private readonly HashSet<string> asked = [];

    public GuardSection(JsonValue value, string place)
    {
        Place = place;
        members = value.Members ?? throw new GuardException($"{place}: found {value.Describe()}; expected an object.");
    }

    /// <summary>Where it stands, for messages.</summary>
    public string Place { get; }

    public JsonValue? Value(string name)
    {
        asked.Add(name);
        return members.TryGetValue(name, out JsonValue? value) && !value.IsNull ? value : null;
    }

    public void Skip(string name) => asked.Add(name);

    public string? Text(string name) => Take(name, value => value.AsText(), "a text");

    public bool Flag(string name) => Value(name) is { } value && (value.AsFlag() ?? throw Wrong(name, value.Describe(), "true or false"));

    public float? Number(string name)
    {
        if (Value(name) is not { } value)
            return null;
        float number = (float)(value.AsNumber() ?? throw Wrong(name, value.Describe(), "a number"));
        return float.IsFinite(number) ? number : throw Wrong(name, value.Describe(), "a number that float32 can hold");
    }

    public int? Whole(string name)
    {
        if (Value(name) is not { } value)
            return null;
        return value.AsInteger() is { } whole && whole > int.MinValue / 2 && whole < int.MaxValue / 2 ? (int)whole : throw Wrong(name, value.Describe(), "a whole number");
    }

    public int[]? Wholes(string name)
    {
        if (Value(name) is not { } value)
            return null;
        long[] wholes = value.AsIntegers() ?? throw Wrong(name, value.Describe(), "whole numbers");
        return Array.Exists(wholes, whole => whole is < 0 or > int.MaxValue / 2) ? throw Wrong(name, value.Describe(), "whole numbers from 0 on") : Array.ConvertAll(wholes, whole => (int)whole);
    }

    public string? Choice(string name, string[] choices) => Text(name) is not { } text ? null
        : choices.Contains(text) ? text : throw Wrong(name, $"\"{text}\"", string.Join(" or ", choices));

    public IReadOnlyList<JsonValue>? List(string name) => Take(name, value => value.Items, "a list");

    public GuardSection? Section(string name) => Value(name) is { } value ? new GuardSection(value, $"{Place}.{name}") : null;

    /// <exception cref="GuardException">A member was not asked for.</exception>
    public void End()
    {
        foreach (string name in members.Keys)
            if (!asked.Contains(name))
                throw new GuardException($"{Place}: found the member \"{Utf8Text.Show(name)}\"; expected {ClosestName.Of(name, asked)} or another of {string.Join(", ", asked.Order(StringComparer.Ordinal))}.");
    }

    public GuardException Wrong(string name, string found, string expected) => new($"{Place}.{name}: found {found}; expected {expected}.");

    private T? Take<T>(string name, Func<JsonValue, T?> read, string expected) where T : class =>
        Value(name) is not { } value ? null : read(value) ?? throw Wrong(name, value.Describe(), expected);
}
