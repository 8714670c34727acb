namespace Managed.Loader.Tokenizers;

/// <summary>Splits where the script changes (by the tables of Unicode 9, which the original carries); Japanese syllables count as ideographs, spaces as whatever precedes them.</summary>
internal sealed class ScriptPreTokenizer : IPreTokenizer
{
    private static readonly int Han = UnicodeScripts.Number("Han");
    private static readonly int Hiragana = UnicodeScripts.Number("Hiragana");
    private static readonly int Katakana = UnicodeScripts.Number("Katakana");
    private const int Any = 0;

    public TextPieces Apply(TextPieces pieces)
    {
        var output = new List<(int, int)>();
        foreach (var (from, to) in pieces.Pieces)
        {
            int start = -1; // what precedes the first script is dropped, as the original does
            int last = -1;
            for (int i = from; i < to; i++)
            {
                int script = Script(pieces.Text[i]);
                if (script == Any)
                    continue;
                if (last != script)
                {
                    if (start >= 0)
                        output.Add((start, i));
                    start = i;
                }
                last = script;
            }
            if (start >= 0)
                output.Add((start, to));
        }
        return pieces with { Pieces = output };
    }

    private static int Script(int point)
    {
        if (point is ' ')
            return Any;
        int script = point == 0x30FC ? Han : UnicodeAges.IsAssignedIn(9, point) ? UnicodeScripts.Of(point) : Any;
        return script == Hiragana || script == Katakana ? Han : script;
    }
}

/// <summary>Splits into pieces of a fixed number of code points.</summary>
internal sealed class FixedLengthPreTokenizer(int length) : IPreTokenizer
{
    public TextPieces Apply(TextPieces pieces)
    {
        var output = new List<(int, int)>();
        foreach (var (from, to) in pieces.Pieces)
            for (int start = from; start < to; start += Math.Min(length, to - start))
                output.Add((start, start + Math.Min(length, to - start)));
        return pieces with { Pieces = output };
    }
}
