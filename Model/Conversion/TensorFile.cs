using Managed.Loader;

namespace Managed.Conversion;

/// <summary>The tensors of a file or folder, without asking what model they make.</summary>
internal sealed class TensorFile : IDisposable
{
    private readonly IDisposable _owner;

    private TensorFile(string path, IDisposable owner, IReadOnlyDictionary<string, StoredTensor> tensors)
    {
        Path = path;
        _owner = owner;
        Tensors = tensors;
    }

    public string Path { get; }

    /// <summary>By name, in the file's order.</summary>
    public IReadOnlyDictionary<string, StoredTensor> Tensors { get; }

    /// <summary>Opens a GGUF or safetensors file, told apart by content, or a folder of safetensors.</summary>
    public static TensorFile Open(string path)
    {
        if (Directory.Exists(path))
        {
            SafetensorsFolder folder = SafetensorsFolder.Open(path);
            return new TensorFile(path, folder, folder.Tensors);
        }
        if (GgufFile.Recognise(path))
        {
            GgufFile gguf = GgufFile.Open(path);
            return new TensorFile(path, gguf, gguf.Tensors);
        }
        SafetensorsFile file = SafetensorsFile.Open(path);
        return new TensorFile(path, file, file.Tensors);
    }

    /// <summary>The tensor of that name; where it is missing, the error names the closest one.</summary>
    public StoredTensor Tensor(string name)
    {
        if (Tensors.TryGetValue(name, out StoredTensor? tensor))
            return tensor;
        string closest = ClosestName.Of(name, Tensors.Keys) is { } near ? $"; the closest name is {Utf8Text.Show(near)}" : "";
        throw new CheckpointException(Path, $"tensor {name}", null, "no such tensor", $"one of the {Tensors.Count} that `managed dump FILE --list` shows{closest}");
    }

    public void Dispose() => _owner.Dispose();
}
