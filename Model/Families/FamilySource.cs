using Managed.Loader;

namespace Managed.Families;

/// <summary>What a family's mapper reads.</summary>
/// <param name="Config">config.json (or its text_config), or the metadata keys below "{architecture}.".</param>
/// <param name="IsGguf">Whether keys and tensor names are GGUF's.</param>
/// <param name="Tensors">The checkpoint's tensors; their presence decides where the configuration is silent.</param>
internal sealed record FamilySource(ConfigSection Config, bool IsGguf, IReadOnlyDictionary<string, StoredTensor> Tensors)
{
    public bool HasTensor(string name) => Tensors.ContainsKey(name);
}
