namespace Managed.Loader;

/// <summary>The checks that config.json and GGUF metadata share.</summary>
internal abstract class ValueConfigSection : ConfigSection
{
    public sealed override bool Has(string key) => Find(key) is not null;

    public sealed override long Integer(string key, long? missing = null, long least = 0, long most = int.MaxValue)
    {
        string expected = $"an integer from {least} to {most}";
        if (Find(key) is not { } value)
            return missing ?? throw Missing(key, expected);
        return value.AsInteger() is { } integer && integer >= least && integer <= most
            ? (long)integer
            : throw Wrong(key, value, expected);
    }

    public sealed override double Number(string key, double? missing = null) =>
        Find(key) is { } value
            ? value.AsNumber() ?? throw Wrong(key, value, "a finite number")
            : missing ?? throw Missing(key, "a finite number");

    public sealed override bool Flag(string key, bool? missing = null) =>
        Find(key) is { } value
            ? value.AsFlag() ?? throw Wrong(key, value, "true or false")
            : missing ?? throw Missing(key, "true or false");

    public sealed override string Text(string key, string? missing = null) =>
        Find(key) is { } value
            ? value.AsText() ?? throw Wrong(key, value, "a string")
            : missing ?? throw Missing(key, "a string");

    public sealed override double[]? Numbers(string key) =>
        Find(key) is { } value ? value.AsNumbers() ?? throw Wrong(key, value, "a list of finite numbers") : null;

    public sealed override long[]? Integers(string key)
    {
        const string Expected = "an integer or a list of integers";
        if (Find(key) is not { } value)
            return null;
        if (value.AsInteger() is { } single)
            return single >= long.MinValue && single <= long.MaxValue ? [(long)single] : throw Wrong(key, value, Expected);
        return value.AsIntegers() ?? throw Wrong(key, value, Expected);
    }

    public sealed override string[]? Texts(string key, bool orOne = false)
    {
        if (Find(key) is not { } value)
            return null;
        return orOne && value.AsText() is { } one ? [one] : value.AsTexts() ?? throw Wrong(key, value, "a list of strings");
    }

    public sealed override CheckpointException Error(string key, string found, string expected)
    {
        foreach (string alternative in key.Split('|'))
            if (FindOne(alternative) is { } value)
                return new CheckpointException(File, NameOf(alternative), value.Offset, found, expected);
        return new CheckpointException(File, NameOf(FirstOf(key)), null, found, expected);
    }

    /// <summary>The value under one key, or null where it is absent or null.</summary>
    protected abstract IConfigValue? FindOne(string key);

    /// <summary>The key with the path of this section before it.</summary>
    protected abstract string NameOf(string key);

    /// <summary>The value under the first key that is present of a list of alternatives.</summary>
    protected IConfigValue? Find(string key)
    {
        if (!key.Contains('|'))
            return FindOne(key);
        foreach (string alternative in key.Split('|'))
            if (FindOne(alternative) is { } value)
                return value;
        return null;
    }

    protected CheckpointException Wrong(string key, IConfigValue value, string expected) => Error(key, value.Describe(), expected);

    private CheckpointException Missing(string key, string expected)
    {
        string others = string.Join(", ", key.Split('|').Skip(1).Select(NameOf));
        return new CheckpointException(File, NameOf(FirstOf(key)), null, "no such key; it is mandatory",
            others.Length == 0 ? expected : $"{expected}, under this name or {others}");
    }

    private static string FirstOf(string key) => key.Split('|')[0];
}
