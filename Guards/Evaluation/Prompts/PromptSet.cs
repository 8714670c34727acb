using System.Security.Cryptography;
using Managed.Loader;

namespace Managed.Guards.Evaluation;

/// <summary>Prompts of a file.</summary>
/// <param name="Name">Name as reports show it.</param>
/// <param name="File">Path of the file.</param>
/// <param name="Licence">What the folder says of the licence; null: nothing is said there.</param>
/// <param name="Prompts">The prompts, in file order.</param>
public sealed record PromptSet(string Name, string File, string? Licence, IReadOnlyList<EvaluationPrompt> Prompts)
{
    private static readonly string[] s_notes = ["NOTE.txt", "NOTE.md"];
    private static readonly string[] s_licences = ["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt"];

    /// <summary>Empty lines of the file.</summary>
    public int EmptyLines { get; init; }

    /// <summary>Prompts whose text an earlier one has too.</summary>
    public int Repeated => Prompts.Count - Prompts.Select(prompt => prompt.Text).Distinct().Count();

    /// <summary>SHA-256 of the file, in hexadecimal.</summary>
    public required string Hash { get; init; }

    /// <summary>Reads a set of prompts: .jsonl, .json, .csv, .tsv or .txt.</summary>
    /// <param name="name">Name as reports show it.</param>
    /// <param name="file">The file. `FILE:COLUMN` names the column or field of the prompts; `FILE:2` takes a table's second column and says that the table has no header.</param>
    /// <exception cref="CheckpointException">Names the file, the line, what was found and what was expected.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static PromptSet Read(string name, string file)
    {
        string? column = null;
        int colon = file.LastIndexOf(':');
        if (colon > 0 && !System.IO.File.Exists(file) && System.IO.File.Exists(file[..colon]))
            (file, column) = (file[..colon], file[(colon + 1)..]);
        if (!System.IO.File.Exists(file))
            throw new FileNotFoundException($"{file}: there is no such file", file);
        var found = new PromptCollector(name, file, column);
        switch (Path.GetExtension(file).ToLowerInvariant())
        {
            case ".json":
                JsonPrompts.ReadDocument(found);
                break;
            case ".jsonl" or ".ndjson":
                JsonPrompts.ReadLines(found);
                break;
            case ".csv":
                TablePrompts.Read(found, ',');
                break;
            case ".tsv":
                TablePrompts.Read(found, '\t');
                break;
            case ".txt":
                TablePrompts.ReadLines(found);
                break;
            case var extension:
                throw new CheckpointException(file, "name", null, extension.Length == 0 ? "no ending" : $"the ending {extension}", "prompts in .jsonl, .json, .csv, .tsv or .txt");
        }
        if (found.Prompts.Count == 0)
            throw new CheckpointException(file, "prompts", null, "none", "at least one prompt");
        using FileStream bytes = System.IO.File.OpenRead(file);
        return new PromptSet(name, file, LicenceOf(file), found.Prompts) { EmptyLines = found.EmptyLines, Hash = Convert.ToHexStringLower(SHA256.HashData(bytes)) };
    }

    /// <summary>As many of the prompts, evenly spread over the file; all, where there are no more. Twice as many hold the same and as many besides.</summary>
    /// <param name="count">How many.</param>
    public PromptSet Take(int count) => count >= Prompts.Count ? this : this with
    {
        Prompts = [.. Enumerable.Range(0, count).Select(i => Prompts[(int)((long)i * Prompts.Count / count)])],
    };

    /// <summary>The prompts with a label, where their file gives them none: "harmful", "harmless" or any other field value.</summary>
    /// <param name="label">The label.</param>
    public PromptSet Labelled(string label) => this with
    {
        Prompts = [.. Prompts.Select(prompt => prompt.Field("label") is not null ? prompt : prompt with { Fields = new Dictionary<string, string>(prompt.Fields) { ["label"] = label } })],
    };

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Name}: {Prompts.Count} prompts{(Repeated > 0 ? $", {Repeated} of them repeated" : "")}; licence: {Licence ?? "not stated beside the file"}";

    // A note or a licence text in the file's folder, or in the one above it.
    private static string? LicenceOf(string file)
    {
        string? folder = Path.GetDirectoryName(Path.GetFullPath(file));
        for (int level = 0; level < 2 && folder is not null; level++, folder = Path.GetDirectoryName(folder))
        {
            if (First(folder, s_notes, line => line.StartsWith("Licence:", StringComparison.OrdinalIgnoreCase) || line.StartsWith("License:", StringComparison.OrdinalIgnoreCase)) is { } noted)
                return noted[(noted.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
            if (First(folder, s_licences, line => line.Trim().Length > 0) is { } title)
                return title.Trim();
        }
        return null;
    }

    private static string? First(string folder, string[] names, Func<string, bool> wanted) => names
        .Select(name => Path.Combine(folder, name)).Where(System.IO.File.Exists)
        .Select(path => System.IO.File.ReadLines(path).FirstOrDefault(wanted)).FirstOrDefault(line => line is not null);
}
