using System.Text;
using Managed.Constraints;
using Managed.Loader.Tokenizers;
using Managed.Sampling;

namespace Managed;

/// <summary>
/// One answer's tokens as text: characters as soon as they are certain, up to the first stop string.
/// </summary>
internal sealed class AnswerText
{
    private readonly StreamingDecoder? decoder;
    private readonly TokenMasker? bytes;
    private readonly Decoder? utf8;
    private readonly StopStringFilter filter;
    private readonly StringBuilder text;
    private char[] characters = new char[64];

    /// <summary>Decodes with the tokenizer's own decoder, as a continuation of a prompt; without a tokenizer there is no text.</summary>
    public AnswerText(Tokenizer? tokenizer, ReadOnlySpan<int> prompt, StopStringFilter filter, int mostTokens)
        : this(filter, mostTokens)
    {
        decoder = tokenizer?.CreateStream();
        foreach (int id in prompt)
            decoder?.Take(id); // so that a word which follows the prompt keeps the space before it
    }

    /// <summary>Takes each token's bytes as they are: what a constraint has seen, character for character.</summary>
    public AnswerText(TokenMasker bytes, StopStringFilter filter, int mostTokens)
        : this(filter, mostTokens)
    {
        this.bytes = bytes;
        utf8 = Encoding.UTF8.GetDecoder();
    }

    private AnswerText(StopStringFilter filter, int mostTokens)
    {
        const int CharactersPerToken = 8, MostReserved = 1 << 15;
        this.filter = filter;
        text = new StringBuilder((int)Math.Min((long)mostTokens * CharactersPerToken, MostReserved));
    }

    /// <summary>Whether a stop string has ended the text.</summary>
    public bool IsStopped => filter.Stopped is not null;

    /// <summary>Takes a token; gives what has become certain, valid until the next call.</summary>
    public ReadOnlySpan<char> Append(int id)
    {
        ReadOnlySpan<char> passed = filter.Push(Decode(id));
        text.Append(passed);
        return passed;
    }

    /// <summary>At the end: what decoder and stop strings held back.</summary>
    public ReadOnlySpan<char> Flush()
    {
        if (IsStopped)
            return [];
        string rest = decoder?.Flush() ?? "";
        if (utf8 is not null)
            rest = characters.AsSpan(0, utf8.GetChars([], characters, flush: true)).ToString();
        string passed = filter.Push(rest).ToString();
        if (!IsStopped)
            passed += filter.Flush().ToString();
        text.Append(passed);
        return passed;
    }

    public override string ToString() => text.ToString();

    private ReadOnlySpan<char> Decode(int id)
    {
        if (utf8 is null)
            return decoder is null ? [] : decoder.Take(id);
        ReadOnlySpan<byte> token = bytes!.BytesOf(id);
        if (characters.Length < token.Length + 2)
            characters = new char[token.Length * 2];
        return characters.AsSpan(0, utf8.GetChars(token, characters, flush: false));
    }
}
