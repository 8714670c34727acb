namespace Managed.Loader.Tokenizers;

/// <summary>The regular expressions that a hand-written scanner matches, by their text.</summary>
internal static class KnownPatterns
{
    private const string AnyCase = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string SpeltOut = @"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
    private const string Llama3Letters = @"|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string Llama3Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Qwen35Middle = @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";

    private static readonly WordScanner Spelt = WordScanner.Llama3 with { AsciiFolding = true };

    private static readonly Dictionary<string, WordScanner> Scanners = new()
    {
        [Gpt2] = WordScanner.Gpt2, // llama.cpp's spelling: what is left over becomes a piece anyway
        [Gpt2 + @"|\s+"] = WordScanner.Gpt2,
        [AnyCase + Llama3Letters + @"\p{N}{1,3}" + Llama3Rest] = WordScanner.Llama3,
        [SpeltOut + Llama3Letters + @"\p{N}{1,3}" + Llama3Rest] = Spelt,
        [AnyCase + Llama3Letters + @"\p{N}" + Llama3Rest] = WordScanner.Llama3 with { DigitsAtMost = 1 },
        [SpeltOut + Llama3Letters + @"\p{N}" + Llama3Rest] = Spelt with { DigitsAtMost = 1 },
        [AnyCase + Qwen35Middle] = WordScanner.Llama3 with { DigitsAtMost = 1, MarksAreLetters = true },
        [SpeltOut + Qwen35Middle] = Spelt with { DigitsAtMost = 1, MarksAreLetters = true },
    };

    /// <summary>The patterns that have a scanner; tests hold each against the general engine.</summary>
    public static IEnumerable<string> All => Scanners.Keys;

    public static ITextPattern? Find(string regex) => Scanners.GetValueOrDefault(regex);
}
