namespace Managed.Loader.Tokenizers;

/// <summary>What a checkpoint says about its tokenizer beside the vocabulary: the roles of tokens and the chat templates.</summary>
internal sealed record TokenizerSettings
{
    public string? BeginToken { get; init; }

    public string? EndToken { get; init; }

    public string? PadToken { get; init; }

    public string? UnknownToken { get; init; }

    /// <summary>Ids, where the file gives them rather than texts.</summary>
    public int? BeginId { get; init; }

    public int? EndId { get; init; }

    public int? PadId { get; init; }

    public int? UnknownId { get; init; }

    public bool? AddBeginToken { get; init; }

    public bool? AddEndToken { get; init; }

    /// <summary>The chat template; null where the checkpoint has none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Further chat templates by name, such as "tool_use"; "default" is <see cref="ChatTemplate"/>.</summary>
    public IReadOnlyDictionary<string, string> NamedChatTemplates { get; init; } = new Dictionary<string, string>();
}
