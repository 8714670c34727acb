using Managed.Loader;

namespace Managed.Families;

/// <summary>What a family's mapper reads.</summary>
/// <param name="Config">config.json (or its text_config), or the metadata keys below "{architecture}.".</param>
/// <param name="IsGguf">Whether keys and tensor names are GGUF's.</param>
/// <param name="Tensors">The checkpoint's tensors; their presence decides where the configuration is silent.</param>
internal sealed record FamilySource(ConfigSection Config, bool IsGguf, IReadOnlyDictionary<string, StoredTensor> Tensors)
{
    /// <summary>The family's name as the checkpoint gives it.</summary>
    public required string Family { get; init; }

    public bool HasTensor(string name) => Tensors.ContainsKey(name);

    /// <summary>The key's name in this checkpoint's format.</summary>
    public string Key(string huggingFace, string gguf) => IsGguf ? gguf : huggingFace;

    /// <summary>A count that may be null (or written as null); `missing` stands only for an absent key.</summary>
    public int? CountOrNull(string key, int? missing = null, int least = 1) =>
        Config.Has(key) ? Config.Count(key, null, least) : Config.IsNull(key) ? null : missing;

    /// <summary>A number that may be null (or written as null); `missing` stands only for an absent key.</summary>
    public double? NumberOrNull(string key, double? missing = null) =>
        Config.Has(key) ? Config.Number(key) : Config.IsNull(key) ? null : missing;

    /// <summary>Refuses a setting that the forward pass does not have.</summary>
    public void Refuse(string key, bool isSet, string found, string expected)
    {
        if (isSet)
            throw Config.Error(key, found, expected);
    }

    /// <summary>Refuses a flag that is not as the forward pass has it.</summary>
    public void RequireFlag(string key, bool needed, bool missing) =>
        Refuse(key, Config.Flag(key, missing) != needed, needed ? "false" : "true", needed ? "true; the other form is not supported" : "false; the other form is not supported");

    /// <summary>The first of the prefixes under which the tensor exists; the first of all where none does.</summary>
    public string Prefix(string tensor, params string[] prefixes) =>
        Array.Find(prefixes, prefix => HasTensor(prefix + tensor)) ?? prefixes[0];

    /// <summary>Outermost size of a tensor, 0 where there is no such tensor.</summary>
    public long Rows(string name) => Tensors.TryGetValue(name, out StoredTensor? tensor) && tensor.Shape.Length > 0 ? tensor.Shape[0] : 0;
}
