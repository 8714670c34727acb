using System.Text.Json;

namespace Managed.Guards.Learning;

/// <summary>
/// Reads prompts: a text file with one a line; JSON Lines or a JSON array of strings, ids, or objects
/// ({"prompt"}, {"text"}, {"instruction"}, {"messages"} or {"turns"}, {"ids"}); a JSON object of such arrays, chosen as FILE:key,key.
/// </summary>
public static class PromptFile
{
    private static readonly string[] s_texts = ["prompt", "text", "instruction", "question"], s_turns = ["messages", "turns"];

    /// <summary>Reads all prompts.</summary>
    /// <param name="source">FILE, or FILE:key,key where the file is a JSON object, or FILE:field where its rows have that field.</param>
    /// <exception cref="GuardException">The file is none of the forms; says where.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static IReadOnlyList<Prompt> Read(string source)
    {
        int colon = source.LastIndexOf(':');
        (string file, string? keys) = !File.Exists(source) && colon > 0 ? (source[..colon], source[(colon + 1)..]) : (source, null);
        if (!File.Exists(file))
            throw new FileNotFoundException(null, file);
        string content = File.ReadAllText(file);
        List<Prompt> prompts = [];
        switch (Kind(content, file))
        {
            case JsonValueKind.Object:
                using (JsonDocument whole = Parse(content, file))
                    foreach (string key in (keys ?? throw new GuardException($"{file}: found an object of lists; expected to be told which, as {file}:{string.Join(',', Names(whole.RootElement))}."))
                        .Split(',', StringSplitOptions.TrimEntries))
                        AddAll(prompts, Property(whole.RootElement, key, file), $"{file}:{key}", null);
                break;
            case JsonValueKind.Array:
                using (JsonDocument whole = Parse(content, file))
                    AddAll(prompts, whole.RootElement, file, keys);
                break;
            default:
                int number = 0;
                foreach (string line in content.Split('\n').Select(line => line.TrimEnd('\r')))
                {
                    number++;
                    if (line.Length > 0)
                        prompts.Add(ReadLine(line, $"{file}, line {number}", keys));
                }
                break;
        }
        return prompts.Count > 0 ? prompts : throw new GuardException($"{file}: found no prompts; expected at least one.");
    }

    // A file that is one JSON value, or else lines.
    private static JsonValueKind Kind(string content, string file)
    {
        string start = content.TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        if (start.Length == 0)
            throw new GuardException($"{file}: found an empty file; expected prompts.");
        if (start[0] is not ('{' or '['))
            return JsonValueKind.Undefined;
        try
        {
            using var whole = JsonDocument.Parse(content);
            bool row = whole.RootElement.ValueKind == JsonValueKind.Object && whole.RootElement.EnumerateObject().All(property => property.Value.ValueKind != JsonValueKind.Array);
            return row ? JsonValueKind.Undefined : whole.RootElement.ValueKind;
        }
        catch (JsonException)
        {
            return JsonValueKind.Undefined; // JSON Lines; a line that is damaged is named when it is read
        }
    }

    private static Prompt ReadLine(string line, string where, string? field)
    {
        if (line[0] is not ('{' or '[' or '"'))
            return new Prompt(line);
        using JsonDocument row = Parse(line, where);
        return ReadRow(row.RootElement, where, field);
    }

    private static JsonDocument Parse(string json, string where)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException failure)
        {
            throw new GuardException($"{where}: found no JSON ({failure.Message}); expected a prompt.", failure);
        }
    }

    private static void AddAll(List<Prompt> prompts, JsonElement list, string where, string? field)
    {
        if (list.ValueKind != JsonValueKind.Array)
            throw new GuardException($"{where}: found {list.ValueKind}; expected a list of prompts.");
        int index = 0;
        foreach (JsonElement item in list.EnumerateArray())
            prompts.Add(ReadRow(item, $"{where}, item {index++}", field));
    }

    private static Prompt ReadRow(JsonElement row, string where, string? field)
    {
        switch (row.ValueKind)
        {
            case JsonValueKind.String:
                return new Prompt(row.GetString());
            case JsonValueKind.Array:
                return new Prompt(Ids: ReadIds(row, where));
            case JsonValueKind.Object when field is not null:
                return ReadRow(Property(row, field, where), where, null);
            case JsonValueKind.Object:
                foreach (string name in s_texts)
                    if (row.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String)
                        return new Prompt(text.GetString());
                foreach (string name in s_turns)
                    if (row.TryGetProperty(name, out JsonElement turns) && turns.ValueKind == JsonValueKind.Array)
                        return new Prompt(Turns: [.. turns.EnumerateArray().Select(turn => ReadTurn(turn, where))]);
                if (row.TryGetProperty("ids", out JsonElement ids))
                    return new Prompt(Ids: ReadIds(ids, where));
                break;
        }
        throw new GuardException($"{where}: found {(row.ValueKind == JsonValueKind.Object ? $"the fields {string.Join(", ", Names(row))}" : $"a {row.ValueKind}")}; expected a string, ids, or an object with prompt, text, instruction, messages or ids.");
    }

    private static ChatMessage ReadTurn(JsonElement turn, string where) =>
        turn.ValueKind == JsonValueKind.String ? new ChatMessage("user", turn.GetString()!) // SafeSwitch's data: what the user said, turn by turn
        : turn.ValueKind == JsonValueKind.Object && turn.TryGetProperty("role", out JsonElement role) && turn.TryGetProperty("content", out JsonElement content)
            && role.ValueKind == JsonValueKind.String && content.ValueKind == JsonValueKind.String
            ? new ChatMessage(role.GetString()!, content.GetString()!)
            : throw new GuardException($"{where}: found a turn without role and content; expected {{\"role\", \"content\"}}.");

    private static List<int> ReadIds(JsonElement list, string where)
    {
        var ids = new List<int>();
        foreach (JsonElement item in list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray()] : (JsonElement[])[list])
            ids.Add(item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int id) ? id
                : throw new GuardException($"{where}: found {item.GetRawText()} among token ids; expected integers."));
        return ids;
    }

    private static JsonElement Property(JsonElement row, string name, string where) =>
        row.TryGetProperty(name, out JsonElement found) ? found
            : throw new GuardException($"{where}: found no '{name}'; expected one of {string.Join(", ", Names(row))}.");

    private static IEnumerable<string> Names(JsonElement row) => row.EnumerateObject().Select(property => property.Name);
}
