using System.Text.Json;

namespace Managed.Loader.Tokenizers;

/// <summary>Checked access to a JSON value: whatever is wrong becomes an error that names file, field, what was found and what was expected.</summary>
internal readonly record struct JsonField(string File, string Path, JsonElement Value)
{
    public CheckpointException Error(string found, string expected) => new(File, Path, null, found, expected);

    public bool IsPresent => Value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    public bool IsObject => Value.ValueKind == JsonValueKind.Object;

    public bool IsText => Value.ValueKind == JsonValueKind.String;

    /// <summary>The member of that name; not <see cref="IsPresent"/> where it is missing or null.</summary>
    public JsonField this[string key]
    {
        get
        {
            if (Value.ValueKind != JsonValueKind.Object)
                throw Error(Found(), "an object");
            return new JsonField(File, $"{Path}.{key}", Value.TryGetProperty(key, out var member) ? member : default);
        }
    }

    public string Text() => Value.ValueKind == JsonValueKind.String ? StringValue() : throw Error(Found(), "a string");

    public string Text(string missing) => IsPresent ? Text() : missing;

    public bool Flag() => Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Error(Found(), "true or false"),
    };

    public bool Flag(bool missing) => IsPresent ? Flag() : missing;

    public int Integer(int least, int most) =>
        Value.ValueKind == JsonValueKind.Number && Value.TryGetInt32(out int number) && number >= least && number <= most
            ? number
            : throw Error(Found(), $"an integer from {least} to {most}");

    public IEnumerable<JsonField> Items()
    {
        if (Value.ValueKind != JsonValueKind.Array)
            throw Error(Found(), "an array");
        int index = 0;
        foreach (var item in Value.EnumerateArray())
            yield return new JsonField(File, $"{Path}[{index++}]", item);
    }

    public IEnumerable<(string Name, JsonField Field)> Members()
    {
        if (Value.ValueKind != JsonValueKind.Object)
            throw Error(Found(), "an object");
        foreach (var member in Value.EnumerateObject())
            yield return (member.Name, new JsonField(File, $"{Path}.{member.Name}", member.Value));
    }

    /// <summary>One code point.</summary>
    public int Character()
    {
        int[] points = AlignedText.PointsOf(Text());
        return points.Length == 1 ? points[0] : throw Error($"'{Text()}'", "a single character");
    }

    public string Found()
    {
        if (Value.ValueKind == JsonValueKind.Undefined)
            return "nothing";
        string raw = Value.GetRawText();
        return raw.Length <= 60 ? raw : raw[..57] + "...";
    }

    private string StringValue()
    {
        try
        {
            return Value.GetString()!;
        }
        catch (InvalidOperationException cause) // an escaped half of a surrogate pair
        {
            throw new CheckpointException(File, Path, null, "a string that is not valid Unicode", "whole code points", cause);
        }
    }
}
