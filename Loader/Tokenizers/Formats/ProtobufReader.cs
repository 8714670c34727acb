using System.Buffers.Binary;

namespace Managed.Loader.Tokenizers;

/// <summary>Walks the fields of a protobuf message. Whatever does not fit the format or the file is refused.</summary>
internal ref struct ProtobufReader(string file, string name, ReadOnlySpan<byte> message, long origin)
{
    private const int Varint = 0, Fixed64 = 1, LengthDelimited = 2, Fixed32 = 5;

    private readonly ReadOnlySpan<byte> message = message;
    private int at;
    private int wire;

    /// <summary>The number of the field that was read last.</summary>
    public int Field { get; private set; }

    /// <summary>Its value, where it is a number (of a float, the bits).</summary>
    public ulong Number { get; private set; }

    /// <summary>Its bytes, where it is a text, bytes or a message.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Where the value of the field lies in the file.</summary>
    public long Offset { get; private set; }

    public bool Read()
    {
        if (at == message.Length)
            return false;
        Offset = origin + at;
        ulong tag = ReadVarint();
        Field = tag >> 3 is > 0 and < 1 << 29 ? (int)(tag >> 3) : throw Error($"the field tag {tag}", "a field number from 1 to 536870911");
        wire = (int)(tag & 7);
        Offset = origin + at;
        switch (wire)
        {
            case Varint:
                Number = ReadVarint();
                break;
            case Fixed64:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case Fixed32:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            case LengthDelimited:
                ulong length = ReadVarint();
                Offset = origin + at;
                Bytes = Take(length);
                break;
            default:
                throw Error($"wire type {wire}", "a field of wire type 0, 1, 2 or 5");
        }
        return true;
    }

    /// <summary>The field as a message of its own.</summary>
    public readonly ProtobufReader Message(string name) => wire == LengthDelimited
        ? new ProtobufReader(file, name, Bytes, Offset)
        : throw Error($"wire type {wire} in field {Field}", "a message");

    public readonly ReadOnlySpan<byte> Text(string field) =>
        wire != LengthDelimited ? throw Error($"wire type {wire} in {field}", "a text")
        : System.Text.Unicode.Utf8.IsValid(Bytes) ? Bytes : throw Error($"bytes in {field} that are not UTF-8", "UTF-8");

    public readonly ReadOnlySpan<byte> Data(string field) =>
        wire == LengthDelimited ? Bytes : throw Error($"wire type {wire} in {field}", "bytes");

    public readonly float Single(string field) => wire == Fixed32 && BitConverter.UInt32BitsToSingle((uint)Number) is var value && !float.IsNaN(value)
        ? value
        : throw Error($"wire type {wire} or no number in {field}", "a float");

    public readonly bool Flag(string field) => Integer(field, 0, 1) == 1;

    public readonly int Integer(string field, int least, int most) =>
        wire == Varint && (long)Number >= least && (long)Number <= most
            ? (int)(long)Number
            : throw Error($"{(wire == Varint ? ((long)Number).ToString(System.Globalization.CultureInfo.InvariantCulture) : $"wire type {wire}")} in {field}",
                $"an integer from {least} to {most}");

    public readonly CheckpointException Error(string found, string expected) => new(file, name, Offset, found, expected);

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
        throw Error("an integer of more than 10 bytes", "a varint");
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(message.Length - at))
            throw Error($"{message.Length - at} bytes left where {count} are needed", "a message that is complete");
        var taken = message.Slice(at, (int)count);
        at += (int)count;
        return taken;
    }
}
