using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Managed.Loader;

/// <summary>A JSON value that knows where in its file it stands. Duplicate keys and bad UTF-8 are refused while it is read.</summary>
internal sealed class JsonValue : IConfigValue
{
    /// <summary>Deeper files are refused.</summary>
    public const int DeepestNesting = 64;

    private const long LongestFile = 256L << 20;

    private readonly JsonTokenType _kind;
    private readonly object? _content; // string of a string, digits of a number, members, items

    private JsonValue(JsonTokenType kind, long offset, object? content)
    {
        _kind = kind;
        _content = content;
        Offset = offset;
    }

    public long Offset { get; }

    public bool IsNull => _kind == JsonTokenType.Null;

    /// <summary>Null, false, zero, or a string, array or object without content.</summary>
    public bool IsEmpty => _kind is JsonTokenType.Null or JsonTokenType.False
        || AsNumber() == 0 || AsText() == "" || Items is { Count: 0 } || Members is { Count: 0 };

    /// <summary>The members of an object, else null.</summary>
    public IReadOnlyDictionary<string, JsonValue>? Members => _content as Dictionary<string, JsonValue>;

    /// <summary>The items of an array, else null.</summary>
    public IReadOnlyList<JsonValue>? Items => _content as List<JsonValue>;

    public static JsonValue ReadFile(string file)
    {
        using FileBytes bytes = FileBytes.Open(file);
        if (bytes.Length > LongestFile)
            throw new CheckpointException(file, "file", null, $"{bytes.Length} bytes", $"JSON of at most {LongestFile} bytes");
        return Parse(file, bytes.Slice(0, (int)bytes.Length));
    }

    public static JsonValue Parse(string file, ReadOnlySpan<byte> utf8)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        int start = utf8.StartsWith(mark) ? mark.Length : 0;
        int invalid = Utf8Text.FirstInvalid(utf8);
        if (invalid >= 0)
            throw new CheckpointException(file, "JSON", invalid, $"byte {utf8[invalid]:X2}, which is not valid UTF-8 here", "JSON in UTF-8");
        var reader = new Utf8JsonReader(utf8[start..], new JsonReaderOptions { MaxDepth = DeepestNesting });
        try
        {
            reader.Read();
            JsonValue root = Read(file, ref reader, start);
            reader.Read(); // anything but white space behind the value is a JsonException
            return root;
        }
        catch (JsonException e)
        {
            throw new CheckpointException(file, "JSON", start + reader.BytesConsumed, "text that is not valid JSON: " + FirstSentence(e.Message), "valid JSON", e);
        }
    }

    public string Describe() => _kind switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => $"an array of {Items!.Count}",
        JsonTokenType.String => $"the string \"{Utf8Text.Show((string)_content!)}\"",
        JsonTokenType.Number => Utf8Text.Show((string)_content!),
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => "null",
    };

    public Int128? AsInteger()
    {
        if (_kind != JsonTokenType.Number)
            return null;
        var digits = (string)_content!;
        if (Int128.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out Int128 integer))
            return integer;
        double number = double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture);
        return Math.Abs(number) < 1e18 && double.IsInteger(number) ? (Int128)number : null;
    }

    public double? AsNumber()
    {
        if (_kind != JsonTokenType.Number)
            return null;
        double number = double.Parse((string)_content!, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsFinite(number) ? number : null;
    }

    public bool? AsFlag() => _kind switch { JsonTokenType.True => true, JsonTokenType.False => false, _ => null };

    public string? AsText() => _kind == JsonTokenType.String ? (string)_content! : null;

    public long[]? AsIntegers() =>
        AllOf<long>(value => value.AsInteger() is { } integer && integer >= long.MinValue && integer <= long.MaxValue ? (long)integer : null);

    public double[]? AsNumbers() => AllOf<double>(value => value.AsNumber());

    public string[]? AsTexts()
    {
        if (Items is not { } items)
            return null;
        return items.All(item => item._kind == JsonTokenType.String) ? [.. items.Select(item => item.AsText()!)] : null;
    }

    /// <summary>A parser's message without the place that it appends; ours is given separately, counted from the start of the file.</summary>
    internal static string FirstSentence(string message)
    {
        int end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.');
    }

    private T[]? AllOf<T>(Func<JsonValue, T?> convert)
        where T : struct
    {
        if (Items is not { } items)
            return null;
        var all = new T[items.Count];
        for (int i = 0; i < all.Length; i++)
        {
            if (convert(items[i]) is not { } item)
                return null;
            all[i] = item;
        }

        return all;
    }

    /// <summary>The value that the reader stands on; `start` is where in the file the reader's bytes begin.</summary>
    internal static JsonValue Read(string file, ref Utf8JsonReader reader, int start)
    {
        long at = start + reader.TokenStartIndex;
        JsonTokenType kind = reader.TokenType;
        switch (kind)
        {
            case JsonTokenType.StartObject:
                var members = new Dictionary<string, JsonValue>(StringComparer.Ordinal);
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    long keyAt = start + reader.TokenStartIndex;
                    string key = Text(file, ref reader, keyAt);
                    reader.Read();
                    if (!members.TryAdd(key, Read(file, ref reader, start)))
                        throw new CheckpointException(file, Utf8Text.Show(key), keyAt, "the key for the second time", "every key once");
                }

                return new JsonValue(kind, at, members);
            case JsonTokenType.StartArray:
                var items = new List<JsonValue>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    items.Add(Read(file, ref reader, start));
                return new JsonValue(kind, at, items);
            case JsonTokenType.String:
                return new JsonValue(kind, at, Text(file, ref reader, at));
            case JsonTokenType.Number:
                return new JsonValue(kind, at, Encoding.UTF8.GetString(reader.ValueSpan));
            default:
                return new JsonValue(kind, at, null);
        }
    }

    /// <summary>The string or key that the reader stands on, at byte `at` of the file.</summary>
    internal static string Text(string file, ref Utf8JsonReader reader, long at)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointException(file, "JSON", at, "a string with half a surrogate pair in an escape", "valid Unicode", e);
        }
    }
}
