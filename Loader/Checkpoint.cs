namespace Managed.Loader;

/// <summary>A model on disk: its configuration and its tensors, memory-mapped and checked.</summary>
internal sealed class Checkpoint : IDisposable
{
    private readonly IDisposable[] _owned;

    private Checkpoint(string path, CheckpointFormat format, string family, ConfigSection config, IReadOnlyDictionary<string, StoredTensor> tensors, params IDisposable[] owned)
    {
        Path = path;
        Format = format;
        Family = family;
        Config = config;
        Tensors = tensors;
        _owned = owned;
    }

    /// <summary>The folder or file as it was given.</summary>
    public string Path { get; }

    public CheckpointFormat Format { get; }

    /// <summary>`model_type` of config.json, or `general.architecture` of GGUF.</summary>
    public string Family { get; }

    /// <summary>The root of config.json, or GGUF's metadata below "{Family}.".</summary>
    public ConfigSection Config { get; }

    /// <summary>generation_config.json, where there is one.</summary>
    public ConfigSection? Generation { get; private init; }

    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>The GGUF file (the first part of a split one) for its vocabulary and template; null for other formats.</summary>
    public GgufFile? Gguf { get; private init; }

    /// <summary>Opens a folder in Hugging Face layout or a GGUF file, which is recognised by its content.</summary>
    public static Checkpoint Open(string path)
    {
        if (Directory.Exists(path))
            return OpenFolder(path);
        string extension = System.IO.Path.GetExtension(path);
        if (extension == ".gguf" || GgufFile.Recognise(path))
            return OpenGguf(path);
        string found = extension == ".safetensors" ? "a safetensors file alone" : "a file that is not GGUF";
        throw new CheckpointException(path, "checkpoint", null, found, "a folder with config.json and safetensors files, or a GGUF file");
    }

    /// <summary>A model whose tensors lie in memory, described as a folder in Hugging Face layout is.</summary>
    /// <param name="name">Stands for the path.</param>
    /// <param name="config">What config.json would hold.</param>
    /// <param name="tensors">Tensors under the names of that layout, of any stored type.</param>
    /// <param name="memory">What holds the tensors; freed with the checkpoint.</param>
    public static Checkpoint InMemory(string name, ConfigSection config, IReadOnlyDictionary<string, StoredTensor> tensors, IDisposable memory) =>
        new(name, CheckpointFormat.HuggingFace, config.Text("model_type"), config, tensors, memory);

    /// <summary>The tensor of that name; where it is missing, the error names the closest one that is there.</summary>
    public StoredTensor Tensor(string name)
    {
        if (Tensors.TryGetValue(name, out StoredTensor? tensor))
            return tensor;
        string? closest = ClosestName.Of(name, Tensors.Keys);
        throw new CheckpointException(Path, $"tensor {name}", null, "no such tensor",
            closest is null ? "it among the tensors, but there are none" : $"it among the {Tensors.Count} tensors; the closest name is {Utf8Text.Show(closest)}");
    }

    public void Dispose() => Array.ForEach(_owned, owned => owned.Dispose());

    private static Checkpoint OpenFolder(string folder)
    {
        string config = System.IO.Path.Combine(folder, "config.json");
        if (!File.Exists(config))
        {
            string? gguf = Directory.EnumerateFiles(folder, "*.gguf").Order(StringComparer.Ordinal).FirstOrDefault();
            throw new CheckpointException(folder, "config.json", null, gguf is null ? "no such file" : $"no such file, but {System.IO.Path.GetFileName(gguf)}",
                gguf is null ? "a folder in Hugging Face layout" : "a folder in Hugging Face layout, or the path of that GGUF file itself");
        }

        JsonConfigSection section = JsonConfigSection.Open(config);
        string family = section.Text("model_type");
        string generation = System.IO.Path.Combine(folder, "generation_config.json");
        JsonConfigSection? generationSection = File.Exists(generation) ? JsonConfigSection.Open(generation) : null;
        SafetensorsFolder weights = SafetensorsFolder.Open(folder);
        return new Checkpoint(folder, CheckpointFormat.HuggingFace, family, section, weights.Tensors, weights) { Generation = generationSection };
    }

    private static Checkpoint OpenGguf(string path)
    {
        List<GgufFile> parts = GgufSplit.Open(path);
        try
        {
            string family = new GgufConfigSection(parts[0]).Text("general.architecture");
            return new Checkpoint(path, CheckpointFormat.Gguf, family, new GgufConfigSection(parts[0], family + "."), Join(parts), [.. parts]) { Gguf = parts[0] };
        }
        catch
        {
            parts.ForEach(part => part.Dispose());
            throw;
        }
    }

    private static IReadOnlyDictionary<string, StoredTensor> Join(List<GgufFile> parts)
    {
        if (parts.Count == 1)
            return parts[0].Tensors;
        var all = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (StoredTensor tensor in parts.SelectMany(part => part.Tensors.Values))
            if (!all.TryAdd(tensor.Name, tensor))
                throw new CheckpointException(tensor.File, $"tensor {Utf8Text.Show(tensor.Name)}", null, $"a name that {System.IO.Path.GetFileName(all[tensor.Name].File)} has too", "every name in one part only");
        return all;
    }
}
