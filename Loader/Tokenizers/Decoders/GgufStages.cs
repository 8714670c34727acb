using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>Texts and byte tokens to text, as llama.cpp joins them; the space that encoding puts in front goes.</summary>
internal sealed class TextAndBytesStage(bool dropsLeadingSpace) : TokenStage
{
    private readonly Utf8Collector collector = new();
    private byte[] bytes = new byte[64];

    protected override void OnToken(ReadOnlySpan<char> token)
    {
        if (ByteTokens.Parse(token) is { } value)
        {
            Next.Push(collector.Add([value]), true, true);
            return;
        }
        if (IsFirst && dropsLeadingSpace && token.StartsWith(' '))
            token = token[1..];
        int most = System.Text.Encoding.UTF8.GetMaxByteCount(token.Length);
        if (bytes.Length < most)
            bytes = new byte[most];
        Next.Push(collector.Add(bytes.AsSpan(0, System.Text.Encoding.UTF8.GetBytes(token, bytes))), true, true);
    }

    protected override void End() => Next.Push(collector.Flush(), true, true);
}

/// <summary>Takes away the spaces before punctuation and before English contractions, as llama.cpp does when it decodes.</summary>
internal sealed class CleanSpacesStage : DecoderStage
{
    private const int Reach = 4; // how many characters behind a space or an apostrophe may still change it

    private readonly StringBuilder held = new(); // empty, or starts with a space or an apostrophe and has no gap of Reach characters without one
    private int lastSign; // where the last of those in `held` is

    public override void Push(ReadOnlySpan<char> piece, bool begins, bool ends)
    {
        // What lies before the last few characters is settled, unless one of those is a space or an apostrophe.
        int known = held.Length, cut = known + piece.Length, last = -1;
        for (int i = piece.Length - 1; i >= 0 && known + i >= cut - Reach; i--)
        {
            if (piece[i] is not (' ' or '\''))
                continue;
            cut = known + i;
            last = Math.Max(last, cut);
        }
        if (known > 0 && lastSign >= cut - Reach)
            (cut, last) = (0, Math.Max(last, lastSign)); // all that is held is within reach
        held.Append(piece);
        lastSign = last - cut;
        if (cut > 0)
            Give(cut);
    }

    public override void Flush()
    {
        Give(held.Length);
        Next.Flush();
    }

    private void Give(int count)
    {
        string text = held.ToString(0, count);
        held.Remove(0, count);
        if (text.Length > 0)
            Next.Push(Contractions(Apostrophes(Punctuation(text))), true, true);
    }

    /// <summary>" ?", " !", " .", " ,": without the space.</summary>
    private static string Punctuation(string text)
    {
        var output = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (i > 0 && text[i - 1] == ' ' && (text[i] is '?' or '!' or '.' or ','))
                output.Length--;
            output.Append(text[i]);
        }
        return output.ToString();
    }

    /// <summary>" ' ": without the two spaces.</summary>
    private static string Apostrophes(string text)
    {
        var output = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (i > 0 && text[i] == '\'' && i + 1 < text.Length && text[i - 1] == ' ' && text[i + 1] == ' ')
            {
                output.Length--;
                output.Append('\'');
                i++;
                continue;
            }
            output.Append(text[i]);
        }
        return output.ToString();
    }

    /// <summary>" 's", " 'm", " 're", " 've": without the space.</summary>
    private static string Contractions(string text)
    {
        var output = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (i > 0 && text[i] == '\'' && text[i - 1] == ' ' && IsContraction(text.AsSpan(i + 1)))
                output.Length--;
            output.Append(text[i]);
        }
        return output.ToString();
    }

    private static bool IsContraction(ReadOnlySpan<char> rest) =>
        rest.StartsWith("s") || rest.StartsWith("m") || rest.StartsWith("re") || rest.StartsWith("ve");
}
