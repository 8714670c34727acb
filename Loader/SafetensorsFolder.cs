namespace Managed.Loader;

/// <summary>The weights of a folder in Hugging Face layout: one safetensors file, or shards that an index lists.</summary>
internal sealed class SafetensorsFolder : IDisposable
{
    private const string SingleName = "model.safetensors";
    private const string IndexName = "model.safetensors.index.json";

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);

    private SafetensorsFolder()
    {
    }

    public IReadOnlyList<SafetensorsFile> Files => _files;

    public IReadOnlyDictionary<string, StoredTensor> Tensors => _tensors;

    public static SafetensorsFolder Open(string folder)
    {
        var opened = new SafetensorsFolder();
        try
        {
            string single = Path.Combine(folder, SingleName), index = Path.Combine(folder, IndexName);
            if (File.Exists(single))
                opened.AddAll(single);
            else if (File.Exists(index))
                opened.AddShards(folder, index);
            else
                opened.AddAll(FindOnlyFile(folder));
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private static string FindOnlyFile(string folder)
    {
        string[] files = Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal)] : [];
        if (files.Length == 1 && Path.GetFileName(files[0]) != AdapterFile.WeightsName)
            return files[0];
        string found = files.Length switch
        {
            0 when !Directory.Exists(folder) => "no such folder",
            0 when Directory.EnumerateFiles(folder, "*.bin").Any() => "only .bin files, which are Python pickles; this project doesn't read those",
            0 => "no safetensors file",
            1 => $"only {AdapterFile.WeightsName}, an adapter without its base model",
            _ => $"{files.Length} safetensors files and no {IndexName}",
        };
        throw new CheckpointException(folder, "weights", null, found, $"{SingleName}, or {IndexName} with its shards, or one other safetensors file");
    }

    private void AddAll(string file)
    {
        SafetensorsFile opened = SafetensorsFile.Open(file);
        _files.Add(opened);
        foreach (StoredTensor tensor in opened.Tensors.Values)
            _tensors.Add(tensor.Name, tensor);
    }

    private void AddShards(string folder, string index)
    {
        if (JsonValue.ReadFile(index) is not { Members: { } root })
            throw new CheckpointException(index, "top level", 0, "JSON that is not an object", "an object with weight_map");
        if (!root.TryGetValue("weight_map", out JsonValue? map))
            throw new CheckpointException(index, "weight_map", null, "no such key; it is mandatory", "an object from tensor to file");
        if (map.Members is null)
            throw new CheckpointException(index, "weight_map", map.Offset, map.Describe(), "an object from tensor to file");
        var shards = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        foreach (var (tensor, value) in map.Members)
        {
            string field = $"weight_map: {Utf8Text.Show(tensor)}";
            string shard = value.AsText() ?? throw new CheckpointException(index, field, value.Offset, value.Describe(), "the name of a file");
            if (!shards.TryGetValue(shard, out SafetensorsFile? file))
                shards.Add(shard, file = OpenShard(folder, index, field, value.Offset, shard));
            // What a shard holds beyond the index is left alone: the index says what belongs to the model.
            if (!file.Tensors.TryGetValue(tensor, out StoredTensor? stored))
                throw new CheckpointException(index, field, value.Offset, $"no such tensor in shard {Utf8Text.Show(shard)}", "a tensor that the shard holds");
            _tensors.Add(tensor, stored);
        }
    }

    private SafetensorsFile OpenShard(string folder, string index, string field, long offset, string shard)
    {
        if (shard.Length == 0 || shard is "." or ".." || shard.AsSpan().IndexOfAny('/', '\\', '\0') >= 0)
            throw new CheckpointException(index, field, offset, $"the shard name {Utf8Text.Show(shard)}, which leaves the folder of the index", "the name of a file beside the index");
        string path = Path.Combine(folder, shard);
        if (!File.Exists(path))
            throw new CheckpointException(index, field, offset, $"shard {Utf8Text.Show(shard)}, which does not exist", "a file beside the index");
        SafetensorsFile file = SafetensorsFile.Open(path);
        _files.Add(file);
        return file;
    }
}
