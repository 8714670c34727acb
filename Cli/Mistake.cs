using System.CommandLine;

namespace Managed.Cli;

/// <summary>What is wrong with a command line, on one line, with a hint.</summary>
internal static class Mistake
{
    /// <summary>The line to show, or null where the command line can be run.</summary>
    public static string? In(ParseResult parsed)
    {
        if (parsed.Errors.Count == 0 || parsed.Action is { ClearsParseErrors: true })
            return null;
        var command = parsed.CommandResult.Command;
        string verb = parsed.UnmatchedTokens.FirstOrDefault() ?? "";
        bool isRoot = !command.Parents.Any();
        if (isRoot && verb.Length > 0 && !verb.StartsWith('-'))
        {
            string near = Nearest(verb, command.Subcommands.Select(c => c.Name)) is { } name ? $"did you mean '{name}'? " : "";
            return $"managed: there is no command '{OneLine(verb)}'; {near}managed --help lists them.";
        }
        // what was not understood says more than what is then missing
        var error = parsed.Errors.FirstOrDefault(e => parsed.UnmatchedTokens.Any(t => e.Message.Contains($"'{t}'", StringComparison.Ordinal)))
            ?? parsed.Errors[0];
        string path = command.Name;
        for (var outer = command.Parents.FirstOrDefault(); outer is not null; outer = outer.Parents.FirstOrDefault())
            path = $"{outer.Name} {path}";
        return $"managed: {OneLine(error.Message).TrimEnd('.')}; see {path} --help.";
    }

    public static string OneLine(string text) =>
        string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    private static string? Nearest(string word, IEnumerable<string> names) =>
        names.Select(name => (Name: name, Distance: EditDistance(word, name)))
             .Where(n => n.Distance <= Math.Max(1, n.Name.Length / 3))
             .OrderBy(n => n.Distance)
             .Select(n => n.Name)
             .FirstOrDefault();

    private static int EditDistance(string a, string b)
    {
        if (a.Length > 64)
            return int.MaxValue;
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[b.Length];
    }
}
