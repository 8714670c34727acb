using System.Globalization;
using System.Text.RegularExpressions;

namespace Managed.Peers;

/// <summary>One thing to measure.</summary>
/// <param name="Context">Tokens that are there before; 0 for a prompt.</param>
/// <param name="Rows">Sequences that advance together, each with a context of its own.</param>
/// <param name="Tokens">Of a prompt: its length. Of decoding: steps, each one token of every row.</param>
/// <param name="IsPrompt">Whether all tokens are known from the start; logits are wanted behind the last.</param>
internal sealed partial record RaceCase(int Context, int Rows, int Tokens, bool IsPrompt)
{
    /// <summary>Steps of decoding where nothing else is said.</summary>
    public const int DecodedTokens = 128;

    /// <summary>Tokens that one run computes.</summary>
    public int Work => Rows * Tokens;

    /// <summary>Positions that each sequence comes to.</summary>
    public int Positions => Context + Tokens;

    /// <summary>`prompt-512`; `decode-512`: behind 512 tokens; `decode-512-x16`: 16 rows.</summary>
    public string Name => IsPrompt ? string.Create(CultureInfo.InvariantCulture, $"prompt-{Tokens}")
        : string.Create(CultureInfo.InvariantCulture, $"decode-{Context}") + (Rows > 1 ? string.Create(CultureInfo.InvariantCulture, $"-x{Rows}") : "");

    /// <summary>The case of a name.</summary>
    /// <param name="name">As <see cref="Name"/> has it.</param>
    /// <param name="decoded">Steps of decoding.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static RaceCase Parse(string name, int decoded = DecodedTokens)
    {
        Match match = Pattern().Match(name);
        if (!match.Success || decoded < 1)
            throw new ArgumentException($"--case: found '{name}' with {decoded} tokens; expected prompt-TOKENS, decode-CONTEXT or decode-CONTEXT-xROWS, and at least 1 token.");
        int length = Number("length"), rows = match.Groups["rows"].Success ? Number("rows") : 1;
        bool isPrompt = match.Groups["kind"].Value == "prompt";
        if (rows < 1 || (isPrompt && (length < 1 || match.Groups["rows"].Success)))
            throw new ArgumentException($"--case: found '{name}'; a prompt has at least one token and one row, decoding at least one row.");
        return isPrompt ? new RaceCase(0, 1, length, true) : new RaceCase(length, rows, decoded, false);

        int Number(string group) => int.Parse(match.Groups[group].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>The token at a position: arbitrary, the same for both engines, others in each row.</summary>
    public static int Token(int row, int position, int vocabulary) => (int)((((long)position * 37) + ((long)row * 101) + 11) % vocabulary);

    /// <summary>A row's tokens from a position on.</summary>
    public static int[] TokenRun(int row, int first, int count, int vocabulary)
    {
        var tokens = new int[count];
        for (int i = 0; i < count; i++)
            tokens[i] = Token(row, first + i, vocabulary);
        return tokens;
    }

    [GeneratedRegex(@"^(?<kind>prompt|decode)-(?<length>\d{1,6})(-x(?<rows>\d{1,3}))?$")]
    private static partial Regex Pattern();
}
