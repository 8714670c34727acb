using System.Globalization;
using System.Text.Json;
using Managed.Loader;

namespace Managed.Tests.Loader;

/// <summary>Every valid file must read exactly as other libraries read it.</summary>
public class ValidFilesTests
{
    private static readonly Dictionary<string, GgufValueType> s_valueTypes = new()
    {
        ["UINT8"] = GgufValueType.UInt8,
        ["INT8"] = GgufValueType.Int8,
        ["UINT16"] = GgufValueType.UInt16,
        ["INT16"] = GgufValueType.Int16,
        ["UINT32"] = GgufValueType.UInt32,
        ["INT32"] = GgufValueType.Int32,
        ["FLOAT32"] = GgufValueType.Float32,
        ["BOOL"] = GgufValueType.Bool,
        ["STRING"] = GgufValueType.String,
        ["ARRAY"] = GgufValueType.Array,
        ["UINT64"] = GgufValueType.UInt64,
        ["INT64"] = GgufValueType.Int64,
        ["FLOAT64"] = GgufValueType.Float64,
    };

    private static readonly Dictionary<string, JsonElement> s_gguf = Expected("gguf-valid");
    private static readonly Dictionary<string, JsonElement> s_safetensors = Expected("safetensors-valid");

    public static IEnumerable<string> GgufNames => s_gguf.Keys;

    public static IEnumerable<string> SafetensorsNames => s_safetensors.Keys.Where(name => name.EndsWith(".safetensors", StringComparison.Ordinal));

    [TestCaseSource(nameof(GgufNames))]
    public void A_GGUF_file_reads_as_expected(string name)
    {
        JsonElement expected = s_gguf[name];
        using GgufFile file = GgufFile.Open(SharedFolder.Fixture($"gguf-valid/{name}"));
        Assert.That(file.Version, Is.EqualTo(expected.GetProperty("version").GetUInt32()));
        Assert.That(file.DataOffset, Is.EqualTo(expected.GetProperty("data_offset").GetInt64()));
        JsonElement[] pairs = [.. expected.GetProperty("kv").EnumerateArray()];
        Assert.That(file.Metadata.Keys, Is.EqualTo(pairs.Select(pair => pair[0].GetString())));
        foreach (JsonElement pair in pairs)
            CheckValue(file.Metadata[pair[0].GetString()!], s_valueTypes[pair[1].GetString()!], pair[2]);
        JsonElement[] tensors = [.. expected.GetProperty("tensors").EnumerateArray()];
        Assert.That(file.Tensors.Keys, Is.EqualTo(tensors.Select(tensor => tensor.GetProperty("name").GetString())));
        foreach (JsonElement tensor in tensors)
        {
            StoredTensor stored = file.Tensors[tensor.GetProperty("name").GetString()!];
            Assert.That(stored.Shape.Reverse(), Is.EqualTo(tensor.GetProperty("ne").EnumerateArray().Select(size => size.GetInt64())));
            Assert.That((int)stored.Type, Is.EqualTo(tensor.GetProperty("type_id").GetInt32()));
            CheckValues(stored, tensor.GetProperty("values"));
        }
    }

    [TestCaseSource(nameof(SafetensorsNames))]
    public void A_safetensors_file_reads_as_expected(string name)
    {
        JsonElement expected = s_safetensors[name];
        using SafetensorsFile file = SafetensorsFile.Open(SharedFolder.Fixture($"safetensors-valid/{name}"));
        JsonElement metadata = expected.GetProperty("metadata");
        Dictionary<string, string?> pairs = metadata.ValueKind == JsonValueKind.Null
            ? []
            : metadata.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString());
        Assert.That(file.Metadata, Is.EquivalentTo(pairs));
        CheckTensors(file.Tensors, expected.GetProperty("tensors"));
    }

    [Test]
    public void Shards_read_as_their_index_says()
    {
        using SafetensorsFolder folder = SafetensorsFolder.Open(SharedFolder.Fixture("safetensors-valid/sharded"));
        CheckTensors(folder.Tensors, s_safetensors["sharded/model.safetensors.index.json"].GetProperty("tensors"));
        string[] unlisted = [.. folder.Files.SelectMany(file => file.Tensors.Keys).Except(folder.Tensors.Keys)];
        Assert.That(unlisted, Has.Length.EqualTo(1), "the second shard holds one tensor that the index doesn't list");
    }

    [Test]
    public void Every_block_type_has_the_size_that_files_of_it_have()
    {
        string folder = SharedFolder.Require("fixtures/gguf-blocks");
        foreach (string path in Directory.GetFiles(folder, "*.gguf"))
        {
            using GgufFile file = GgufFile.Open(path);
            StoredTensor x = file.Tensors["x"];
            Assert.That(x.Shape, Is.EqualTo(new long[] { 8, 512 }), path);
            Assert.That(x.Type.ToString(), Is.EqualTo(Path.GetFileNameWithoutExtension(path).Replace("-bytes", "")));
            long padded = (x.ByteCount + file.Alignment - 1) / file.Alignment * file.Alignment;
            Assert.That(x.FileOffset + padded, Is.EqualTo(new FileInfo(path).Length), path);
        }
    }

    [Test]
    public void Every_tensor_of_the_shipped_models_is_there()
    {
        foreach (string model in (string[])["hearth", "warden"])
        {
            string path = Path.Combine(SharedFolder.Repository, "models", model);
            using Checkpoint checkpoint = Checkpoint.Open(path);
            Assert.That(checkpoint.Format, Is.EqualTo(CheckpointFormat.HuggingFace));
            Assert.That(checkpoint.Family, Is.EqualTo(checkpoint.Config.Text("model_type")));
            Assert.That(checkpoint.Generation, Is.Not.Null);
            Assert.That(checkpoint.Tensor("model.embed_tokens.weight").Shape, Is.EqualTo(new long[] { checkpoint.Config.Count("vocab_size"), checkpoint.Config.Count("hidden_size") }));
        }
    }

    private static void CheckValue(GgufValue value, GgufValueType type, JsonElement expected)
    {
        Assert.That(value.Type, Is.EqualTo(type));
        if (type != GgufValueType.Array)
        {
            Assert.That(Same(value.Content, expected), $"{value.Content} is not {expected}");
            return;
        }

        Assert.That(value.ElementType, Is.EqualTo(s_valueTypes[expected.GetProperty("array_of").GetString()!]));
        object[] items = [.. ((Array)value.Content).Cast<object>()];
        JsonElement[] expectedItems = [.. expected.GetProperty("values").EnumerateArray()];
        Assert.That(items, Has.Length.EqualTo(expectedItems.Length));
        Assert.That(value.Count, Is.EqualTo(expectedItems.Length));
        for (int i = 0; i < items.Length; i++)
            Assert.That(Same(items[i], expectedItems[i]), $"{items[i]} is not {expectedItems[i]}");
    }

    private static bool Same(object value, JsonElement expected) => value switch
    {
        string text => text == expected.GetString(),
        bool flag => flag == expected.GetBoolean(),
        float number => number == (float)expected.GetDouble(),
        double number => number == expected.GetDouble(),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) == expected.GetRawText(),
    };

    private static void CheckTensors(IReadOnlyDictionary<string, StoredTensor> tensors, JsonElement expected)
    {
        Assert.That(tensors.Keys, Is.EquivalentTo(expected.EnumerateObject().Select(tensor => tensor.Name)));
        foreach (JsonProperty tensor in expected.EnumerateObject())
        {
            StoredTensor stored = tensors[tensor.Name];
            Assert.That(TensorTypes.Of(stored.Type).Name, Is.EqualTo(tensor.Value.GetProperty("dtype").GetString()));
            Assert.That(stored.Shape, Is.EqualTo(tensor.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())));
            CheckValues(stored, tensor.Value.GetProperty("values"));
        }
    }

    private static void CheckValues(StoredTensor tensor, JsonElement expected)
    {
        var values = new float[tensor.ElementCount];
        PlainTypes.ToSingle(tensor, values);
        float[] wanted = [.. expected.EnumerateArray().Select(ToSingle)];
        Assert.That(values.Select(BitConverter.SingleToInt32Bits), Is.EqualTo(wanted.Select(BitConverter.SingleToInt32Bits)).Using<int>(SameBits), tensor.Name);
    }

    /// <summary>The same bits, so that −0 is not 0; every NaN is as good as another.</summary>
    private static bool SameBits(int a, int b) =>
        a == b || (float.IsNaN(BitConverter.Int32BitsToSingle(a)) && float.IsNaN(BitConverter.Int32BitsToSingle(b)));

    private static float ToSingle(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => float.NaN,
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        JsonValueKind.String => value.GetString() switch
        {
            "Infinity" => float.PositiveInfinity,
            "-Infinity" => float.NegativeInfinity,
            "-0" => -0f,
            var other => throw new InvalidOperationException($"unexpected value {other}"),
        },
        _ when value.TryGetInt64(out long integer) => integer,
        _ when value.TryGetUInt64(out ulong integer) => integer,
        _ => (float)value.GetDouble(),
    };

    private static Dictionary<string, JsonElement> Expected(string folder) =>
        JsonDocument.Parse(File.ReadAllBytes(SharedFolder.Fixture($"{folder}/expected.json"))).RootElement
            .GetProperty("files").EnumerateArray().ToDictionary(file => file.GetProperty("file").GetString()!);
}
