using System.Text.Json;

namespace Managed.Constraints.Json;

/// <summary>`type`: a name or a list of names.</summary>
internal static class TypeKeyword
{
    private static readonly Dictionary<string, JsonKind[]> Kinds = new()
    {
        ["null"] = [JsonKind.Null],
        ["boolean"] = [JsonKind.False, JsonKind.True],
        ["number"] = [JsonKind.Number],
        ["integer"] = [JsonKind.Number],
        ["string"] = [JsonKind.String],
        ["array"] = [JsonKind.Array],
        ["object"] = [JsonKind.Object],
    };

    public static IEnumerable<Draft> Assert(SchemaNode node, Draft draft)
    {
        var names = Names(node);
        if (!names.Any(name => Kinds[name].Contains(draft.Kind)))
            return [];
        return [draft.Kind == JsonKind.Number && !names.Contains("number") ? draft with { IsWhole = true } : draft];
    }

    public static IEnumerable<Draft> Deny(SchemaNode node, Draft draft)
    {
        var names = Names(node);
        if (!names.Any(name => Kinds[name].Contains(draft.Kind)))
            return [draft];
        return draft.Kind == JsonKind.Number && !names.Contains("number") ? [draft.With(NumberLanguage.Except(NumberLanguage.PlainWhole))] : [];
    }

    private static List<string> Names(SchemaNode node)
    {
        List<string> names = node.Value("type").ValueKind == JsonValueKind.String ? [node.String("type")] : [.. node.Strings("type")];
        return names.Find(name => !Kinds.ContainsKey(name)) is { } unknown
            ? throw node.Error("type", $"'{unknown}' is not a type; {string.Join(", ", Kinds.Keys)} are") : names;
    }
}
