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

    /// <summary>A whole file as text, without a byte order mark; bytes that are not UTF-8 are refused.</summary>
    public static string ReadFile(string path)
    {
        const int Longest = 64 << 20;
        using FileBytes file = FileBytes.Open(path);
        if (file.Length > Longest)
            throw new CheckpointException(path, "file", null, $"{file.Length} bytes", $"a text of at most {Longest} bytes");
        ReadOnlySpan<byte> bytes = file.Slice(0, (int)file.Length), mark = "\uFEFF"u8;
        int invalid = FirstInvalid(bytes);
        if (invalid >= 0)
            throw new CheckpointException(path, "text", invalid, $"byte {bytes[invalid]:X2}, which is not valid UTF-8 here", "a text in UTF-8");
        return Encoding.UTF8.GetString(bytes.StartsWith(mark) ? bytes[mark.Length..] : bytes);
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
