using System.Text;
using Managed.Loader;

namespace Managed.Guards.Evaluation;

/// <summary>Files of multiple-choice questions: `{context, choices, gold}` a line, in a list, or in the list `items` of an object.</summary>
internal static class ChoiceQuestions
{
    /// <exception cref="CheckpointException">Names the file, the place, what was found and what was expected.</exception>
    public static IReadOnlyList<ChoiceQuestion> Read(string file)
    {
        string text = Utf8Text.ReadFile(file);
        ChoiceQuestion[] questions = Path.GetExtension(file).Equals(".jsonl", StringComparison.OrdinalIgnoreCase)
            ? [.. text.Split('\n').Select((line, i) => (Line: i + 1, Text: line.Trim())).Where(line => line.Text.Length > 0)
                .Select(line => Question(file, $"line {line.Line}", JsonPrompts.Parse(file, line.Line, line.Text)))]
            : [.. Items(file, JsonValue.Parse(file, Encoding.UTF8.GetBytes(text))).Select((item, i) => Question(file, $"question {i}", item))];
        return questions.Length > 0 ? questions : throw new CheckpointException(file, "questions", null, "none", "at least one question");
    }

    private static IReadOnlyList<JsonValue> Items(string file, JsonValue root) =>
        root.Items ?? root.Members?.GetValueOrDefault("items")?.Items ?? throw new CheckpointException(file, "file", null, root.Describe(), "a list of questions");

    private static ChoiceQuestion Question(string file, string place, JsonValue item)
    {
        string context = Member("context").AsText() ?? throw Wrong("context", "a string");
        JsonValue list = Member("choices");
        string[] choices = list.AsTexts() is { Length: > 0 } texts ? texts
            : list.Items is { Count: > 0 } items && items.All(choice => choice.Members?.GetValueOrDefault("choice")?.AsText() is not null)
                ? [.. items.Select(choice => choice.Members!["choice"].AsText()!)]
            : throw Wrong("choices", "a list of strings");
        return Member("gold").AsInteger() is { } gold && gold >= 0 && gold < choices.Length ? new ChoiceQuestion(context, choices, (int)gold)
            : throw Wrong("gold", $"an index from 0 to {choices.Length - 1}");

        JsonValue Member(string key) => item.Members?.GetValueOrDefault(key) ?? throw new CheckpointException(file, place, null, item.Describe(), $"an object with {key}");

        CheckpointException Wrong(string key, string expected) => new(file, $"{place}, {key}", null, Member(key).Describe(), expected);
    }
}
