namespace Managed.Loader.Tokenizers;

/// <summary>What a checkpoint says about its tokenizer beside the vocabulary: the roles of tokens.</summary>
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
}
