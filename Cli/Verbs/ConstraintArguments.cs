using System.CommandLine;
using Managed.Constraints;

namespace Managed.Cli.Verbs;

/// <summary>What an answer must look like: `--json-schema`, `--regex`, `--grammar`.</summary>
internal sealed class ConstraintArguments
{
    private readonly Option<string?> schema = new("--json-schema") { Description = "File with a JSON schema that the answer must satisfy." };
    private readonly Option<string?> regex = new("--regex") { Description = "A regex that the whole answer must match." };
    private readonly Option<string?> grammar = new("--grammar") { Description = "File with a grammar (.gbnf, or Lark) that the answer must follow." };

    public void AddTo(Command command)
    {
        Option[] all = [schema, regex, grammar];
        foreach (Option option in all)
            command.Options.Add(option);
        command.Validators.Add(result =>
        {
            string[] given = [.. all.Where(option => result.GetResult(option) is { Implicit: false }).Select(option => option.Name)];
            if (given.Length > 1)
                result.AddError($"give one of {string.Join(", ", all.Select(option => option.Name))}; {string.Join(" and ", given)} were given");
        });
    }

    /// <summary>The constraint; null: none was asked for.</summary>
    public Constraint? Read(ParseResult result)
    {
        if (result.GetValue(schema) is { } schemaFile)
            return Named(schemaFile, Constraint.FromJsonSchema);
        if (result.GetValue(regex) is { } pattern)
            return Constraint.FromRegex(pattern);
        if (result.GetValue(grammar) is not { } file)
            return null;
        return Named(file, file.EndsWith(".gbnf", StringComparison.OrdinalIgnoreCase) ? Constraint.FromGbnf : Constraint.FromLark);
    }

    private static Constraint Named(string file, Func<string, Constraint> read)
    {
        string text = File.ReadAllText(file);
        try
        {
            return read(text);
        }
        catch (ConstraintException refusal)
        {
            throw new ConstraintException($"{file}: {refusal.Message}", refusal);
        }
    }
}
