namespace Managed.Loader;

/// <summary>A GGUF file (version 2 or 3, little-endian), memory-mapped: everything is checked before anything is handed out.</summary>
internal sealed class GgufFile : IDisposable
{
    private readonly FileBytes _bytes;

    private GgufFile(FileBytes bytes, GgufReader reader)
    {
        _bytes = bytes;
        Version = reader.Version;
        Alignment = reader.Alignment;
        DataOffset = reader.DataOffset;
        Metadata = reader.Metadata;
        Tensors = reader.Tensors;
    }

    public string Path => _bytes.Path;

    public uint Version { get; }

    public long Alignment { get; }

    /// <summary>Where the tensors' data starts in the file.</summary>
    public long DataOffset { get; }

    /// <summary>Keys and values, in the file's order.</summary>
    public IReadOnlyDictionary<string, GgufValue> Metadata { get; }

    /// <summary>Tensors by name, in the file's order.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    public static GgufFile Open(string path)
    {
        FileBytes bytes = FileBytes.Open(path);
        try
        {
            return Read(bytes);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>Reads bytes that are already in memory, and owns them from here on if it succeeds.</summary>
    public static GgufFile Read(FileBytes bytes)
    {
        var reader = new GgufReader(bytes);
        reader.Read();
        return new GgufFile(bytes, reader);
    }

    /// <summary>Whether a file starts with GGUF's magic bytes.</summary>
    public static bool Recognise(string path)
    {
        using FileBytes bytes = FileBytes.Open(path);
        return bytes.Length >= 4 && bytes.Slice(0, 4).SequenceEqual(GgufReader.Magic);
    }

    public void Dispose() => _bytes.Dispose();
}
