using System.Text;
using Managed.Loader;

namespace Managed.Cli.Verbs.Guarding;

/// <summary>One line of a file of prompts.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Set">The set it belongs to; null: none.</param>
/// <param name="Prompt">What the user says.</param>
/// <param name="Work">The work that is asked for, by which Thornvale's judge goes; null: none.</param>
/// <param name="Kind">"dark", "craft", "borderline", "fact"; null: it is not judged.</param>
internal sealed record EvalPrompt(string Id, string? Set, string Prompt, string? Work, string? Kind)
{
    /// <summary>Reads all lines.</summary>
    /// <exception cref="CheckpointException">A line is not JSON or has no prompt.</exception>
    public static IReadOnlyList<EvalPrompt> ReadAll(string path)
    {
        var prompts = new List<EvalPrompt>();
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            JsonValue value = JsonValue.Parse($"{path}, line {number}", Encoding.UTF8.GetBytes(line));
            string? Text(string name) => value.Members?.GetValueOrDefault(name)?.AsText();
            string prompt = Text("prompt") ?? throw new CheckpointException(path, $"line {number}", null, value.Describe(), "an object with \"prompt\"");
            prompts.Add(new EvalPrompt(Text("id") ?? $"{number}", Text("set"), prompt, Text("work"), Text("kind")));
        }
        return prompts.Count > 0 ? prompts : throw new CheckpointException(path, "file", null, "no lines", "a prompt a line");
    }
}
