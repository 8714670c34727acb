namespace Managed.Loader;

/// <summary>An object of a JSON file such as config.json.</summary>
internal sealed class JsonConfigSection : ValueConfigSection
{
    private readonly JsonValue _object;
    private readonly string _path;

    /// <param name="file">Path of the file, for errors.</param>
    /// <param name="value">The object.</param>
    /// <param name="path">Keys that lead to the object, each followed by a dot.</param>
    public JsonConfigSection(string file, JsonValue value, string path = "")
    {
        File = file;
        _object = value;
        _path = path;
    }

    public override string File { get; }

    /// <summary>Keys and values of the object, in the file's order.</summary>
    public IReadOnlyDictionary<string, JsonValue> Members => _object.Members!;

    /// <summary>Whether the key holds a string, for settings that may be a string or something else.</summary>
    public bool IsText(string key) => Find(key)?.AsText() is not null;

    /// <summary>Whether the key holds anything but null, false, 0, "", [] and {}.</summary>
    public bool IsSet(string key) => Find(key) is JsonValue { IsEmpty: false };

    public static JsonConfigSection Open(string file) => Parse(file, JsonValue.ReadFile(file));

    public static JsonConfigSection Parse(string file, ReadOnlySpan<byte> utf8) => Parse(file, JsonValue.Parse(file, utf8));

    public override ConfigSection? Section(string key)
    {
        foreach (string alternative in key.Split('|'))
            if (FindOne(alternative) is JsonValue value)
                return value.Members is not null
                    ? new JsonConfigSection(File, value, NameOf(alternative) + ".")
                    : throw Wrong(key, value, "an object");
        return null;
    }

    public override bool IsNull(string key) =>
        !Has(key) && key.Split('|').Any(name => _object.Members!.TryGetValue(name, out JsonValue? value) && value.IsNull);

    protected override IConfigValue? FindOne(string key) =>
        _object.Members!.TryGetValue(key, out JsonValue? value) && !value.IsNull ? value : null;

    protected override string NameOf(string key) => _path + key;

    private static JsonConfigSection Parse(string file, JsonValue root) =>
        root.Members is not null
            ? new JsonConfigSection(file, root)
            : throw new CheckpointException(file, "top level", root.Offset, root.Describe(), "a JSON object");
}
