namespace Managed.Loader.Tokenizers;

/// <summary>Checked access to a JSON value: whatever is wrong becomes an error that names file, field, offset, what was found and what was expected.</summary>
/// <param name="File">The file, for errors.</param>
/// <param name="Path">The keys that lead to the value.</param>
/// <param name="Value">The value; null where there is none.</param>
internal readonly record struct JsonField(string File, string Path, JsonValue? Value)
{
    public CheckpointException Error(string found, string expected) => new(File, Path, Value?.Offset, found, expected);

    public bool IsPresent => Value is { IsNull: false };

    public bool IsObject => Value?.Members is not null;

    public bool IsText => Value?.AsText() is not null;

    /// <summary>The member of that name; not <see cref="IsPresent"/> where it is missing or null.</summary>
    public JsonField this[string key] => Value?.Members is { } members
        ? new JsonField(File, $"{Path}.{key}", members.GetValueOrDefault(key))
        : throw Wrong("an object");

    public string Text() => Value?.AsText() ?? throw Wrong("a string");

    public string Text(string missing) => IsPresent ? Text() : missing;

    public bool Flag() => Value?.AsFlag() ?? throw Wrong("true or false");

    public bool Flag(bool missing) => IsPresent ? Flag() : missing;

    public int Integer(int least, int most) =>
        Value?.AsInteger() is { } number && number >= least && number <= most ? (int)number : throw Wrong($"an integer from {least} to {most}");

    public IEnumerable<JsonField> Items()
    {
        if (Value?.Items is not { } items)
            throw Wrong("an array");
        for (int i = 0; i < items.Count; i++)
            yield return new JsonField(File, $"{Path}[{i}]", items[i]);
    }

    public IEnumerable<(string Name, JsonField Field)> Members()
    {
        foreach (var (name, value) in Value?.Members ?? throw Wrong("an object"))
            yield return (name, new JsonField(File, $"{Path}.{Utf8Text.Show(name)}", value));
    }

    /// <summary>One code point.</summary>
    public int Character()
    {
        int[] points = AlignedText.PointsOf(Text());
        return points.Length == 1 ? points[0] : throw Wrong("a single character");
    }

    public string Found() => Value?.Describe() ?? "nothing";

    private CheckpointException Wrong(string expected) => Error(Found(), expected);
}
