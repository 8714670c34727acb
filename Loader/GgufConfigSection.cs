namespace Managed.Loader;

/// <summary>The metadata of a GGUF file below a prefix such as "llama."; keys that are not there are looked up in full too.</summary>
internal sealed class GgufConfigSection(GgufFile gguf, string prefix = "") : ValueConfigSection
{
    /// <summary>Starts of the keys that belong to no architecture.</summary>
    private static readonly string[] s_global = ["general.", "tokenizer.", "split."];

    public override string File => gguf.Path;

    /// <summary>The keys below `prefix.key.`, or null where there are none.</summary>
    public override ConfigSection? Section(string key)
    {
        foreach (string alternative in key.Split('|'))
        {
            string below = prefix + alternative + ".";
            if (gguf.Metadata.Keys.Any(name => name.StartsWith(below, StringComparison.Ordinal)))
                return new GgufConfigSection(gguf, below);
        }

        return null;
    }

    /// <summary>A list of strings, in place; null where the key is absent.</summary>
    public GgufTexts? TextsInPlace(string key) =>
        Find(key) is GgufValue value ? value.Texts() ?? throw Wrong(key, value, "a list of strings") : null;

    protected override IConfigValue? FindOne(string key) =>
        gguf.Metadata.TryGetValue(prefix + key, out GgufValue? value) || gguf.Metadata.TryGetValue(key, out value) ? value : null;

    protected override string NameOf(string key) =>
        s_global.Any(start => key.StartsWith(start, StringComparison.Ordinal)) ? key : prefix + key;
}
