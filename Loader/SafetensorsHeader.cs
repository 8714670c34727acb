using System.Text.Json;

namespace Managed.Loader;

/// <summary>What the header of a safetensors file says of one tensor; offsets count from the start of the data.</summary>
internal sealed record SafetensorsEntry(string Name, TensorType Type, long[] Shape, long Begin, long End, long HeaderOffset);

/// <summary>The header of a safetensors file, parsed and checked against the size of the data that follows it.</summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The header starts after its own length.</summary>
    private const long Start = sizeof(ulong);

    private readonly string _file;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly List<SafetensorsEntry> _entries = [];

    private SafetensorsHeader(string file, long dataLength)
    {
        _file = file;
        DataLength = dataLength;
    }

    /// <summary>Bytes that follow the header.</summary>
    public long DataLength { get; }

    public IReadOnlyList<SafetensorsEntry> Entries => _entries;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    public static SafetensorsHeader Parse(string file, ReadOnlySpan<byte> json, long dataLength)
    {
        var header = new SafetensorsHeader(file, dataLength);
        if (json.IsEmpty)
            throw header.Error("header", Start, "nothing", "a JSON object");
        int invalid = Utf8Text.FirstInvalid(json);
        if (invalid >= 0)
            throw header.Error("header", Start + invalid, $"byte {json[invalid]:X2}, which is not valid UTF-8 here", "JSON in UTF-8");
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
        try
        {
            header.ReadTop(ref reader);
        }
        catch (JsonException e)
        {
            throw header.Error("header", Start + reader.BytesConsumed, "text that is not valid JSON: " + FirstSentence(e.Message), "a JSON object", e);
        }

        header.CheckCover();
        return header;
    }

    private void ReadTop(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Error("header", At(reader), $"JSON that starts with {Describe(reader)}", "a JSON object, starting with {");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            long at = At(reader);
            string name = Text(ref reader, "header");
            if (!_names.Add(name))
                throw Error($"tensor {Utf8Text.Show(name)}", at, "the name for the second time", "every name once");
            reader.Read();
            if (name == "__metadata__")
                ReadMetadata(ref reader);
            else
                ReadTensor(ref reader, name, at);
        }

        reader.Read(); // anything but white space behind the object is a JsonException
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Error("__metadata__", At(reader), Describe(reader), "an object of strings");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            long at = At(reader);
            string key = Text(ref reader, "__metadata__");
            string field = $"__metadata__: value of {Utf8Text.Show(key)}";
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Error(field, At(reader), Describe(reader), "a string");
            if (!_metadata.TryAdd(key, Text(ref reader, field)))
                throw Error($"__metadata__: key {Utf8Text.Show(key)}", at, "the key for the second time", "every key once");
        }
    }

    private void ReadTensor(ref Utf8JsonReader reader, string name, long at)
    {
        string field = $"tensor {Utf8Text.Show(name)}";
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Error(field, At(reader), Describe(reader), "an object with dtype, shape and data_offsets");
        TensorTypeInfo? type = null;
        long[]? shape = null, offsets = null;
        long shapeAt = at, offsetsAt = at;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            long keyAt = At(reader);
            string key = Text(ref reader, field);
            bool isType = key == "dtype", isShape = key == "shape", isOffsets = key == "data_offsets";
            reader.Read();
            if ((isType && type is not null) || (isShape && shape is not null) || (isOffsets && offsets is not null))
                throw Error(field, keyAt, "a key for the second time", "dtype, shape and data_offsets once each");
            if (isType)
                type = ReadType(ref reader, field);
            else if (isShape)
                (shapeAt, shape) = (At(reader), ReadIntegers(ref reader, $"shape of {field}"));
            else if (isOffsets)
                (offsetsAt, offsets) = (At(reader), ReadIntegers(ref reader, $"data_offsets of {field}"));
            else
                reader.Skip();
        }

        if (type is null)
            throw Error(field, at, "no dtype", "dtype, shape and data_offsets");
        if (shape is null)
            throw Error(field, at, "no shape", "dtype, shape and data_offsets");
        if (offsets is null)
            throw Error(field, at, "no data_offsets", "dtype, shape and data_offsets");
        CheckOffsets(field, offsetsAt, offsets);
        CheckSize(field, shapeAt, type, shape, offsets[1] - offsets[0]);
        _entries.Add(new SafetensorsEntry(name, type.Type, shape, offsets[0], offsets[1], offsetsAt));
    }

    private TensorTypeInfo ReadType(ref Utf8JsonReader reader, string field)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw Error($"dtype of {field}", At(reader), Describe(reader), "a string such as F32");
        string dtype = Text(ref reader, field);
        return TensorTypes.FromSafetensors(dtype)
            ?? throw Error($"dtype of {field}", At(reader), $"the unknown dtype {Utf8Text.Show(dtype)}",
                "one of " + string.Join(", ", TensorTypes.All.Where(info => info.InSafetensors).Select(info => info.Name)));
    }

    private long[] ReadIntegers(ref Utf8JsonReader reader, string field)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Error(field, At(reader), Describe(reader), "a list of integers");
        var integers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long value))
                throw Error(field, At(reader), Describe(reader), "integers below 2^63");
            if (value < 0)
                throw Error(field, At(reader), $"the negative number {value}", "no negative numbers");
            integers.Add(value);
        }

        return [.. integers];
    }

    private void CheckOffsets(string field, long at, long[] offsets)
    {
        field = "data_offsets of " + field;
        if (offsets.Length != 2)
            throw Error(field, at, $"{offsets.Length} numbers", "two, begin and end");
        if (offsets[1] < offsets[0])
            throw Error(field, at, $"the end {offsets[1]} before the start {offsets[0]}", "begin ≤ end");
        if (offsets[1] > DataLength)
            throw Error(field, at, $"data up to byte {offsets[1]} of the data, past the end of the file", $"at most {DataLength}");
    }

    private void CheckSize(string field, long at, TensorTypeInfo type, long[] shape, long size)
    {
        long needed;
        try
        {
            needed = TensorTypes.ByteCount(type.Type, shape);
        }
        catch (OverflowException e)
        {
            throw Error($"size of {field}", at, $"shape [{string.Join(", ", shape)}], whose size overflows 63 bits", "a size that fits the file", e);
        }

        if (needed != size)
            throw Error(field, at, $"shape [{string.Join(", ", shape)}] of {type.Name}, which needs {needed} bytes, while data_offsets give {size}", "the same size from both");
    }

    /// <summary>Tensors must cover the data without gap or overlap: a byte that belongs to nobody could hide anything.</summary>
    private void CheckCover()
    {
        SafetensorsEntry[] sorted = [.. _entries];
        Array.Sort(sorted, (a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long end = 0;
        SafetensorsEntry? previous = null;
        foreach (SafetensorsEntry entry in sorted)
        {
            if (entry.Begin < end)
                throw Error($"data_offsets of tensor {Utf8Text.Show(entry.Name)}", entry.HeaderOffset, $"an overlap with tensor {Utf8Text.Show(previous!.Name)}", "tensors that don't overlap");
            if (entry.Begin > end)
                throw Error("data", Start, $"bytes {end} to {entry.Begin} of the data that belong to no tensor (tensor {Utf8Text.Show(entry.Name)} follows)", "tensors that cover the data without holes");
            (end, previous) = (entry.End, entry);
        }

        if (end != DataLength)
            throw Error("data", null, $"{DataLength - end} bytes at the end of the file that belong to no tensor", "tensors that cover the data without holes");
    }

    private string Text(ref Utf8JsonReader reader, string field)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw Error(field, At(reader), "half a surrogate pair in an escape", "valid Unicode", e);
        }
    }

    private static long At(in Utf8JsonReader reader) => Start + reader.TokenStartIndex;

    private static string Describe(in Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "the number " + Utf8Text.Show(System.Text.Encoding.UTF8.GetString(reader.ValueSpan)),
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        _ => "null",
    };

    private static string FirstSentence(string message) => JsonValue.FirstSentence(message);

    private CheckpointException Error(string field, long? offset, string found, string expected, Exception? cause = null) =>
        new(_file, field, offset, found, expected, cause);
}
