using System.Text;
using System.Text.RegularExpressions;

namespace Managed.Loader.Hub;

/// <summary>Names of files inside a repository: which may touch the disk, and which of them a pull wants.</summary>
internal static class HubFileName
{
    /// <summary>What this engine reads; weights in other formats, and pickles, stay where they are.</summary>
    private static readonly string[] s_read = ["*.json", "*.safetensors", "*.jinja", "*.model", "*.txt", "*.md", "LICENSE*", "*.gguf"];

    /// <summary>True for a relative path with '/' that stays below its folder on every system.</summary>
    public static bool IsSafe(string name) => name.Length is > 0 and <= 1024 && name.Split('/').All(IsSafePart);

    // ':' would be a drive or an alternate stream, '\' a separator on Windows; a trailing dot or space is dropped there.
    private static bool IsSafePart(string part) => part.Length is > 0 and <= 255 && part is not ("." or "..")
        && !part.Any(c => char.IsControl(c) || c is '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|')
        && !part.EndsWith('.') && !part.EndsWith(' ');

    /// <summary>The files that match one of the patterns; without patterns, those that loading a model needs.</summary>
    public static List<string> Select(HubId id, IReadOnlyList<string> names, IReadOnlyList<string> patterns)
    {
        if (patterns.Count == 0)
            return SelectForLoading(id, names);
        List<Regex> wanted = [.. patterns.Select(Glob)];
        List<string> chosen = [.. names.Where(name => wanted.Any(pattern => pattern.IsMatch(name)))];
        if (chosen.Count == 0)
            throw new HubException($"{id}: no file matches --include {string.Join(", ", patterns)}; the repository holds {List(names)}.");
        return chosen;
    }

    private static List<string> SelectForLoading(HubId id, IReadOnlyList<string> names)
    {
        List<Regex> read = [.. s_read.Select(Glob)];
        List<string> chosen = [.. names.Where(name => !name.Contains('/', StringComparison.Ordinal) && read.Any(pattern => pattern.IsMatch(name)))];
        bool folder = chosen.Any(name => name.EndsWith(".safetensors", StringComparison.Ordinal));
        if (folder)
        {
            bool sharded = chosen.Any(name => name.StartsWith("model", StringComparison.Ordinal) && name.EndsWith(".safetensors", StringComparison.Ordinal));
            chosen.RemoveAll(name => name.EndsWith(".gguf", StringComparison.Ordinal)
                || (sharded && name.StartsWith("consolidated", StringComparison.Ordinal)));
            return chosen;
        }
        List<string> models = [.. chosen.Where(name => name.EndsWith(".gguf", StringComparison.Ordinal)).DistinctBy(WithoutPart)];
        if (models.Count > 1)
            throw new HubException($"{id} holds {models.Count} GGUF models; choose one with --include: {List(models)}.");
        return chosen;
    }

    // model-00001-of-00003.gguf is one model with its other parts
    public static string WithoutPart(string name) => Regex.Replace(name, @"-\d{5}-of-\d{5}\.gguf\z", ".gguf", RegexOptions.CultureInvariant);

    private static string List(IReadOnlyList<string> names) =>
        names.Count == 0 ? "nothing" : string.Join(", ", names.Take(20)) + (names.Count > 20 ? $" and {names.Count - 20} more" : "");

    /// <summary>Patterns as the hub's own tools read them: '*' crosses folders, '?' is one character, [a-z] and [!a-z] are sets.</summary>
    public static Regex Glob(string pattern)
    {
        if (pattern.EndsWith('/'))
            pattern += "*";
        var regex = new StringBuilder("^");
        for (int i = 0; i < pattern.Length; i++)
        {
            int close = pattern[i] == '[' ? pattern.IndexOf(']', Math.Min(i + 2, pattern.Length)) : -1;
            if (close > 0)
            {
                string set = pattern[(i + 1)..close].Replace("\\", "\\\\", StringComparison.Ordinal).Replace("[", "\\[", StringComparison.Ordinal);
                regex.Append('[').Append(set[0] == '!' ? "^" + set[1..] : set[0] == '^' ? "\\" + set : set).Append(']');
                i = close;
            }
            else
            {
                regex.Append(pattern[i] switch { '*' => ".*", '?' => ".", char other => Regex.Escape(other.ToString()) });
            }
        }
        try
        {
            return new Regex(regex.Append("\\z").ToString(), RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.NonBacktracking);
        }
        catch (ArgumentException error)
        {
            throw new HubException($"--include '{pattern}' is not a pattern; expected names with *, ? and [a-z].", error);
        }
    }
}
