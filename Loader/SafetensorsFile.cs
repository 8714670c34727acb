using System.Buffers.Binary;

namespace Managed.Loader;

/// <summary>A safetensors file, memory-mapped: its header is checked as a whole before any tensor is handed out.</summary>
/// <remarks>Layout: u64 length of the header, the header in JSON, the data. All offsets count from the end of the header.</remarks>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    /// <summary>Longest header, in bytes; the limit of the format's own library.</summary>
    public const long LongestHeader = 100_000_000;

    private readonly FileBytes _bytes;
    private readonly Dictionary<string, StoredTensor> _tensors;

    private SafetensorsFile(FileBytes bytes, SafetensorsHeader header)
    {
        _bytes = bytes;
        Metadata = header.Metadata;
        long data = bytes.Length - header.DataLength;
        _tensors = new Dictionary<string, StoredTensor>(header.Entries.Count, StringComparer.Ordinal);
        foreach (SafetensorsEntry entry in header.Entries)
        {
            _tensors.Add(entry.Name, new StoredTensor
            {
                Name = entry.Name,
                Type = entry.Type,
                Shape = entry.Shape,
                Data = bytes.Pointer + data + entry.Begin,
                ByteCount = entry.End - entry.Begin,
                IsMapped = bytes.IsMapped,
                File = bytes.Path,
                FileOffset = data + entry.Begin,
            });
        }
    }

    public string Path => _bytes.Path;

    /// <summary>The tensors by name, in the order of the header.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    /// <summary>The strings under `__metadata__`; empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    public static SafetensorsFile Open(string path)
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
    public static SafetensorsFile Read(FileBytes bytes)
    {
        const string Field = "header length";
        if (bytes.Length < sizeof(ulong))
            throw new CheckpointException(bytes.Path, Field, 0, bytes.Length == 0 ? "an empty file" : $"a file of {bytes.Length} bytes", "8 bytes of header length");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(0, sizeof(ulong)));
        long rest = bytes.Length - sizeof(ulong);
        if (length > (ulong)rest)
            throw new CheckpointException(bytes.Path, Field, 0, $"{length}, which exceeds the file ({rest} bytes follow)", "a header that lies within the file");
        if (length > LongestHeader)
            throw new CheckpointException(bytes.Path, Field, 0, $"{length}", $"at most {LongestHeader} bytes");
        var header = SafetensorsHeader.Parse(bytes.Path, bytes.Slice(sizeof(ulong), (int)length), rest - (long)length);
        return new SafetensorsFile(bytes, header);
    }

    public void Dispose() => _bytes.Dispose();
}
