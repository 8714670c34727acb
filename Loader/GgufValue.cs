using System.Globalization;
using System.Runtime.InteropServices;

namespace Managed.Loader;

/// <summary>A typed value of GGUF metadata. Arrays stay in the file until somebody asks for them.</summary>
internal sealed unsafe class GgufValue : IConfigValue
{
    private readonly FileBytes? _source;
    private readonly long _itemsAt;
    private object? _content; // boxed scalar, string, or array of the element's .NET type

    private GgufValue(GgufValueType type, object content, long offset)
    {
        Type = type;
        _content = content;
        Count = 1;
        Offset = offset;
    }

    private GgufValue(GgufValueType elementType, long count, FileBytes? source, long itemsAt, long offset, Array? items)
    {
        Type = GgufValueType.Array;
        ElementType = elementType;
        Count = count;
        Offset = offset;
        _source = source;
        _itemsAt = itemsAt;
        _content = items;
    }

    public GgufValueType Type { get; }

    /// <summary>The type of an array's elements; null for scalars.</summary>
    public GgufValueType? ElementType { get; }

    /// <summary>Elements of an array; 1 for scalars.</summary>
    public long Count { get; }

    public long Offset { get; }

    /// <summary>The scalar in its own .NET type, the string, or the array (byte[], … double[], bool[], string[]).</summary>
    public object Content => _content ??= ReadItems();

    /// <summary>A scalar or a string, in the GGUF type that is closest to its .NET type; one-dimensional arrays of them too.</summary>
    public static GgufValue From(object content)
    {
        if (content is Array items)
            return new GgufValue(GgufTypes.Of(items.GetType().GetElementType()!), items.LongLength, null, 0, 0, items);
        return new GgufValue(GgufTypes.Of(content.GetType()), content, 0);
    }

    /// <summary>A scalar or string found at `offset`.</summary>
    internal static GgufValue Scalar(GgufValueType type, object content, long offset) => new(type, content, offset);

    /// <summary>An array whose elements start at `itemsAt`, all checked to lie within the file.</summary>
    internal static GgufValue Lazy(GgufValueType elementType, long count, FileBytes source, long itemsAt, long offset) =>
        new(elementType, count, source, itemsAt, offset, null);

    public string Describe() => Type switch
    {
        GgufValueType.String => $"the string \"{Utf8Text.Show((string)_content!)}\"",
        GgufValueType.Array => $"an array of {Count} {ElementType}",
        GgufValueType.Bool => (bool)_content! ? "true" : "false",
        _ => Convert.ToString(_content, CultureInfo.InvariantCulture)!,
    };

    public Int128? AsInteger() => Type == GgufValueType.Array ? null : ToInteger(_content!);

    public double? AsNumber()
    {
        if (Type == GgufValueType.Array)
            return null;
        double? number = _content switch { float f => f, double d => d, _ => (double?)ToInteger(_content!) };
        return number is { } n && double.IsFinite(n) ? n : null;
    }

    public bool? AsFlag() => _content as bool?;

    public string? AsText() => Type == GgufValueType.String ? (string)_content! : null;

    public long[]? AsIntegers() => Content switch
    {
        int[] items => Array.ConvertAll(items, item => (long)item),
        uint[] items => Array.ConvertAll(items, item => (long)item),
        long[] items => items,
        ulong[] items => Array.TrueForAll(items, item => item <= long.MaxValue) ? Array.ConvertAll(items, item => (long)item) : null,
        byte[] items => Array.ConvertAll(items, item => (long)item),
        sbyte[] items => Array.ConvertAll(items, item => (long)item),
        ushort[] items => Array.ConvertAll(items, item => (long)item),
        short[] items => Array.ConvertAll(items, item => (long)item),
        bool[] items => Array.ConvertAll(items, item => item ? 1L : 0L), // which layers slide
        _ => null,
    };

    public double[]? AsNumbers()
    {
        double[]? numbers = Content switch
        {
            float[] items => Array.ConvertAll(items, item => (double)item),
            double[] items => items,
            _ => AsIntegers() is { } integers ? Array.ConvertAll(integers, item => (double)item) : null,
        };
        return numbers is null || Array.TrueForAll(numbers, double.IsFinite) ? numbers : null;
    }

    public string[]? AsTexts() => Content as string[];

    /// <summary>A file's array of strings in place, for as long as the file is open; null where this is something else.</summary>
    public GgufTexts? Texts() =>
        ElementType == GgufValueType.String && _source is not null ? new GgufTexts(_source, _itemsAt, checked((int)Count)) : null;

    private static Int128? ToInteger(object scalar) => scalar switch
    {
        uint v => v,
        int v => v,
        ulong v => v,
        long v => v,
        ushort v => v,
        short v => v,
        byte v => v,
        sbyte v => v,
        _ => null,
    };

    private Array ReadItems()
    {
        ObjectDisposedException.ThrowIf(_source!.IsDisposed, _source);
        var at = _source.Pointer + _itemsAt;
        int count = checked((int)Count);
        return ElementType switch
        {
            GgufValueType.UInt8 => Copy<byte>(at, count),
            GgufValueType.Int8 => Copy<sbyte>(at, count),
            GgufValueType.UInt16 => Copy<ushort>(at, count),
            GgufValueType.Int16 => Copy<short>(at, count),
            GgufValueType.UInt32 => Copy<uint>(at, count),
            GgufValueType.Int32 => Copy<int>(at, count),
            GgufValueType.Float32 => Copy<float>(at, count),
            GgufValueType.Bool => Copy<bool>(at, count),
            GgufValueType.UInt64 => Copy<ulong>(at, count),
            GgufValueType.Int64 => Copy<long>(at, count),
            GgufValueType.Float64 => Copy<double>(at, count),
            _ => new GgufTexts(_source, _itemsAt, count).ToArray(),
        };
    }

    private static T[] Copy<T>(byte* at, int count)
        where T : unmanaged
    {
        var items = new T[count];
        new ReadOnlySpan<byte>(at, checked(count * sizeof(T))).CopyTo(MemoryMarshal.AsBytes(items.AsSpan()));
        return items;
    }
}
