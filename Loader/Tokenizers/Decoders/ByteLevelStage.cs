using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>The symbols of GPT-2's alphabet become bytes again, and the bytes characters as soon as they are complete.</summary>
internal sealed class ByteLevelStage : TokenStage
{
    private readonly Utf8Collector collector = new();
    private bool began;

    protected override void OnToken(string token)
    {
        bool symbols = token.All(unit => ByteSymbols.Byte(unit) >= 0);
        string text = collector.Add(symbols
            ? [.. token.Select(unit => (byte)ByteSymbols.Byte(unit))]
            : System.Text.Encoding.UTF8.GetBytes(token)); // a token from outside the alphabet stands for itself
        Next.Push(text, !began, false);
        began = true;
    }

    protected override void End()
    {
        string rest = collector.Flush();
        if (began)
            Next.Push(rest, false, true);
        began = false;
    }
}

/// <summary>Bytes in pieces to text: holds an unfinished character back; broken ones become U+FFFD.</summary>
internal sealed class Utf8Collector
{
    private readonly Decoder decoder = new UTF8Encoding(false, throwOnInvalidBytes: false).GetDecoder();

    public string Add(ReadOnlySpan<byte> bytes) => Convert(bytes, flush: false);

    public string Flush() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        Span<char> units = bytes.Length <= 64 ? stackalloc char[80] : new char[bytes.Length + 16];
        return new string(units[..decoder.GetChars(bytes, units, flush)]);
    }
}
