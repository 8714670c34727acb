using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Managed.Loader;

namespace Managed.Guards.Interchange;

/// <summary>
/// The header of a `.npy` (versions 1 to 3): magic, version, length, and a Python dict {'descr', 'fortran_order', 'shape'} as text.
/// Object arrays are pickles and are refused, as is everything else that is not a plain number.
/// </summary>
internal sealed class NpyHeader
{
    private const int LongestText = 1 << 16;
    private const int MostAxes = 32;

    private static readonly (NpyElement Element, string Code, int Size)[] s_elements =
    [
        (NpyElement.Float32, "f4", 4), (NpyElement.Float64, "f8", 8), (NpyElement.Float16, "f2", 2), (NpyElement.Int32, "i4", 4), (NpyElement.Int64, "i8", 8),
    ];

    private readonly string file;
    private readonly string field;
    private readonly string text;
    private readonly int textAt;
    private int at;

    private NpyHeader(string file, string field, string text, int textAt)
    {
        this.file = file;
        this.field = field + ", header";
        this.text = text;
        this.textAt = textAt;
    }

    public NpyElement Element { get; private set; }

    public bool BigEndian { get; private set; }

    public bool FortranOrder { get; private set; }

    public int[] Shape { get; private set; } = [];

    /// <summary>Bytes before the data.</summary>
    public int Length => textAt + text.Length;

    /// <summary>Bytes that the data must have.</summary>
    public int ByteCount { get; private set; }

    public static int SizeOf(NpyElement element) => s_elements[(int)element].Size;

    public static string CodeOf(NpyElement element) => s_elements[(int)element].Code;

    public static NpyHeader Parse(string file, string field, ReadOnlySpan<byte> source)
    {
        ReadOnlySpan<byte> magic = NpyArray.Magic;
        CheckpointException Wrong(long offset, string found, string expected) => new(file, field + ", header", offset, found, expected);
        if (source.Length < magic.Length + 2 || !source.StartsWith(magic))
            throw Wrong(0, source.IsEmpty ? "no bytes" : Convert.ToHexString(source[..Math.Min(source.Length, magic.Length + 2)]), "93 and NUMPY, then a version");
        int version = source[magic.Length], sizeAt = magic.Length + 2, sizeBytes = version == 1 ? 2 : 4;
        if (version is < 1 or > 3)
            throw Wrong(magic.Length, $"version {version}", "version 1, 2 or 3");
        if (source.Length < sizeAt + sizeBytes)
            throw Wrong(sizeAt, $"{source.Length} bytes", "the header's length");
        uint length = version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(source[sizeAt..]) : BinaryPrimitives.ReadUInt32LittleEndian(source[sizeAt..]);
        int textAt = sizeAt + sizeBytes;
        if (length > LongestText || length > source.Length - textAt)
            throw Wrong(sizeAt, $"a header of {length} bytes", $"at most {Math.Min(LongestText, source.Length - textAt)}, what follows");
        ReadOnlySpan<byte> utf8 = source.Slice(textAt, (int)length);
        if (utf8.ContainsAnyExceptInRange((byte)' ', (byte)'~') && utf8.TrimEnd("\n"u8).ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            throw Wrong(textAt, "bytes that are not printable ASCII", "a dict as text");
        var header = new NpyHeader(file, field, Encoding.ASCII.GetString(utf8), textAt);
        header.ReadDict();
        return header;
    }

    private void ReadDict()
    {
        var seen = new HashSet<string>();
        Take('{', "a dict");
        while (!TryTake('}'))
        {
            int keyAt = at;
            string key = ReadString();
            if (!seen.Add(key))
                throw Error(keyAt, $"the key '{key}' for the second time", "every key once");
            Take(':', "':' behind a key");
            switch (key)
            {
                case "descr": ReadElement(); break;
                case "fortran_order": FortranOrder = ReadFlag(); break;
                case "shape": ReadShape(); break;
                default: throw Error(keyAt, $"the key '{key}'", "descr, fortran_order and shape");
            }
            if (!TryTake(','))
            {
                Take('}', "',' or '}'");
                break;
            }
        }
        SkipSpace();
        if (at < text.Length)
            throw Error(at, $"'{text[at]}' behind the dict", "only white space");
        if (seen.Count < 3)
            throw Error(0, $"a dict with {(seen.Count == 0 ? "no keys" : string.Join(" and ", seen) + " alone")}", "descr, fortran_order and shape");
        Int128 bytes = SizeOf(Element);
        foreach (int size in Shape)
            if ((bytes *= size) > Array.MaxLength)
                throw Error(0, $"shape ({string.Join(", ", Shape)}) of {Element}", $"at most {Array.MaxLength} bytes of data");
        ByteCount = (int)bytes;
    }

    private void ReadElement()
    {
        SkipSpace();
        int start = at;
        if (at < text.Length && text[at] == '[')
            throw Error(start, "a structured type", "one plain number type");
        string code = ReadString();
        string expected = $"one of {string.Join(", ", s_elements.Select(known => known.Code))}, little- or big-endian";
        if (code.Contains('O', StringComparison.Ordinal))
            throw Error(start, $"the type '{code}', whose data is a pickle", expected);
        int known = code.Length == 3 && code[0] is '<' or '>' or '=' ? Array.FindIndex(s_elements, element => element.Code == code[1..]) : -1;
        if (known < 0)
            throw Error(start, $"the type '{Utf8Text.Show(code)}'", expected);
        Element = s_elements[known].Element;
        BigEndian = code[0] == '>';
    }

    private bool ReadFlag()
    {
        SkipSpace();
        foreach (string word in (string[])["True", "False"])
            if (string.CompareOrdinal(text, at, word, 0, word.Length) == 0)
            {
                at += word.Length;
                return word == "True";
            }
        throw Error(at, "something else", "True or False");
    }

    private void ReadShape()
    {
        var sizes = new List<int>();
        Take('(', "a tuple of sizes");
        while (!TryTake(')'))
        {
            SkipSpace();
            int start = at;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
                at++;
            if (!int.TryParse(text.AsSpan(start, at - start), NumberStyles.None, CultureInfo.InvariantCulture, out int size) || sizes.Count == MostAxes)
                throw Error(start, $"'{Utf8Text.Show(text[start..Math.Min(text.Length, start + 24)])}'", $"at most {MostAxes} sizes from 0 to {int.MaxValue}");
            sizes.Add(size);
            if (!TryTake(','))
            {
                Take(')', "',' or ')'");
                break;
            }
        }
        Shape = [.. sizes];
    }

    private string ReadString()
    {
        SkipSpace();
        int start = at;
        int end = at < text.Length && text[at] is '\'' or '"' ? text.IndexOf(text[at], at + 1) : -1;
        if (end < 0)
            throw Error(start, "no string", "a string in quotes");
        at = end + 1;
        return text[(start + 1)..end];
    }

    private void Take(char wanted, string expected)
    {
        if (!TryTake(wanted))
            throw Error(at, at < text.Length ? $"'{text[at]}'" : "the end", expected);
    }

    private bool TryTake(char wanted)
    {
        SkipSpace();
        bool there = at < text.Length && text[at] == wanted;
        at += there ? 1 : 0;
        return there;
    }

    private void SkipSpace()
    {
        while (at < text.Length && text[at] is ' ' or '\n')
            at++;
    }

    private CheckpointException Error(int offset, string found, string expected) => new(file, field, textAt + offset, found, expected);
}
