using System.Buffers;
using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>SentencePiece's way from pieces to text: space signs become spaces, the first of them goes, bytes become characters.</summary>
/// <param name="dropsLeadingSpace">Whether a space sign at the start is dropped.</param>
/// <param name="dropsAllLeading">Whether that goes on as long as no text has come.</param>
internal sealed class SentencePieceStage(bool dropsLeadingSpace, bool dropsAllLeading) : TokenStage
{
    private const char SpaceSign = '\u2581';
    private readonly List<byte> bytes = [];
    private char[] characters = new char[64];
    private bool atStart = true;

    protected override void OnToken(ReadOnlySpan<char> token)
    {
        if (ByteTokens.Parse(token) is { } value)
        {
            bytes.Add(value);
            GiveBytes(complete: false);
            return;
        }
        GiveBytes(complete: true);
        if (atStart && dropsLeadingSpace && token.StartsWith(SpaceSign))
        {
            token = token[1..];
            atStart = dropsAllLeading;
        }
        if (characters.Length < token.Length)
            characters = new char[token.Length];
        token.Replace(characters, SpaceSign, ' ');
        Give(characters.AsSpan(0, token.Length));
    }

    protected override void End()
    {
        GiveBytes(complete: true);
        atStart = true;
    }

    private void Give(ReadOnlySpan<char> text)
    {
        if (text.Length == 0)
            return;
        atStart = false;
        Next.Push(text, true, true);
    }

    /// <summary>Gives the characters that the bytes spell; every byte that spells none becomes U+FFFD.</summary>
    private void GiveBytes(bool complete)
    {
        while (bytes.Count > 0)
        {
            var rest = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes);
            var status = Rune.DecodeFromUtf8(rest, out var rune, out int length);
            if (status == OperationStatus.NeedMoreData && !complete)
                return;
            bytes.RemoveRange(0, status == OperationStatus.Done ? length : 1);
            Give(status == OperationStatus.Done ? rune.ToString() : "\uFFFD");
        }
    }
}
