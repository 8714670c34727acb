namespace Managed.Peers;

/// <summary>Which cases are measured on which files.</summary>
internal static class RacePlan
{
    /// <summary>Prompts of four lengths, decoding behind three, and of 4 and 16 rows.</summary>
    public static readonly IReadOnlyList<string> Cases =
    [
        "prompt-16", "prompt-128", "prompt-512", "prompt-2048", "decode-0", "decode-512", "decode-2048", "decode-0-x4", "decode-0-x16", "decode-512-x4", "decode-512-x16",
    ];

    /// <summary>The figures that are looked at first.</summary>
    public static readonly IReadOnlyList<string> ShortCases = ["decode-0", "prompt-512", "decode-0-x16"];

    /// <summary>GGUF files of a folder whose names (without ending) match one of some patterns, in order of the patterns.</summary>
    /// <param name="folder">Where they lie.</param>
    /// <param name="patterns">Names, with * and ?; or paths.</param>
    /// <exception cref="PeerException">A pattern matches nothing.</exception>
    public static IReadOnlyList<string> Files(string folder, IReadOnlyList<string> patterns)
    {
        var found = new List<string>();
        foreach (string pattern in patterns)
        {
            if (pattern.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && File.Exists(pattern))
            {
                found.Add(Path.GetFullPath(pattern));
                continue;
            }
            string[] files = [.. (Directory.Exists(folder) ? Directory.GetFiles(folder, "*.gguf") : [])
                .Where(file => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileNameWithoutExtension(file)))
                .Order(StringComparer.Ordinal)];
            if (files.Length == 0)
                throw new PeerException($"{folder}: found no GGUF file of the name '{pattern}'; race.sh makes {string.Join(", ", Names)}.");
            found.AddRange(files.Except(found));
        }
        return found;
    }

    /// <summary>The files that race.sh makes.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "smollm2-q4_1", "smollm2-f16", "smollm2-bf16", "smollm2-q8_0", "smollm2-q4_0", "smollm2-q4_k", "stories-q8_0", "1.1b-q8_0", "1.1b-q4_0",
    ];

    /// <summary>The turns of a race: in each pair both, and who begins changes from pair to pair.</summary>
    public static IEnumerable<(int Pair, bool Ours)> Turns(int pairs)
    {
        for (int pair = 0; pair < pairs; pair++)
        {
            yield return (pair, pair % 2 == 0);
            yield return (pair, pair % 2 != 0);
        }
    }
}
