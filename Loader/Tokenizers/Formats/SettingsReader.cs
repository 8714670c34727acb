namespace Managed.Loader.Tokenizers;

/// <summary>Reads what tokenizer_config.json says about the roles of tokens.</summary>
internal static class SettingsReader
{
    private const string Name = "tokenizer_config.json";

    /// <summary>The settings in the folder of a file.</summary>
    public static TokenizerSettings ReadBeside(string file) => Read(Path.GetDirectoryName(Path.GetFullPath(file))!);

    /// <summary>The settings of a checkpoint's folder; none where it has no tokenizer_config.json.</summary>
    public static TokenizerSettings Read(string directory)
    {
        string file = Path.Combine(directory, Name);
        return File.Exists(file) ? Parse(JsonConfigSection.Open(file)) : new TokenizerSettings();
    }

    public static TokenizerSettings Parse(JsonConfigSection config) => new()
    {
        BeginToken = Token(config, "bos_token"),
        EndToken = Token(config, "eos_token"),
        PadToken = Token(config, "pad_token"),
        UnknownToken = Token(config, "unk_token"),
        AddBeginToken = config.Has("add_bos_token") ? config.Flag("add_bos_token") : null,
        AddEndToken = config.Has("add_eos_token") ? config.Flag("add_eos_token") : null,
    };

    /// <summary>A token is written as a text or as an object with its content.</summary>
    private static string? Token(JsonConfigSection config, string key) =>
        !config.Has(key) ? null : config.IsText(key) ? config.Text(key) : config.Section(key)!.Text("content");
}
