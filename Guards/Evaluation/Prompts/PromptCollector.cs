using System.Globalization;
using Managed.Loader;

namespace Managed.Guards.Evaluation;

/// <summary>Makes prompts of a file's records, and refuses records that are none.</summary>
/// <param name="name">The set's name.</param>
/// <param name="file">The file's path.</param>
/// <param name="column">The column that holds the prompts; null: one of the usual names.</param>
internal sealed class PromptCollector(string name, string file, string? column)
{
    private static readonly string[] s_prompts = ["prompt", "instruction", "question", "query", "goal", "forbidden_prompt", "behavior", "request", "text", "turns"];
    private static readonly string[] s_ids = ["id", "question_id", "behaviorid"];
    private static readonly string[] s_subsets = ["set", "label"];
    private readonly Dictionary<string, int> lines = []; // [id]: where it stood

    public string File { get; } = file;

    public string? Column { get; } = column;

    public List<EvaluationPrompt> Prompts { get; } = [];

    public int EmptyLines { get; set; }

    /// <summary>The name of the prompt's column among those that there are.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public string PromptColumn(int line, IReadOnlyCollection<string> names)
    {
        string? found = Column is null ? Known(s_prompts, names) : names.FirstOrDefault(candidate => candidate == Column);
        return found ?? throw new CheckpointException(File, $"line {line}", null, $"the names {Utf8Text.Show(string.Join(", ", names))}",
            Column is null ? $"one of {string.Join(", ", s_prompts)}; FILE:NAME takes another, FILE:1 the first column of a table without a header" : $"the name {Column}");
    }

    /// <summary>Adds a prompt without further fields.</summary>
    public void Add(int line, string text, string? category = null) =>
        Add(line, text, category is null ? [] : new Dictionary<string, string> { ["category"] = category });

    /// <summary>Adds a prompt.</summary>
    public void Add(int line, string text, Dictionary<string, string> fields)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw new CheckpointException(File, $"line {line}", null, "an empty prompt", "a text");
        // HarmBench's contextual behaviours are asked behind their context
        if (Known(["contextstring"], fields.Keys) is { } context && fields[context].Length > 0)
            text = $"{fields[context]}\n\n---\n\n{text}";
        string id = Known(s_ids, fields.Keys) is { } idField ? fields[idField] : (Prompts.Count + 1).ToString("0000", CultureInfo.InvariantCulture);
        if (!lines.TryAdd(id, line))
            throw new CheckpointException(File, $"line {line}", null, $"the id {Utf8Text.Show(id)}, which line {lines[id]} has too", "an id of its own for each prompt");
        string set = Known(s_subsets, fields.Keys) is { } subset && fields[subset].Length > 0 ? $"{name}/{fields[subset]}" : name;
        Prompts.Add(new EvaluationPrompt(id, set, text) { Fields = fields });
    }

    private static string? Known(string[] wanted, IReadOnlyCollection<string> names) =>
        wanted.Select(want => names.FirstOrDefault(candidate => candidate.Equals(want, StringComparison.OrdinalIgnoreCase))).FirstOrDefault(found => found is not null);
}
