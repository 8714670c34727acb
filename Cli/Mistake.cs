using System.CommandLine;
using System.CommandLine.Parsing;
using Managed.Loader;

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
        string stray = parsed.UnmatchedTokens.FirstOrDefault() ?? "";
        if (!command.Parents.Any() && stray.Length > 0 && !stray.StartsWith('-'))
        {
            string near = Nearest(stray, command.Subcommands.Select(c => c.Name)) is { } name ? $"did you mean '{name}'? " : "";
            return $"managed: there is no command '{OneLine(stray)}'; {near}managed --help lists them.";
        }
        // what was not understood says more than what is then missing, and that more than what a validator thinks of it
        var unknown = parsed.Errors.FirstOrDefault(e => parsed.UnmatchedTokens.Any(t => e.Message.Contains($"'{t}'", StringComparison.Ordinal)));
        string mistake = unknown is not null ? NotUnderstood(stray, command) : Missing(parsed) ?? Explain(parsed.Errors[0]);
        string path = command.Name;
        for (var outer = command.Parents.FirstOrDefault(); outer is not null; outer = outer.Parents.FirstOrDefault())
            path = $"{outer.Name} {path}";
        return $"managed: {OneLine(mistake).TrimEnd('.')}; see {path} --help.";
    }

    public static string OneLine(string text) =>
        string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    /// <summary>The candidate that was probably meant, or null.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates) =>
        word.Length <= 64 && ClosestName.Of(word, candidates) is { } near && ClosestName.Distance(word, near) <= Math.Max(1, near.Length / 3) ? near : null;

    private static string Explain(ParseError error) =>
        error.SymbolResult is OptionResult option && Refused(option, error.Message) is { } found
            ? $"{option.Option.Name}: found '{found}'; expected {Kind(option.Option.ValueType, error.Message)}"
            : error.Message;

    private static string? Missing(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        string[] missing = [.. command.Arguments
            .Where(argument => argument.Arity.MinimumNumberOfValues > (parsed.GetResult(argument)?.Tokens.Count ?? 0))
            .Select(argument => $"<{argument.Name}>: {argument.Description?.TrimEnd('.')}")];
        return missing.Length > 0 ? $"{command.Name} needs {string.Join(" and ", missing)}" : null;
    }

    private static string NotUnderstood(string stray, Command command)
    {
        string[] options = [.. command.Options.SelectMany(option => option.Aliases.Append(option.Name)).Where(name => name.StartsWith("--", StringComparison.Ordinal))];
        string hint = stray.StartsWith('-') ? Nearest(stray, options) is { } near ? $"; did you mean {near}?" : ""
            : options.Contains("--prompt") ? "; a prompt follows --prompt"
            : options.Contains("--text") ? "; a text follows --text"
            : "";
        return $"'{stray}' was not understood{hint}";
    }

    // The value that does not fit the option's type, where that is what the error says.
    private static string? Refused(OptionResult option, string message) =>
        option.Tokens.Select(token => token.Value).FirstOrDefault(value => message.Contains($"argument '{value}'", StringComparison.OrdinalIgnoreCase));

    private static string Kind(Type type, string message)
    {
        const string Choices = "Must be one of:";
        if (message.IndexOf(Choices, StringComparison.Ordinal) is var at and >= 0)
            return Any(message[(at + Choices.Length)..].Replace("'", "", StringComparison.Ordinal).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsEnum ? Any(Enum.GetNames(type).Select(name => name.ToLowerInvariant()))
            : type == typeof(int) || type == typeof(long) ? "a whole number"
            : type == typeof(double) || type == typeof(float) ? "a number"
            : $"a {type.Name}";
    }

    private static string Any(IEnumerable<string> choices) => string.Join(" or ", choices);
}
