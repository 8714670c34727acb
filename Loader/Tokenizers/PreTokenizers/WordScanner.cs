namespace Managed.Loader.Tokenizers;

/// <summary>
/// The word patterns of GPT-2 and of its many successors, matched by hand: the same pieces as the regular expressions give,
/// at a fraction of their cost.
/// </summary>
/// <remarks>The branches, in order: contraction | letters | digits | symbols | line ends | spaces before a word | spaces.</remarks>
internal sealed record WordScanner : ITextPattern
{
    /// <summary>What the original implementation of GPT-2 uses.</summary>
    public static WordScanner Gpt2 { get; } = new();

    /// <summary>Llama 3; with other digits, Qwen 2 and many more.</summary>
    public static WordScanner Llama3 { get; } =
        new() { AnyCaseContractions = true, AnyPrefix = true, DigitsAtMost = 3, LineEnds = true };

    /// <summary>Contractions are found in any case; by Unicode's folding, 's also written with a long s.</summary>
    public bool AnyCaseContractions { get; init; }

    /// <summary>The contractions' case is folded for ASCII alone, as spelt-out patterns do.</summary>
    public bool AsciiFolding { get; init; }

    /// <summary>Any one character but a line end may stand before letters (GPT-2: a space).</summary>
    public bool AnyPrefix { get; init; }

    /// <summary>Digits come in groups of at most so many, without a space before them; 0: GPT-2's runs.</summary>
    public int DigitsAtMost { get; init; }

    /// <summary>Line ends belong to the symbols before them, and spaces that end a line stay with it.</summary>
    public bool LineEnds { get; init; }

    /// <summary>Marks count as letters.</summary>
    public bool MarksAreLetters { get; init; }

    public bool TryFind(ReadOnlySpan<int> text, int from, out int start, out int end)
    {
        start = from; // every character belongs to a match
        end = from;
        if (from >= text.Length)
            return false;
        int point = text[from];
        if (point == '\'' && Contraction(text, from) is > 0 and var length)
            end = from + length;
        else if (Letters(text, from) is > 0 and var letters)
            end = from + letters;
        else if (Digits(text, from) is > 0 and var digits)
            end = from + digits;
        else if (Symbols(text, from) is > 0 and var symbols)
            end = from + symbols;
        else
            end = Spaces(text, from);
        return true;
    }

    private bool IsLetter(int point) => UnicodeFacts.IsLetter(point) || (MarksAreLetters && UnicodeFacts.IsMark(point));

    private bool IsSymbol(int point) => !UnicodeFacts.IsWhiteSpace(point) && !IsLetter(point) && !UnicodeFacts.IsNumber(point);

    private int Contraction(ReadOnlySpan<int> text, int from)
    {
        int first = Fold(text, from + 1);
        if (first is 's' or 't' or 'm' or 'd')
            return 2;
        int second = Fold(text, from + 2);
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private int Fold(ReadOnlySpan<int> text, int at)
    {
        if (at >= text.Length)
            return -1;
        int point = text[at];
        if (!AnyCaseContractions)
            return point;
        return AsciiFolding ? (uint)(point - 'A') < 26 ? point | 0x20 : point : UnicodeFacts.Fold(point);
    }

    private int Letters(ReadOnlySpan<int> text, int from)
    {
        int first = text[from];
        int at = from;
        if (!IsLetter(first))
        {
            bool prefix = AnyPrefix ? first is not ('\r' or '\n') && !UnicodeFacts.IsNumber(first) : first == ' ';
            if (!prefix)
                return 0;
            at++;
        }
        else if (MarksAreLetters && !UnicodeFacts.IsLetter(first) && AnyPrefix)
        {
            at++; // a mark may be the prefix; as letter or as prefix, it starts the same run
        }
        int start = at;
        while (at < text.Length && IsLetter(text[at]))
            at++;
        return at > start || IsLetter(first) ? at - from : 0;
    }

    private int Digits(ReadOnlySpan<int> text, int from)
    {
        int at = from;
        if (DigitsAtMost == 0 && text[at] == ' ')
            at++;
        int start = at;
        int limit = DigitsAtMost == 0 ? text.Length : Math.Min(text.Length, from + DigitsAtMost);
        while (at < limit && UnicodeFacts.IsNumber(text[at]))
            at++;
        return at > start ? at - from : 0;
    }

    private int Symbols(ReadOnlySpan<int> text, int from)
    {
        int at = text[from] == ' ' ? from + 1 : from;
        int start = at;
        while (at < text.Length && IsSymbol(text[at]))
            at++;
        if (at == start)
            return 0;
        while (LineEnds && at < text.Length && (text[at] is '\r' or '\n'))
            at++;
        return at - from;
    }

    private int Spaces(ReadOnlySpan<int> text, int from)
    {
        int end = from;
        int lineEnd = -1;
        while (end < text.Length && UnicodeFacts.IsWhiteSpace(text[end]))
        {
            if (text[end] is '\r' or '\n')
                lineEnd = end + 1;
            end++;
        }
        if (LineEnds && lineEnd > 0)
            return lineEnd;
        return end < text.Length && end - from > 1 ? end - 1 : end; // the last space goes with the word behind it
    }
}
