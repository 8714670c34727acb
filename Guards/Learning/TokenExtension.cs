using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Managed.Families;
using Managed.Loader;
using Managed.Loader.Tokenizers;

namespace Managed.Guards.Learning;

/// <summary>
/// Further special tokens for a checkpoint, such as those that an SLM guardian is asked with: a copy of its folder with rows added to
/// embedding and head. Until they are trained, the logits of all tokens that were there stay as they are, bit for bit.
/// </summary>
public static class TokenExtension
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the extended checkpoint.</summary>
    /// <param name="source">A folder in Hugging Face layout, or a hub id, with tokenizer.json and plain weights.</param>
    /// <param name="target">The folder to write; it must not exist, or be empty.</param>
    /// <param name="tokens">The new tokens, as they stand in a text.</param>
    /// <param name="like">The token whose rows the new ones begin with; null: the mean over all tokens.</param>
    /// <returns>The new tokens' ids. They follow the tokenizer's last; rows that a head holds beyond it are used first.</returns>
    /// <exception cref="GuardException">A token is there already, or the checkpoint is of another layout.</exception>
    public static IReadOnlyDictionary<string, int> Write(string source, string target, IReadOnlyList<string> tokens, string? like = null)
    {
        string folder = ModelPath.Resolve(source), vocabulary = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(vocabulary))
            throw new GuardException($"{source}: found no tokenizer.json; expected a folder in Hugging Face layout that has one.");
        if (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any())
            throw new GuardException($"{target}: found a folder that is not empty; expected a new one.");
        Tokenizer tokenizer = Tokenizer.Open(folder);
        if (tokens.Count == 0 || tokens.Distinct().Count() != tokens.Count || tokens.Any(string.IsNullOrEmpty))
            throw new GuardException($"tokens: found {string.Join(", ", tokens)}; expected different texts, at least one.");
        if (tokens.FirstOrDefault(token => tokenizer.TokenToId(token) is not null) is { } known)
            throw new GuardException($"tokens: found {known}, which {source} has already; expected new ones.");
        int? model = like is null ? null : tokenizer.TokenToId(like) ?? throw new GuardException($"like: found no token {like} in {source}; expected one that is there.");
        int first = tokenizer.VocabularySize, end = first + tokens.Count;

        using Checkpoint checkpoint = Checkpoint.Open(folder);
        (_, var layout) = FamilyRegistry.Describe(checkpoint);
        string?[] extended = [layout.Embedding.Name, layout.Head.Weight.Name, layout.Head.Bias?.Name];
        TensorToWrite[] written = [.. checkpoint.Tensors.Values.Select(tensor => extended.Contains(tensor.Name) ? Extended(tensor, first, end, model) : TensorToWrite.From(tensor))];
        int rows = (int)Math.Max(checkpoint.Tensor(layout.Embedding.Name).Shape[0], end);

        Directory.CreateDirectory(target);
        foreach (string file in Directory.EnumerateFiles(folder).Where(file => !file.EndsWith(".safetensors", StringComparison.Ordinal) && !file.EndsWith(".safetensors.index.json", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        SafetensorsWriter.Write(Path.Combine(target, "model.safetensors"), written, new Dictionary<string, string> { ["format"] = "pt" });
        Change(Path.Combine(target, "config.json"), config =>
            (config["vocab_size"] is null && config["text_config"] is JsonObject inner ? inner : config)["vocab_size"] = rows);
        Change(Path.Combine(target, "tokenizer.json"), json =>
        {
            if (json["added_tokens"] is not JsonArray added)
                json["added_tokens"] = added = [];
            for (int i = 0; i < tokens.Count; i++)
                added.Add(new JsonObject
                {
                    ["id"] = first + i,
                    ["content"] = tokens[i],
                    ["single_word"] = false,
                    ["lstrip"] = false,
                    ["rstrip"] = false,
                    ["normalized"] = false,
                    ["special"] = true,
                });
        });
        return Enumerable.Range(0, tokens.Count).ToDictionary(i => tokens[i], i => first + i);
    }

    // The stored rows as they are, and behind the tokenizer's last the new ones.
    private static unsafe TensorToWrite Extended(StoredTensor tensor, int first, int end, int? like)
    {
        long stored = tensor.Shape[0];
        if (tensor.Type is not (TensorType.F32 or TensorType.F16 or TensorType.BF16) || tensor.Shape.Length > 2 || stored < first)
            throw new GuardException($"tensor {tensor.Name}: found {tensor.Type} of shape [{string.Join(", ", tensor.Shape)}]; expected F32, F16 or BF16 with a row for each of {first} tokens.");
        long rowBytes = tensor.ByteCount / stored;
        byte[] fresh = like is { } token ? new ReadOnlySpan<byte>(tensor.Data + (token * rowBytes), (int)rowBytes).ToArray() : Mean(tensor, first);
        long rows = Math.Max(stored, end);
        return new TensorToWrite(tensor.Name, tensor.Type, [rows, .. tensor.Shape[1..]], stream =>
        {
            for (long row = 0; row < rows; row++)
                stream.Write(row >= first && row < end ? fresh : new ReadOnlySpan<byte>(tensor.Data + (row * rowBytes), (int)rowBytes));
        });
    }

    private static byte[] Mean(StoredTensor tensor, int rows)
    {
        int width = (int)(tensor.ElementCount / tensor.Shape[0]);
        var sum = new double[width];
        var row = new float[width];
        for (int i = 0; i < rows; i++)
        {
            PlainTypes.ToSingle(tensor, (long)i * width, row);
            for (int element = 0; element < width; element++)
                sum[element] += row[element];
        }
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        foreach (double total in sum)
        {
            float mean = (float)(total / rows);
            if (tensor.Type == TensorType.F32)
                writer.Write(mean);
            else if (tensor.Type == TensorType.F16)
                writer.Write((Half)mean);
            else
                writer.Write(BFloat16(mean));
        }
        return bytes.ToArray();
    }

    // To the nearest, of two equally near ones to the even one.
    private static ushort BFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static void Change(string path, Action<JsonObject> change)
    {
        var root = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!;
        change(root);
        File.WriteAllText(path, root.ToJsonString(s_json));
    }
}
