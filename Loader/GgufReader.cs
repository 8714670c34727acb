using System.Buffers.Binary;

namespace Managed.Loader;

/// <summary>Parses and checks a GGUF file. Layout: header, keys and values, tensor descriptions, padding, tensor data.</summary>
internal sealed unsafe class GgufReader(FileBytes bytes)
{
    private const int DefaultAlignment = 32;
    private const int MostDimensions = 4;
    private const int LongestTensorName = 63;
    private const int SmallestPair = sizeof(ulong) + sizeof(uint) + 1; // empty key, type, one byte
    private const int SmallestTensor = sizeof(ulong) + sizeof(uint) + sizeof(uint) + sizeof(ulong); // empty name, no dimension

    private readonly OrderedDictionary<string, GgufValue> _metadata = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);
    private GgufCursor _cursor = new(bytes);

    public static ReadOnlySpan<byte> Magic => "GGUF"u8;

    public uint Version { get; private set; }

    public long Alignment { get; private set; } = DefaultAlignment;

    public long DataOffset { get; private set; }

    public IReadOnlyDictionary<string, GgufValue> Metadata => _metadata;

    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    public void Read()
    {
        ReadMagicAndVersion();
        var (tensors, pairs) = ReadCounts();
        for (ulong i = 0; i < pairs; i++)
            ReadPair();
        var descriptions = new TensorDescription[tensors];
        var names = new HashSet<string>((int)Math.Min(tensors, 1 << 16), StringComparer.Ordinal);
        for (int i = 0; i < descriptions.Length; i++)
            descriptions[i] = ReadTensor(names);
        DataOffset = (_cursor.Position + Alignment - 1) / Alignment * Alignment;
        PlaceTensors(descriptions);
    }

    private void ReadMagicAndVersion()
    {
        const int Header = 24;
        _cursor.Begin("magic");
        if (_cursor.Remaining == 0)
            throw _cursor.Error("an empty file", $"a GGUF header of {Header} bytes");
        if (_cursor.Remaining < Magic.Length)
            throw _cursor.Error($"a file of {_cursor.Remaining} bytes", $"a GGUF header of {Header} bytes");
        ReadOnlySpan<byte> magic = _cursor.Take(Magic.Length);
        if (!magic.SequenceEqual(Magic))
            throw _cursor.Error($"{magic[0]:X2} {magic[1]:X2} {magic[2]:X2} {magic[3]:X2}: not a GGUF file", "47 47 55 46 (GGUF)");
        _cursor.Begin("version");
        Version = _cursor.UInt32();
        if (Version is 2 or 3)
            return;
        uint swapped = BinaryPrimitives.ReverseEndianness(Version);
        throw swapped is > 0 and < 100
            ? _cursor.Error($"{Version}, which is {swapped} in big-endian order", "a little-endian file; big-endian files are not supported")
            : _cursor.Error($"GGUF version {Version}, which is not supported", "version 2 or 3");
    }

    private (ulong Tensors, ulong Pairs) ReadCounts()
    {
        _cursor.Begin("tensor_count");
        ulong tensors = _cursor.UInt64();
        GgufCursor atTensors = _cursor;
        _cursor.Begin("kv_count");
        ulong pairs = _cursor.UInt64();
        long room = _cursor.Remaining;
        if (pairs > (ulong)(room / SmallestPair))
            throw _cursor.Error($"{pairs}, which cannot fit in the file ({room} bytes follow)", $"at most {room / SmallestPair}");
        if (tensors > (ulong)(room / SmallestTensor))
            throw atTensors.Error($"{tensors}, which cannot fit in the file ({room} bytes follow)", $"at most {room / SmallestTensor}");
        return (tensors, pairs);
    }

    private void ReadPair()
    {
        _cursor.Begin($"key {_metadata.Count}");
        string key = _cursor.Text();
        if (_metadata.ContainsKey(key))
            throw Again("key", key);
        _cursor.Begin("value type of key", key);
        uint type = _cursor.UInt32();
        if (!GgufTypes.IsKnown(type))
            throw _cursor.Error($"the unknown value type {type}", "a type from 0 to 12");
        _cursor.Begin("value of key", key);
        GgufValue value = ReadValue((GgufValueType)type);
        _metadata.Add(key, value);
        if (key == "general.alignment")
            ReadAlignment(value);
    }

    private GgufValue ReadValue(GgufValueType type)
    {
        long at = _cursor.FieldStart;
        if (type == GgufValueType.Array)
            return ReadArray(at);
        if (type == GgufValueType.String)
            return GgufValue.Scalar(type, _cursor.Text(), at);
        ReadOnlySpan<byte> raw = _cursor.Take(GgufTypes.ByteCount(type));
        object scalar = type switch
        {
            GgufValueType.UInt8 => raw[0],
            GgufValueType.Int8 => (sbyte)raw[0],
            GgufValueType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(raw),
            GgufValueType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(raw),
            GgufValueType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(raw),
            GgufValueType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(raw),
            GgufValueType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(raw),
            GgufValueType.Bool => raw[0] <= 1 ? raw[0] == 1 : throw _cursor.Error($"{raw[0]} as a bool", "0 or 1"),
            GgufValueType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(raw),
            GgufValueType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(raw),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(raw),
        };
        return GgufValue.Scalar(type, scalar, at);
    }

    private GgufValue ReadArray(long at)
    {
        uint id = _cursor.UInt32();
        if (!GgufTypes.IsKnown(id))
            throw _cursor.Error($"an array of the unknown value type {id}", "a type from 0 to 12");
        var type = (GgufValueType)id;
        if (type == GgufValueType.Array)
            throw _cursor.Error("arrays nested in an array", "an array of scalars or strings; nested arrays are not supported");
        ulong count = _cursor.UInt64();
        long itemsAt = _cursor.Position;
        int size = GgufTypes.ByteCount(type);
        if (count > (ulong)Array.MaxLength / (ulong)Math.Max(size, 1))
            throw _cursor.Error($"an array of {count} elements, which exceeds the file ({_cursor.Remaining} bytes remain)", "an array that lies within the file");
        if (type == GgufValueType.String)
        {
            if (count > (ulong)_cursor.Remaining / sizeof(ulong))
                throw _cursor.Error($"an array of {count} strings, which exceeds the file ({_cursor.Remaining} bytes remain)", "an array that lies within the file");
            for (ulong i = 0; i < count; i++)
                _cursor.TextBytes();
        }
        else
        {
            _cursor.Skip(count, size);
            if (type == GgufValueType.Bool && bytes.Slice(itemsAt, (int)count).ContainsAnyExceptInRange((byte)0, (byte)1))
                throw _cursor.Error("a bool that is neither 0 nor 1", "0 or 1");
        }

        return GgufValue.Lazy(type, (long)count, bytes, itemsAt, at);
    }

    private void ReadAlignment(GgufValue value)
    {
        Int128? alignment = value.AsInteger();
        if (alignment is not { } a || a < 8 || a > 1 << 30 || !Int128.IsPow2(a))
            throw _cursor.Error(value.Describe(), "a power of two that is a positive multiple of 8");
        Alignment = (long)a;
    }

    private TensorDescription ReadTensor(HashSet<string> names)
    {
        _cursor.Begin($"name of tensor {names.Count}");
        string name = _cursor.Text();
        if (_cursor.Position - _cursor.FieldStart - sizeof(ulong) > LongestTensorName)
            throw _cursor.Error($"the name {Utf8Text.Show(name)} of {_cursor.Position - _cursor.FieldStart - sizeof(ulong)} bytes", $"at most {LongestTensorName}");
        if (!names.Add(name))
            throw Again("tensor", name);
        _cursor.Begin("dimension count of tensor", name);
        uint rank = _cursor.UInt32();
        if (rank > MostDimensions)
            throw _cursor.Error($"{rank} dimensions", $"at most {MostDimensions}");
        long dimensionsAt = _cursor.Position;
        long[] shape = ReadShape(name, (int)rank);
        _cursor.Begin("type of tensor", name);
        uint id = _cursor.UInt32();
        if (TensorTypes.FromGguf(id) is not { } type)
            throw _cursor.Error(TensorTypes.RemovedFromGguf(id) is { } removed ? $"type {id} ({removed}), which no longer exists" : $"the unknown type {id}", "a type that ggml has");
        _cursor.Begin("offset of tensor", name);
        long offsetAt = _cursor.Position;
        ulong offset = _cursor.UInt64();
        return new TensorDescription(name, type, shape, ByteCount(name, type, shape, dimensionsAt), offset, offsetAt);
    }

    private long[] ReadShape(string name, int rank)
    {
        _cursor.Begin("dimensions of tensor", name);
        var shape = new long[rank]; // the file has the innermost first
        for (int axis = rank - 1; axis >= 0; axis--)
        {
            ulong size = _cursor.UInt64();
            if (size is 0 or > long.MaxValue)
                throw _cursor.Error($"a dimension of {size}", "sizes from 1 to 2^63 − 1");
            shape[axis] = (long)size;
        }

        return shape;
    }

    private long ByteCount(string name, TensorTypeInfo type, long[] shape, long dimensionsAt)
    {
        string shown = $"[{string.Join(", ", shape)}]";
        long row = shape.Length == 0 ? 1 : shape[^1];
        if (row % type.BlockElements != 0)
            throw Error("dimensions of tensor", name, dimensionsAt, $"a row length of {row}", $"a multiple of the {type.Name} block size {type.BlockElements}");
        try
        {
            _ = shape.Aggregate(1L, (product, size) => checked(product * size));
            return TensorTypes.ByteCount(type.Type, shape);
        }
        catch (OverflowException e)
        {
            throw Error("size of tensor", name, dimensionsAt, $"dimensions {shown}, whose product overflows 63 bits", "a size that fits the file", e);
        }
    }

    private void PlaceTensors(TensorDescription[] descriptions)
    {
        foreach (TensorDescription tensor in descriptions)
        {
            CheckPlace(tensor);
            _tensors.Add(tensor.Name, new StoredTensor
            {
                Name = tensor.Name,
                Type = tensor.Type.Type,
                Shape = tensor.Shape,
                Data = bytes.Pointer + DataOffset + (long)tensor.Offset,
                ByteCount = tensor.ByteCount,
                IsMapped = bytes.IsMapped,
                File = bytes.Path,
                FileOffset = DataOffset + (long)tensor.Offset,
            });
        }

        CheckOverlap(descriptions);
    }

    private void CheckPlace(TensorDescription tensor)
    {
        long room = bytes.Length - DataOffset;
        if (tensor.Offset > (ulong)(long.MaxValue - DataOffset))
            throw Error("offset of tensor", tensor.Name, tensor.OffsetAt, $"{tensor.Offset}, which overflows when the start of the data is added", "an offset within the file");
        if (tensor.Offset % (ulong)Alignment != 0)
            throw Error("offset of tensor", tensor.Name, tensor.OffsetAt, $"{tensor.Offset}, which is not aligned to {Alignment}", $"a multiple of {Alignment}");
        if (room < 0 || tensor.Offset > (ulong)room)
            throw Error("offset of tensor", tensor.Name, tensor.OffsetAt, $"{tensor.Offset}, which lies past the end of the file ({Math.Max(room, 0)} bytes of data)", "an offset within the file");
        if (tensor.ByteCount > room - (long)tensor.Offset)
            throw Error("data of tensor", tensor.Name, tensor.OffsetAt,
                $"data that ends past the end of the file ({room - (long)tensor.Offset} of {tensor.ByteCount} bytes are there)", $"{tensor.ByteCount - room + (long)tensor.Offset} bytes more");
    }

    private void CheckOverlap(TensorDescription[] descriptions)
    {
        TensorDescription[] sorted = [.. descriptions];
        Array.Sort(sorted, (a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.OffsetAt.CompareTo(b.OffsetAt));
        for (int i = 1; i < sorted.Length; i++)
        {
            var (before, after) = (sorted[i - 1], sorted[i]);
            if ((long)before.Offset + before.ByteCount > (long)after.Offset)
                throw Error("offset of tensor", after.Name, after.OffsetAt, $"{after.Offset}, where it overlaps tensor {Utf8Text.Show(before.Name)}", "tensors that don't overlap");
        }
    }

    private CheckpointException Again(string what, string name) =>
        Error(what, name, _cursor.FieldStart, "the name for the second time", "every name once");

    private CheckpointException Error(string part, string name, long at, string found, string expected, Exception? cause = null) =>
        new(bytes.Path, $"{part} {Utf8Text.Show(name)}", at, found, expected, cause);

    private sealed record TensorDescription(string Name, TensorTypeInfo Type, long[] Shape, long ByteCount, ulong Offset, long OffsetAt);
}
