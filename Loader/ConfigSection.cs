namespace Managed.Loader;

/// <summary>
/// Typed, checked access to the keys of a config.json object or of GGUF metadata.
/// Every getter refuses a value of the wrong kind or outside its range with a <see cref="CheckpointException"/>
/// that names file, key, what was found and what was expected. A JSON null counts as absent.
/// </summary>
/// <remarks>`key` may be a list of alternatives separated by '|', the first present one wins: "n_embd|hidden_size".</remarks>
internal abstract class ConfigSection
{
    public abstract string File { get; }

    public abstract bool Has(string key);

    /// <summary>Whether the key is written with the value null, which some configuration classes tell from absence (Mistral's sliding_window).</summary>
    public virtual bool IsNull(string key) => false;

    /// <summary>The integer under the key; without a default, a missing key is an error.</summary>
    public abstract long Integer(string key, long? missing = null, long least = 0, long most = int.MaxValue);

    public abstract double Number(string key, double? missing = null);

    public abstract bool Flag(string key, bool? missing = null);

    public abstract string Text(string key, string? missing = null);

    /// <summary>The numbers under the key, or null where it is missing.</summary>
    public abstract double[]? Numbers(string key);

    /// <summary>The integers under the key (a single integer counts as a list of one), or null where it is missing.</summary>
    public abstract long[]? Integers(string key);

    /// <summary>The strings under the key, or null where it is missing; with `orOne`, a single string counts as a list of one.</summary>
    public abstract string[]? Texts(string key, bool orOne = false);

    /// <summary>The object under the key, or null where it is missing or null.</summary>
    public abstract ConfigSection? Section(string key);

    /// <summary>An error about one key of this section, ready to throw.</summary>
    public abstract CheckpointException Error(string key, string found, string expected);

    public int Count(string key, int? missing = null, int least = 0, int most = 1 << 24) => (int)Integer(key, missing, least, most);

    public float Real(string key, double? missing = null) => (float)Number(key, missing);
}
