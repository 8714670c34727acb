using Managed.Guards;
using Managed.Guards.Evaluation;
using Managed.Loader;

namespace Managed.Cli.Evaluations;

/// <summary>
/// What an evaluation measures, as a file: sets of prompts, guards, guardians, judge and settings. docs/evaluation.md has its members.
/// What the command line says besides goes before it.
/// </summary>
internal sealed record EvalSuite
{
    /// <summary>What "format" must say.</summary>
    public const string Format = "managed-suite/1";

    /// <summary>The prompts.</summary>
    public IReadOnlyList<PromptSet> Sets { get; private init; } = [];

    /// <summary>Files of guards.</summary>
    public IReadOnlyList<string> Guards { get; private init; } = [];

    /// <summary>Guardians: checkpoints or `*.guardian.json`.</summary>
    public IReadOnlyList<string> Guardians { get; private init; } = [];

    /// <summary>Gates, as `--gate` takes them.</summary>
    public IReadOnlyList<string> Gates { get; private init; } = [];

    /// <summary>The judge, as `--judge` takes it; null: not said.</summary>
    public string? Judge { get; private init; }

    /// <summary>What makes a refusal where a guardian judges: a list as `strings:FILE` takes it; null: XSTest's.</summary>
    public string? Refusals { get; private init; }

    public int? MaxTokens { get; private init; }

    public int? Batch { get; private init; }

    /// <summary>A text whose perplexity is measured.</summary>
    public string? Perplexity { get; private init; }

    /// <summary>Prompts of each set on which drift is measured; 0: it is not.</summary>
    public int Drift { get; private init; }

    /// <summary>Reads a suite; files that it names lie where they lie from its own folder.</summary>
    /// <exception cref="CheckpointException">The file cannot be read.</exception>
    /// <exception cref="GuardException">A member is missing, wrong or unknown.</exception>
    public static EvalSuite Read(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        try
        {
            var file = new GuardSection(JsonValue.ReadFile(path), "suite");
            string format = file.Text("format") ?? "none";
            if (format != Format)
                throw new GuardException($"format: found {format}; expected \"{Format}\".");
            file.Skip("$schema");
            file.Skip("what");
            var suite = new EvalSuite
            {
                Sets = [.. (file.List("sets") ?? []).Select((set, i) => ReadSet(new GuardSection(set, $"sets[{i}]"), folder))],
                Guards = Files(file, "guards", folder),
                Guardians = Files(file, "guardians", folder),
                Gates = Files(file, "gates", folder),
                Judge = file.Text("judge") is { } judge ? Beside(judge, folder) : null,
                Refusals = file.Text("refusals") is { } rules ? Path.GetFullPath(rules, folder) : null,
                MaxTokens = Positive(file, "max_tokens"),
                Batch = Positive(file, "batch"),
                Perplexity = file.Text("perplexity") is { } text ? Path.GetFullPath(text, folder) : null,
                Drift = file.Whole("drift") ?? 0,
            };
            file.End();
            return suite;
        }
        catch (GuardException wrong)
        {
            throw new GuardException($"{path}: {wrong.Message}", wrong);
        }
    }

    private static PromptSet ReadSet(GuardSection section, string folder)
    {
        string name = section.Text("name") ?? throw section.Wrong("name", "nothing", "what reports call the set");
        string file = section.Text("file") ?? throw section.Wrong("file", "nothing", "the file of prompts");
        string? column = section.Text("column"), label = section.Text("label");
        int? take = Positive(section, "take");
        section.End();
        PromptSet set = PromptSet.Read(name, Path.GetFullPath(file, folder) + (column is null ? "" : $":{column}"));
        if (label is not null)
            set = set.Labelled(label);
        return take is { } count ? set.Take(count) : set;
    }

    private static string[] Files(GuardSection file, string name, string folder) =>
        [.. (file.List(name) ?? []).Select(item => Path.GetFullPath(item.AsText() ?? throw file.Wrong(name, item.Describe(), "names of files"), folder))];

    // "strings:FILE", "guardian:FILE" and "thornvale:FILE" name files.
    private static string Beside(string judge, string folder)
    {
        int colon = judge.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? judge : judge[..(colon + 1)] + Path.GetFullPath(judge[(colon + 1)..], folder);
    }

    private static int? Positive(GuardSection section, string name) => section.Whole(name) is not { } value ? null
        : value > 0 ? value : throw section.Wrong(name, $"{value}", "1 or more");
}
