using System.Text.Json;
using System.Text.Json.Nodes;
using Managed.Loader;

namespace Managed.Conversion;

/// <summary>Converts checkpoints between a folder in Hugging Face layout and a GGUF file.</summary>
/// <param name="type">Element type to write; null keeps the types that are there.</param>
/// <param name="note">Told what the user should know of the result.</param>
/// <param name="cancellation">Stops between rows.</param>
internal sealed class Converter(TensorType? type, Action<string> note, CancellationToken cancellation)
{
    // llama.cpp's numbers for "mostly of this type"
    private static readonly Dictionary<TensorType, uint> s_fileTypes = new()
    {
        [TensorType.F32] = 0,
        [TensorType.F16] = 1,
        [TensorType.Q4_0] = 2,
        [TensorType.Q8_0] = 7,
        [TensorType.Q4_K] = 14,
        [TensorType.BF16] = 32,
    };

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the GGUF file of a folder; it is there as a whole or not at all.</summary>
    public void ToGguf(Checkpoint folder, string path)
    {
        ConversionFamily family = ConversionFamily.Of(folder);
        ConversionSizes sizes = ConversionSizes.Read(folder, family);
        var metadata = new Dictionary<string, GgufValue>();
        float[]? divisors = ConfigConversion.ToGguf(folder, family, sizes, metadata);
        List<TensorToWrite> tensors = Tensors(folder, family, sizes, toGguf: true, name => sizes.IsTied && name == "lm_head.weight" || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal));
        if (divisors is not null)
            tensors.Insert(0, TensorToWrite.From(RopeScaling.DivisorsName, [divisors.Length], divisors));
        metadata["general.file_type"] = GgufValue.From(s_fileTypes[type ?? MostUsed(tensors)]);
        metadata["general.quantization_version"] = GgufValue.From(2u);
        VocabularyToGguf.Add(folder.Path, folder.Config, sizes.Architecture.VocabularySize, metadata, note);
        GgufWriter.Write(path, metadata, tensors);
    }

    /// <summary>Writes the folder of a GGUF file.</summary>
    public void ToHuggingFace(Checkpoint gguf, string folder)
    {
        if (type is { } wanted && !TensorTypes.Of(wanted).IsPlain)
            throw new CheckpointException(gguf.Path, "--type", null, wanted.ToString(), "F32, F16 or BF16: safetensors hold no blocks");
        ConversionFamily family = ConversionFamily.Of(gguf);
        ConversionSizes sizes = ConversionSizes.Read(gguf, family);
        List<TensorToWrite> tensors = Tensors(gguf, family, sizes, toGguf: false, name => name == RopeScaling.DivisorsName);
        JsonObject config = ConfigConversion.ToHuggingFace(gguf, family, sizes, type ?? MostUsed(tensors));
        string draft = $"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))}.{Path.GetRandomFileName()[..8]}.part";
        using IDisposable unfinished = UnfinishedFiles.Track(draft);
        Directory.CreateDirectory(draft);
        VocabularyToJson.Write(gguf.Gguf!, draft, config, note);
        File.WriteAllText(Path.Combine(draft, "config.json"), config.ToJsonString(s_indented));
        SafetensorsWriter.Write(Path.Combine(draft, "model.safetensors"), tensors, new Dictionary<string, string> { ["format"] = "pt" });
        if (!Directory.Exists(folder))
        {
            Directory.Move(draft, folder);
            return;
        }
        foreach (string file in Directory.EnumerateFiles(draft))
            File.Move(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
    }

    private List<TensorToWrite> Tensors(Checkpoint from, ConversionFamily family, ConversionSizes sizes, bool toGguf, Func<string, bool> isDropped)
    {
        var plan = new StoredTypePlan(type, toGguf, note);
        int[] queries = TensorRecoder.RotaryOrder(sizes.Attention.Heads, sizes.Attention.KeyDimension, toGguf), keys = TensorRecoder.RotaryOrder(sizes.Attention.KeyHeads, sizes.Attention.KeyDimension, toGguf);
        var tensors = new List<TensorToWrite>();
        foreach (StoredTensor tensor in from.Tensors.Values.Where(tensor => !isDropped(tensor.Name)))
        {
            (string name, RowOrder order) = family.Translate(tensor.Name, toGguf) ?? throw new CheckpointException(tensor.File,
                $"tensor {Utf8Text.Show(tensor.Name)}", tensor.FileOffset, "a tensor that this conversion does not know", $"the tensors of {family.ModelType}");
            int[]? rows = order switch { RowOrder.Queries => queries, RowOrder.Keys => keys, _ => null };
            if (rows is not null && tensor.Shape[0] != rows.Length)
                throw new CheckpointException(tensor.File, $"tensor {tensor.Name}", tensor.FileOffset, $"{tensor.Shape[0]} rows", $"{rows.Length}, heads times their dimension");
            tensors.Add(TensorRecoder.Recode(tensor, name, plan.For(tensor, toGguf ? name : tensor.Name), rows, cancellation));
        }
        return tensors;
    }

    private static TensorType MostUsed(List<TensorToWrite> tensors)
    {
        TensorType most = tensors.Where(tensor => tensor.Shape.Length > 1).GroupBy(tensor => tensor.Type).MaxBy(group => group.Sum(tensor => tensor.ByteCount))?.Key ?? TensorType.F32;
        return s_fileTypes.ContainsKey(most) ? most : TensorType.F32;
    }
}
