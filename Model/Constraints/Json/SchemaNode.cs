using System.Text.Json;

namespace Managed.Constraints.Json;

/// <summary>One schema inside a schema document, with the JSON pointer by which errors name it.</summary>
internal sealed class SchemaNode
{
    private readonly SchemaDocument document;
    private readonly JsonElement element;

    public SchemaNode(SchemaDocument document, JsonElement element, string pointer, int id)
    {
        (this.document, this.element, Pointer, Id) = (document, element, pointer, id);
        if (element.ValueKind is not (JsonValueKind.True or JsonValueKind.False or JsonValueKind.Object))
            throw new ConstraintException($"JSON schema, {pointer}: a schema is an object, true or false; found {element.ValueKind}.");
        if (element.ValueKind != JsonValueKind.Object)
            return;
        foreach (var property in element.EnumerateObject())
            if (!SchemaKeywords.IsKnown(property.Name))
                throw Error(property.Name, "this keyword is not supported, and ignoring it would let invalid texts through");
    }

    public string Pointer { get; }

    /// <summary>A number that no other node of the compiler has.</summary>
    public int Id { get; }

    /// <summary>The answer of the schemas `true` and `false`; null for an object.</summary>
    public bool? Answer => element.ValueKind == JsonValueKind.Object ? null : element.ValueKind == JsonValueKind.True;

    public IEnumerable<string> Keywords => element.EnumerateObject().Select(property => property.Name);

    public bool Has(string keyword) => element.TryGetProperty(keyword, out _);

    public JsonElement Value(string keyword) => element.GetProperty(keyword);

    /// <summary>The schema that is a keyword's value, or null where the keyword is absent.</summary>
    public SchemaNode? Sub(string keyword) =>
        element.TryGetProperty(keyword, out var value) ? document.At(value, $"{Pointer}/{keyword}") : null;

    /// <summary>The schemas of a keyword whose value is a list of them.</summary>
    public IReadOnlyList<SchemaNode> SubList(string keyword)
    {
        if (!Has(keyword))
            return [];
        if (Value(keyword).ValueKind != JsonValueKind.Array)
            throw Error(keyword, "must be an array of schemas");
        return [.. Value(keyword).EnumerateArray().Select((value, i) => document.At(value, $"{Pointer}/{keyword}/{i}"))];
    }

    /// <summary>The schemas of a keyword whose value maps names to them.</summary>
    public IReadOnlyList<(string Name, SchemaNode Schema)> SubMap(string keyword)
    {
        if (!Has(keyword))
            return [];
        if (Value(keyword).ValueKind != JsonValueKind.Object)
            throw Error(keyword, "must be an object of schemas");
        return [.. Value(keyword).EnumerateObject().Select(member =>
            (member.Name, document.At(member.Value, $"{Pointer}/{keyword}/{SchemaDocument.Escape(member.Name)}")))];
    }

    public SchemaNode Referred(string keyword) => document.Resolve(this, keyword);

    /// <summary>A schema that holds for one value only; it replaces `const` and `enum` members that are arrays or objects.</summary>
    public SchemaNode Constant(JsonElement value, string place) => document.Constant(value, $"{Pointer}/{place}");

    public long Count(string keyword)
    {
        var value = Value(keyword);
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out decimal count) && count >= 0 && count == decimal.Truncate(count))
            return (long)Math.Min(count, int.MaxValue / 2);
        throw Error(keyword, $"must be a whole number that is not negative; found {value.GetRawText()}");
    }

    public string String(string keyword) => Value(keyword).ValueKind == JsonValueKind.String
        ? Value(keyword).GetString()! : throw Error(keyword, "must be a string");

    public bool Boolean(string keyword) => Value(keyword).ValueKind is JsonValueKind.True or JsonValueKind.False
        ? Value(keyword).GetBoolean() : throw Error(keyword, "must be true or false");

    public IEnumerable<string> Strings(string keyword) => StringsOf(Value(keyword), keyword);

    public IEnumerable<string> StringsOf(JsonElement list, string keyword)
    {
        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(entry => entry.ValueKind != JsonValueKind.String))
            throw Error(keyword, "must be an array of strings");
        return list.EnumerateArray().Select(entry => entry.GetString()!);
    }

    public DecimalNumber Number(string keyword) => Value(keyword).ValueKind == JsonValueKind.Number
        ? DecimalNumber.Parse(Value(keyword).GetRawText()) ?? throw Error(keyword, "has more digits than can be compared exactly")
        : throw Error(keyword, "must be a number");

    public ConstraintException Error(string keyword, string message) => new($"JSON schema, {Pointer}/{SchemaDocument.Escape(keyword)}: {message}.");
}
