using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>The symbols of GPT-2's alphabet become bytes again, and the bytes characters as soon as they are complete.</summary>
internal sealed class ByteLevelStage : TokenStage
{
    private readonly Utf8Collector collector = new();
    private byte[] bytes = new byte[64];
    private bool began;

    protected override void OnToken(ReadOnlySpan<char> token)
    {
        int most = System.Text.Encoding.UTF8.GetMaxByteCount(token.Length);
        if (bytes.Length < most)
            bytes = new byte[most];
        int count = 0;
        while (count < token.Length && ByteSymbols.Byte(token[count]) is >= 0 and int value)
            bytes[count++] = (byte)value;
        if (count < token.Length) // a token from outside the alphabet stands for itself
            count = System.Text.Encoding.UTF8.GetBytes(token, bytes);
        Next.Push(collector.Add(bytes.AsSpan(0, count)), !began, false);
        began = true;
    }

    protected override void End()
    {
        ReadOnlySpan<char> rest = collector.Flush();
        if (began)
            Next.Push(rest, false, true);
        began = false;
    }
}

/// <summary>Bytes in pieces to text: holds an unfinished character back; broken ones become U+FFFD.</summary>
internal sealed class Utf8Collector
{
    private readonly Decoder decoder = new UTF8Encoding(false, throwOnInvalidBytes: false).GetDecoder();
    private char[] units = new char[64];

    /// <summary>What has become certain, valid until the next call.</summary>
    public ReadOnlySpan<char> Add(ReadOnlySpan<byte> bytes) => Convert(bytes, flush: false);

    /// <inheritdoc cref="Add"/>
    public ReadOnlySpan<char> Flush() => Convert([], flush: true);

    private ReadOnlySpan<char> Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        if (units.Length < bytes.Length + 16)
            units = new char[2 * bytes.Length];
        return units.AsSpan(0, decoder.GetChars(bytes, units, flush));
    }
}
