using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Managed.Loader;

/// <summary>Text that a file claims to be UTF-8.</summary>
internal static class Utf8Text
{
    /// <summary>Index of the first byte that breaks UTF-8, or -1 where all is well.</summary>
    public static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
            return -1;
        int at = 0;
        while (Rune.DecodeFromUtf8(bytes[at..], out _, out int consumed) == OperationStatus.Done)
            at += consumed;
        return at;
    }

    /// <summary>A string of a file as an error message may show it: control characters spelt out, long ones cut.</summary>
    public static string Show(string text)
    {
        const int Most = 80;
        var shown = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (shown.Length >= Most)
                return shown.Append('…').ToString();
            if (Rune.IsControl(rune))
                shown.Append($"\\u{rune.Value:x4}");
            else
                shown.Append(rune.ToString());
        }

        return shown.ToString();
    }
}
