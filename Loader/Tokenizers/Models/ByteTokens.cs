using System.Globalization;
using System.Text;

namespace Managed.Loader.Tokenizers;

/// <summary>The tokens &lt;0x00&gt; to &lt;0xFF&gt;, which stand for single bytes.</summary>
internal static class ByteTokens
{
    /// <summary>The ids of the byte tokens; -1 for those that the vocabulary lacks.</summary>
    public static int[] Find(Vocabulary vocabulary)
    {
        var ids = new int[256];
        for (int value = 0; value < 256; value++)
            ids[value] = vocabulary.Find(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>")) ?? -1;
        return ids;
    }

    /// <summary>The ids of the bytes of a code point, or of none of them if any is missing; returns how many.</summary>
    public static int Spell(int[] ids, int point, Span<int> spelled)
    {
        Span<byte> bytes = stackalloc byte[4];
        int count = new Rune(point).EncodeToUtf8(bytes);
        for (int i = 0; i < count; i++)
        {
            spelled[i] = ids[bytes[i]];
            if (spelled[i] < 0)
                return 0;
        }
        return count;
    }

    /// <summary>The byte that a token such as &lt;0x0A&gt; stands for; null for other tokens.</summary>
    public static byte? Parse(ReadOnlySpan<char> token) =>
        token.Length == 6 && token.StartsWith("<0x") && token[5] == '>' &&
        byte.TryParse(token[3..5], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value) ? value : null;
}
