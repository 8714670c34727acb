using System.Runtime.InteropServices;
using System.Text.Json;

namespace Managed.Tests.Sampling;

/// <summary>The tensors of a golden safetensors file, read by the tests themselves so that they depend on no loader.</summary>
internal sealed class GoldenTensors
{
    private readonly byte[] bytes;
    private readonly JsonElement header;
    private readonly int dataStart;

    public GoldenTensors(string path)
    {
        bytes = File.ReadAllBytes(path);
        int length = checked((int)BitConverter.ToInt64(bytes));
        dataStart = 8 + length;
        header = JsonDocument.Parse(bytes.AsMemory(8, length)).RootElement;
    }

    public float[] Singles(string name) => Read<float>(name, "F32");

    public double[] Doubles(string name) => Read<double>(name, "F64");

    public long[] Integers(string name) => header.GetProperty(name).GetProperty("dtype").GetString() == "I32"
        ? Array.ConvertAll(Read<int>(name, "I32"), value => (long)value)
        : Read<long>(name, "I64");

    private T[] Read<T>(string name, string type) where T : unmanaged
    {
        JsonElement tensor = header.GetProperty(name);
        Assert.That(tensor.GetProperty("dtype").GetString(), Is.EqualTo(type), name);
        int begin = tensor.GetProperty("data_offsets")[0].GetInt32(), end = tensor.GetProperty("data_offsets")[1].GetInt32();
        return MemoryMarshal.Cast<byte, T>(bytes.AsSpan(dataStart + begin, end - begin)).ToArray();
    }
}
