using System.Text;

namespace Managed.Loader;

/// <summary>Writes GGUF files (version 3, little-endian), tensor by tensor, atomically.</summary>
internal static class GgufWriter
{
    private const uint Version = 3;
    private const int DefaultAlignment = 32;
    private const int LongestTensorName = 63;
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static void Write(string path, IReadOnlyCollection<KeyValuePair<string, GgufValue>> metadata, IReadOnlyCollection<TensorToWrite> tensors) =>
        AtomicFile.Write(path, stream => Write(stream, metadata, tensors));

    public static void Write(Stream stream, IReadOnlyCollection<KeyValuePair<string, GgufValue>> metadata, IReadOnlyCollection<TensorToWrite> tensors)
    {
        Check(metadata, tensors);
        long alignment = (long?)metadata.FirstOrDefault(pair => pair.Key == "general.alignment").Value?.AsInteger() ?? DefaultAlignment;
        using var writer = new BinaryWriter(stream, s_utf8, leaveOpen: true);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            WriteText(writer, key);
            WriteValue(writer, value);
        }

        long at = 0;
        foreach (TensorToWrite tensor in tensors)
        {
            WriteText(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Length);
            for (int axis = tensor.Shape.Length - 1; axis >= 0; axis--) // the file has the innermost first
                writer.Write((ulong)tensor.Shape[axis]);
            writer.Write((uint)TensorTypes.Of(tensor.Type).GgufId!.Value);
            writer.Write((ulong)at);
            at = Align(at + tensor.ByteCount, alignment);
        }

        writer.Flush();
        Pad(stream, alignment);
        foreach (TensorToWrite tensor in tensors)
        {
            tensor.WriteTo(stream);
            Pad(stream, alignment);
        }
    }

    private static void Check(IReadOnlyCollection<KeyValuePair<string, GgufValue>> metadata, IReadOnlyCollection<TensorToWrite> tensors)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (key, _) in metadata)
            if (!keys.Add(key))
                throw new ArgumentException($"key {key} occurs twice", nameof(metadata));
        TensorToWrite.CheckNames(tensors);
        foreach (TensorToWrite tensor in tensors)
        {
            if (TensorTypes.Of(tensor.Type).GgufId is null)
                throw new ArgumentException($"tensor {tensor.Name}: GGUF has no type {tensor.Type}", nameof(tensors));
            if (tensor.Shape.Length > 4 || tensor.Shape.Any(size => size <= 0))
                throw new ArgumentException($"tensor {tensor.Name}: GGUF holds up to four dimensions above 0, not [{string.Join(", ", tensor.Shape)}]", nameof(tensors));
            if (s_utf8.GetByteCount(tensor.Name) > LongestTensorName)
                throw new ArgumentException($"tensor {tensor.Name}: GGUF names have at most {LongestTensorName} bytes", nameof(tensors));
        }
    }

    private static void WriteValue(BinaryWriter writer, GgufValue value)
    {
        writer.Write((uint)value.Type);
        if (value.Type != GgufValueType.Array)
        {
            WriteScalar(writer, value.Content);
            return;
        }

        writer.Write((uint)value.ElementType!.Value);
        writer.Write((ulong)value.Count);
        foreach (object item in (Array)value.Content)
            WriteScalar(writer, item);
    }

    private static void WriteScalar(BinaryWriter writer, object scalar)
    {
        switch (scalar)
        {
            case byte v: writer.Write(v); break;
            case sbyte v: writer.Write(v); break;
            case ushort v: writer.Write(v); break;
            case short v: writer.Write(v); break;
            case uint v: writer.Write(v); break;
            case int v: writer.Write(v); break;
            case ulong v: writer.Write(v); break;
            case long v: writer.Write(v); break;
            case float v: writer.Write(v); break;
            case double v: writer.Write(v); break;
            case bool v: writer.Write(v); break;
            case string v: WriteText(writer, v); break;
            default: throw new ArgumentException($"GGUF has no value type for {scalar.GetType()}", nameof(scalar));
        }
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        byte[] utf8 = s_utf8.GetBytes(text);
        writer.Write((ulong)utf8.Length);
        writer.Write(utf8);
    }

    private static void Pad(Stream stream, long alignment)
    {
        ReadOnlySpan<byte> zeros = stackalloc byte[64];
        for (long missing = Align(stream.Position, alignment) - stream.Position; missing > 0; missing -= Math.Min(missing, zeros.Length))
            stream.Write(zeros[..(int)Math.Min(missing, zeros.Length)]);
    }

    private static long Align(long position, long alignment) => (position + alignment - 1) / alignment * alignment;
}
