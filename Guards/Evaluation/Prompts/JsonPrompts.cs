using System.Text;
using Managed.Loader;

namespace Managed.Guards.Evaluation;

/// <summary>Prompts of JSON: a list of strings or objects, lists under the names of categories, or one object or string a line.</summary>
internal static class JsonPrompts
{
    private const string Lists = "instructions"; // safety-tuned-llamas: {instructions: […], tags: […]}

    public static void ReadDocument(PromptCollector found)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Utf8Text.ReadFile(found.File));
        JsonValue root = JsonValue.Parse(found.File, bytes);
        if (root.Members is { } members && members.TryGetValue(found.Column ?? Lists, out JsonValue? list) && list.Items is not null)
            root = list;
        Read(root, null);

        void Read(JsonValue value, string? category)
        {
            if (value.Items is { } items)
                foreach (JsonValue item in items)
                    AddItem(found, LineOf(item), item, category);
            else if (value.Members is { } categories)
                foreach (var (name, inner) in categories)
                    Read(inner, category is null ? name : $"{category}/{name}");
            else
                throw new CheckpointException(found.File, $"line {LineOf(value)}", null, value.Describe(), "a list of prompts, or lists under the names of categories");
        }

        int LineOf(JsonValue value) => 1 + bytes.AsSpan(0, (int)value.Offset).Count((byte)'\n');
    }

    public static void ReadLines(PromptCollector found)
    {
        string[] lines = Utf8Text.ReadFile(found.File).Split('\n');
        for (int i = 0; i < lines.Length; i++)
            if (lines[i].Trim() is { Length: > 0 } text)
                AddItem(found, i + 1, Parse(found.File, i + 1, text), null);
            else if (i < lines.Length - 1)
                found.EmptyLines++;
    }

    /// <summary>One line of a file as JSON; an error names the line.</summary>
    public static JsonValue Parse(string file, int line, string text)
    {
        try
        {
            return JsonValue.Parse(file, Encoding.UTF8.GetBytes(text));
        }
        catch (CheckpointException defect)
        {
            throw new CheckpointException(file, $"line {line}, {defect.Field}", null, defect.Found, defect.Expected, defect);
        }
    }

    private static void AddItem(PromptCollector found, int line, JsonValue item, string? category)
    {
        if (item.AsText() is { } text)
        {
            found.Add(line, text, category);
            return;
        }
        if (item.Members is not { } members)
            throw new CheckpointException(found.File, $"line {line}", null, item.Describe(), "a string or an object that holds a prompt");
        string name = found.PromptColumn(line, [.. members.Keys]);
        string prompt = members[name].AsText()
            ?? (members[name].AsTexts() is [var only] ? only : null)
            ?? throw new CheckpointException(found.File, $"line {line}, {name}", null, members[name].Describe(), "a string, or a list of one");
        var fields = new Dictionary<string, string>();
        if (category is not null)
            fields["category"] = category;
        foreach (var (key, value) in members)
            if (key != name && Text(value) is { } shown)
                fields[key] = shown;
        found.Add(line, prompt, fields);
    }

    // Strings, numbers and truth values; lists and objects are no labels.
    private static string? Text(JsonValue value) =>
        value.AsText() ?? (value.IsNull || value.Items is not null || value.Members is not null ? null : value.Describe());
}
