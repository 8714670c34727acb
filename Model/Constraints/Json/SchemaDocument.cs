using System.Text.Json;
using System.Text.Json.Nodes;

namespace Managed.Constraints.Json;

/// <summary>A schema as it was written: hands out its nodes, each once, and resolves references within it.</summary>
internal sealed class SchemaDocument
{
    private const int MaxLength = 4 << 20, MaxDepth = 128;
    private readonly Dictionary<string, SchemaNode> nodes = [];
    private readonly Dictionary<string, Dictionary<string, JsonElement>> members = []; // of the objects that references lead through, by pointer
    private readonly JsonElement root;

    public SchemaDocument(string json)
    {
        if (json.Length > MaxLength)
            throw new ConstraintException($"the JSON schema has {json.Length} characters; at most {MaxLength} are taken.");
        try
        {
            root = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth, AllowDuplicateProperties = false }).RootElement;
        }
        catch (JsonException error)
        {
            throw new ConstraintException($"the JSON schema is not JSON, or nests deeper than {MaxDepth}: {error.Message}", error);
        }
    }

    public SchemaNode Root => At(root, "#");

    /// <summary>The schema `false`.</summary>
    public SchemaNode Never => At(JsonSerializer.SerializeToElement(false), "(never)");

    public static string Escape(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    public SchemaNode At(JsonElement element, string pointer)
    {
        if (!nodes.TryGetValue(pointer, out var node))
        {
            nodes[pointer] = node = new(this, element, pointer, nodes.Count);
            if (pointer != "#" && node.Answer is null && node.Has("$id"))
                throw node.Error("$id", "a schema inside the schema cannot have an identity of its own");
        }
        return node;
    }

    public SchemaNode Resolve(SchemaNode from, string keyword)
    {
        string reference = from.String(keyword);
        if (reference != "#" && !reference.StartsWith("#/", StringComparison.Ordinal))
            throw from.Error(keyword, $"'{reference}' is not a JSON pointer into this schema (#/…); nothing is fetched and anchors are not supported");
        var element = root;
        string pointer = "#";
        foreach (string part in reference.Split('/').Skip(1))
        {
            string name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            bool found = element.ValueKind switch
            {
                JsonValueKind.Object => Members(element, pointer).TryGetValue(name, out element),
                JsonValueKind.Array => int.TryParse(name, out int i) && i >= 0 && i < element.GetArrayLength() && (element = element[i]).ValueKind != JsonValueKind.Undefined,
                _ => false,
            };
            if (!found)
                throw from.Error(keyword, $"'{reference}' leads nowhere: there is no '{name}' at {pointer}");
            pointer += $"/{Escape(name)}";
        }
        return At(element, pointer);
    }

    // An object's own lookup goes through all its members, which would make many references to many definitions slow.
    private Dictionary<string, JsonElement> Members(JsonElement element, string pointer)
    {
        if (!members.TryGetValue(pointer, out var known))
            members.Add(pointer, known = element.EnumerateObject().ToDictionary(member => member.Name, member => member.Value));
        return known;
    }

    public SchemaNode Constant(JsonElement value, string place)
    {
        string pointer = $"{place}(constant)";
        if (nodes.TryGetValue(pointer, out var known))
            return known;
        JsonObject Equal(JsonElement part) => new() { ["const"] = JsonNode.Parse(part.GetRawText(), null, new JsonDocumentOptions { MaxDepth = MaxDepth }) };
        var schema = value.ValueKind == JsonValueKind.Array
            ? new JsonObject
            {
                ["type"] = "array",
                ["prefixItems"] = new JsonArray([.. value.EnumerateArray().Select(Equal)]),
                ["minItems"] = value.GetArrayLength(),
                ["maxItems"] = value.GetArrayLength(),
            }
            : new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject(value.EnumerateObject().Select(member => KeyValuePair.Create<string, JsonNode?>(member.Name, Equal(member.Value)))),
                ["required"] = new JsonArray([.. value.EnumerateObject().Select(member => (JsonNode)member.Name)]),
                ["maxProperties"] = value.EnumerateObject().Count(),
            };
        return At(JsonSerializer.SerializeToElement(schema, new JsonSerializerOptions { MaxDepth = 2 * MaxDepth }), pointer);
    }
}
