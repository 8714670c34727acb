namespace Managed.Guards.Evaluation;

/// <summary>One prompt of an evaluation set.</summary>
/// <param name="Id">Its name, unique within the set.</param>
/// <param name="Set">The set that it belongs to.</param>
/// <param name="Text">What the user says.</param>
public sealed record EvaluationPrompt(string Id, string Set, string Text)
{
    /// <summary>Further columns or fields of the file, by name: category, type, work, kind, label …</summary>
    public IReadOnlyDictionary<string, string> Fields { get; init; } = new Dictionary<string, string>();

    /// <summary>A field's value, or null where the file has none for this prompt.</summary>
    public string? Field(string name) => Fields.GetValueOrDefault(name);
}
