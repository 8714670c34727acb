using System.Text.Json.Nodes;

namespace Managed.Tests;

/// <summary>Walks a JSON text and changes one value of it.</summary>
internal static class HostileJson
{
    private const int MostEntries = 3;

    /// <summary>The paths of all values: keys and indices. Of long tables only the first entries.</summary>
    public static IEnumerable<object[]> Paths(JsonNode node)
    {
        IEnumerable<(object Step, JsonNode? Child)> children = node switch
        {
            JsonObject section => section.Select(pair => ((object)pair.Key, pair.Value)).Take(section.Count > 20 ? MostEntries : section.Count),
            JsonArray items => items.Select((item, index) => ((object)index, item)).Take(MostEntries),
            _ => [],
        };
        foreach ((object step, JsonNode? child) in children)
        {
            yield return [step];
            if (child is not null)
                foreach (object[] below in Paths(child))
                    yield return [step, .. below];
        }
    }

    /// <summary>The text with another value at a path, or without the value where it is null.</summary>
    public static string Changed(JsonNode root, object[] path, string? value)
    {
        JsonNode copy = root.DeepClone();
        JsonNode parent = copy;
        foreach (object step in path.AsSpan(0, path.Length - 1))
            parent = step is string key ? parent[key]! : parent[(int)step]!;
        JsonNode? changed = value is null ? null : JsonNode.Parse(value);
        if (parent is JsonObject section)
        {
            if (value is null)
                section.Remove((string)path[^1]);
            else
                section[(string)path[^1]] = changed;
        }
        else if (value is null)
        {
            parent.AsArray().RemoveAt((int)path[^1]);
        }
        else
        {
            parent.AsArray()[(int)path[^1]] = changed;
        }

        return copy.ToJsonString();
    }
}
