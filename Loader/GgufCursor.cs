using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Managed.Loader;

/// <summary>Reads a GGUF file field by field; every read is checked against the end of the file, and errors name the field that was being read.</summary>
internal struct GgufCursor(FileBytes bytes)
{
    private string _part = "header";
    private string? _name;

    public long Position { get; private set; }

    /// <summary>Where the current field starts.</summary>
    public long FieldStart { get; private set; }

    public readonly long Remaining => bytes.Length - Position;

    /// <summary>Starts a field: `part` of `name`, as in "value of key" "general.name".</summary>
    public void Begin(string part, string? name = null)
    {
        _part = part;
        _name = name;
        FieldStart = Position;
    }

    public readonly CheckpointException Error(string found, string expected) =>
        new(bytes.Path, _name is null ? _part : $"{_part} {Utf8Text.Show(_name)}", FieldStart, found, expected);

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > Remaining)
            throw Error($"the end of the file after {Remaining} bytes", $"{count} bytes more");
        ReadOnlySpan<byte> taken = bytes.Slice(Position, count);
        Position += count;
        return taken;
    }

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    public string Text() => Encoding.UTF8.GetString(TextBytes());

    /// <summary>A length and that many bytes of valid UTF-8.</summary>
    public ReadOnlySpan<byte> TextBytes()
    {
        ulong length = UInt64();
        if (length > (ulong)Remaining)
            throw Error($"a string length of {length}, which exceeds the file ({Remaining} bytes remain)", "a string that lies within the file");
        if (length > int.MaxValue)
            throw Error($"a string length of {length}", $"at most {int.MaxValue} bytes");
        ReadOnlySpan<byte> text = Take((int)length);
        if (!Utf8.IsValid(text))
            throw Error($"text that is not valid UTF-8 (byte {Utf8Text.FirstInvalid(text)} of the string)", "UTF-8");
        return text;
    }

    /// <summary>Passes over `count` elements of `size` bytes.</summary>
    public void Skip(ulong count, int size)
    {
        if (count > (ulong)Remaining / (ulong)size)
            throw Error($"an array of {count} elements, which exceeds the file ({Remaining} bytes remain)", "an array that lies within the file");
        Position += (long)count * size;
    }
}
