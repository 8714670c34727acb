using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Managed.Loader;

/// <summary>Writes safetensors files, tensor by tensor, atomically.</summary>
internal static class SafetensorsWriter
{
    private const int HeaderAlignment = 8;

    public static void Write(string path, IReadOnlyCollection<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        AtomicFile.Write(path, stream => Write(stream, tensors, metadata));

    public static void Write(Stream stream, IReadOnlyCollection<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        TensorToWrite.CheckNames(tensors);
        foreach (TensorToWrite tensor in tensors)
        {
            if (!TensorTypes.Of(tensor.Type).InSafetensors)
                throw new ArgumentException($"tensor {tensor.Name}: safetensors has no type {tensor.Type}", nameof(tensors));
            if (tensor.Name == "__metadata__")
                throw new ArgumentException("__metadata__ cannot be the name of a tensor", nameof(tensors));
        }

        // Widest elements first: then every tensor is aligned to its own element size.
        TensorToWrite[] ordered = [.. tensors.OrderByDescending(tensor => TensorTypes.Of(tensor.Type).BlockBytes)];
        ReadOnlySpan<byte> header = BuildHeader(ordered, metadata);
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        int padding = (HeaderAlignment - header.Length % HeaderAlignment) % HeaderAlignment;
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)(header.Length + padding));
        stream.Write(length);
        stream.Write(header);
        stream.Write("        "u8[..padding]);
        foreach (TensorToWrite tensor in ordered)
            tensor.WriteTo(stream);
    }

    private static ReadOnlySpan<byte> BuildHeader(TensorToWrite[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            long at = 0;
            foreach (TensorToWrite tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", TensorTypes.Of(tensor.Type).Name);
                WriteIntegers(json, "shape", tensor.Shape);
                WriteIntegers(json, "data_offsets", [at, at += tensor.ByteCount]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan;
    }

    private static void WriteIntegers(Utf8JsonWriter json, string key, ReadOnlySpan<long> values)
    {
        json.WriteStartArray(key);
        foreach (long value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
