namespace Managed.Loader.Tokenizers;

/// <summary>Text from tokens as they come: what Append gives, in order, and then Flush, is what decoding all at once gives.</summary>
/// <remarks>Never gives a part of a character. What later tokens may still change is held back.</remarks>
internal sealed class StreamingDecoder
{
    private readonly DecoderStage first;
    private readonly CollectStage text = new();
    private readonly Func<int, string?> surface;

    internal StreamingDecoder(DecoderStage[] stages, Func<int, string?> surface)
    {
        this.surface = surface;
        for (int i = 0; i < stages.Length; i++)
            stages[i].Next = i + 1 < stages.Length ? stages[i + 1] : text;
        first = stages.Length > 0 ? stages[0] : text;
    }

    /// <summary>Takes a token; gives the text that is certain by now.</summary>
    public string Append(int id) => Take(id).ToString();

    /// <summary>The same without a string for it; valid until the next call.</summary>
    public ReadOnlySpan<char> Take(int id)
    {
        Push(id);
        return text.Take();
    }

    /// <summary>The rest of the text. The decoder is as new afterwards.</summary>
    public string Flush()
    {
        first.Flush();
        return text.Take().ToString();
    }

    internal void Push(int id)
    {
        if (surface(id) is { } token)
            first.Push(token, true, true);
    }
}
