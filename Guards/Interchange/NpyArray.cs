using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Managed.Loader;

namespace Managed.Guards.Interchange;

/// <summary>Element types of NumPy arrays that are read and written here.</summary>
internal enum NpyElement
{
    Float32,
    Float64,
    Float16,
    Int32,
    Int64,
}

/// <summary>A NumPy array: the content of a `.npy` file, or of a member of a `.npz`.</summary>
/// <param name="Element">Element type.</param>
/// <param name="Shape">Sizes, outermost first.</param>
/// <param name="Bytes">Elements, little-endian, last axis fastest.</param>
internal sealed record NpyArray(NpyElement Element, int[] Shape, byte[] Bytes)
{
    private const int HeaderAlignment = 64;

    public static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    public int Count => Bytes.Length / NpyHeader.SizeOf(Element);

    public static NpyArray From(int[] shape, ReadOnlySpan<float> values) => new(NpyElement.Float32, shape, MemoryMarshal.AsBytes(values).ToArray());

    public static NpyArray ReadFile(string path)
    {
        using FileBytes bytes = FileBytes.Open(path);
        if (bytes.Length > Array.MaxLength)
            throw new CheckpointException(path, "file", null, $"{bytes.Length} bytes", $"at most {Array.MaxLength}");
        return Parse(path, "array", bytes.Slice(0, (int)bytes.Length));
    }

    /// <summary>Reads the bytes of a `.npy`.</summary>
    /// <param name="file">The file they come from, for errors.</param>
    /// <param name="field">The part of it, for errors.</param>
    /// <param name="source">The bytes.</param>
    public static NpyArray Parse(string file, string field, ReadOnlySpan<byte> source)
    {
        NpyHeader header = NpyHeader.Parse(file, field, source);
        ReadOnlySpan<byte> data = source[header.Length..];
        if (data.Length != header.ByteCount)
            throw new CheckpointException(file, $"{field}, data", header.Length, $"{data.Length} bytes",
                $"{header.ByteCount} for shape [{string.Join(", ", header.Shape)}] of {header.Element}");
        byte[] bytes = data.ToArray();
        int size = NpyHeader.SizeOf(header.Element);
        if (header.BigEndian)
            for (int at = 0; at < bytes.Length; at += size)
                bytes.AsSpan(at, size).Reverse();
        if (header.FortranOrder && header.Shape.Length > 1)
            bytes = LastAxisFastest(bytes, header.Shape, size);
        return new NpyArray(header.Element, header.Shape, bytes);
    }

    /// <summary>The elements as 32-bit floats; integers and 64-bit floats are rounded.</summary>
    public float[] ToSingle() => Element switch
    {
        NpyElement.Float32 => MemoryMarshal.Cast<byte, float>(Bytes).ToArray(),
        NpyElement.Float64 => Convert<double>(value => (float)value),
        NpyElement.Float16 => Convert<Half>(value => (float)value),
        NpyElement.Int32 => Convert<int>(value => value),
        _ => Convert<long>(value => value),
    };

    public void Write(Stream stream)
    {
        string shape = Shape.Length == 1 ? $"({Shape[0]},)" : $"({string.Join(", ", Shape)})";
        byte[] text = Encoding.ASCII.GetBytes($"{{'descr': '<{NpyHeader.CodeOf(Element)}', 'fortran_order': False, 'shape': {shape}, }}");
        int before = Magic.Length + 4, padding = HeaderAlignment - 1 - (before + text.Length) % HeaderAlignment;
        stream.Write(Magic);
        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)(text.Length + padding + 1));
        stream.Write([1, 0, .. length]); // version 1.0
        stream.Write(text);
        for (int i = 0; i < padding; i++)
            stream.WriteByte((byte)' ');
        stream.WriteByte((byte)'\n');
        stream.Write(Bytes);
    }

    private float[] Convert<T>(Func<T, float> convert) where T : unmanaged
    {
        ReadOnlySpan<T> source = MemoryMarshal.Cast<byte, T>(Bytes);
        var values = new float[source.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = convert(source[i]);
        return values;
    }

    private static byte[] LastAxisFastest(byte[] firstAxisFastest, int[] shape, int size)
    {
        var ordered = new byte[firstAxisFastest.Length];
        var index = new int[shape.Length];
        for (int to = 0; to < ordered.Length; to += size)
        {
            long from = 0;
            for (int axis = shape.Length - 1; axis >= 0; axis--)
                from = (from * shape[axis]) + index[axis];
            firstAxisFastest.AsSpan((int)from * size, size).CopyTo(ordered.AsSpan(to));
            for (int axis = shape.Length - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--)
                index[axis] = 0;
        }
        return ordered;
    }
}
