using System.Text.Json;

namespace Managed.Constraints.Json;

/// <summary>Keywords about an object's members.</summary>
internal static class ObjectKeywords
{
    /// <summary>`properties`, `patternProperties` and `additionalProperties`.</summary>
    public static SchemaKeyword Members { get; } = SchemaKeyword.For(JsonKind.Object,
        (node, draft) => [draft.With(new ObjectPart(
            [.. node.SubMap("properties").Select(member => (member.Name, new SchemaLiteral(member.Schema, true)))],
            [.. node.SubMap("patternProperties").Select(member =>
                (member.Name, SchemaKeywords.Pattern(node, "patternProperties", member.Name), new SchemaLiteral(member.Schema, true)))],
            node.Sub("additionalProperties") is { } others ? new(others, true) : null))],
        (node, draft) =>
        {
            if (node.SubMap("patternProperties").Any(member => member.Schema.Answer != true))
                throw SchemaKeywords.Undeniable(node, "patternProperties");
            if (node.Sub("additionalProperties") is { Answer: not true })
                throw SchemaKeywords.Undeniable(node, "additionalProperties");
            return node.SubMap("properties").Select(member => draft.Require(member.Name).Member(member.Name, new(member.Schema, false)));
        });

    public static SchemaKeyword Required { get; } = new(
        (_, node, draft) => draft.Kind == JsonKind.Object ? [node.Strings("required").Aggregate(draft, (each, name) => each.Require(name))] : [draft],
        (compiler, node, draft) => draft.Kind == JsonKind.Object ? node.Strings("required").Select(name => Lacking(compiler, draft, name)) : []);

    private static Draft Lacking(SchemaCompiler compiler, Draft draft, string name) => draft.Member(name, new(compiler.Never, true));

    public static SchemaKeyword Names { get; } = new(
        (compiler, node, draft) => draft.Kind != JsonKind.Object ? [draft]
            : [draft with { MemberNames = draft.MemberNames.Add(compiler.TextsOf(node, "propertyNames", new(node.Sub("propertyNames")!, true))) }],
        (_, node, draft) => draft.Kind != JsonKind.Object || node.Sub("propertyNames")!.Answer == true ? []
            : throw SchemaKeywords.Undeniable(node, "propertyNames"));

    public static SchemaKeyword DependentRequired { get; } = new(
        (compiler, node, draft) =>
        {
            IEnumerable<Draft> drafts = [draft];
            if (draft.Kind == JsonKind.Object)
                foreach (var (name, needed) in Dependents(node))
                    drafts = compiler.Limit(node, drafts.SelectMany(each => needed.Length == 0 ? [each]
                        : new[] { Lacking(compiler, each, name), needed.Aggregate(each.Require(name), (all, one) => all.Require(one)) }));
            return drafts;
        },
        (compiler, node, draft) => draft.Kind != JsonKind.Object ? []
            : Dependents(node).SelectMany(dependent => dependent.Needed.Select(one => Lacking(compiler, draft.Require(dependent.Name), one))));

    private static List<(string Name, string[] Needed)> Dependents(SchemaNode node)
    {
        var value = node.Value("dependentRequired");
        return value.ValueKind == JsonValueKind.Object
            ? [.. value.EnumerateObject().Select(member => (member.Name, node.StringsOf(member.Value, "dependentRequired").ToArray()))]
            : throw node.Error("dependentRequired", "must be an object of arrays of strings");
    }

    public static SchemaKeyword DependentSchemas { get; } = new(
        (compiler, node, draft) =>
        {
            IEnumerable<Draft> drafts = [draft];
            if (draft.Kind == JsonKind.Object)
                foreach (var (name, schema) in node.SubMap("dependentSchemas"))
                    drafts = compiler.Limit(node, drafts.SelectMany(each => compiler.Apply(each.Require(name), new(schema, true)).Append(Lacking(compiler, each, name))));
            return drafts;
        },
        (compiler, node, draft) => draft.Kind != JsonKind.Object ? []
            : node.SubMap("dependentSchemas").SelectMany(dependent => compiler.Apply(draft.Require(dependent.Name), new(dependent.Schema, false))));
}
