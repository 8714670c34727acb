using System.Text.Json.Nodes;
using Managed.Loader;
using ScratchFolder = Managed.Tests.Loader.Scratch;

namespace Managed.Tests.FamilyMappers;

/// <summary>A fixture's copy with another configuration or other tensors, for the length of a test.</summary>
internal sealed class EditedCheckpoint : IDisposable
{
    private readonly ScratchFolder scratch = new();

    public string Folder => scratch.Folder;

    /// <param name="name">The fixture.</param>
    /// <param name="config">Changes config.json; may return another root.</param>
    /// <param name="rename">A tensor's new name, or null to leave it out.</param>
    /// <param name="more">Further tensors.</param>
    public unsafe EditedCheckpoint(
        string name, Func<JsonObject, JsonObject>? config = null, Func<string, string?>? rename = null, params TensorToWrite[] more)
    {
        string folder = FixtureSets.Folder(name);
        JsonObject root = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!.AsObject();
        scratch.Write("config.json", (config is null ? root : config(root)).ToJsonString());
        using Checkpoint original = Checkpoint.Open(folder);
        var tensors = new List<TensorToWrite>(more);
        foreach (StoredTensor tensor in original.Tensors.Values)
            if ((rename is null ? tensor.Name : rename(tensor.Name)) is { } renamed)
                tensors.Add(new TensorToWrite(renamed, tensor.Type, tensor.Shape, stream => stream.Write(new ReadOnlySpan<byte>(tensor.Data, checked((int)tensor.ByteCount)))));
        SafetensorsWriter.Write(scratch.File("model.safetensors"), tensors);
    }

    public void Dispose() => scratch.Dispose();
}
