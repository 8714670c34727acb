using System.Text.Json;

namespace Managed.Constraints.Json;

/// <summary>Keywords about an array's elements.</summary>
internal static class ArrayKeywords
{
    /// <summary>The largest counts that go together with `contains`.</summary>
    public const long MaxCounted = 10_000;

    /// <summary>`prefixItems` and `items`; also `items` as a list with `additionalItems`, as drafts before 2020-12 wrote it.</summary>
    public static SchemaKeyword Elements { get; } = SchemaKeyword.For(JsonKind.Array,
        (node, draft) =>
        {
            var (first, rest) = Parts(node);
            return [draft.With(new ArrayPart([.. first.Select(schema => (SchemaLiteral?)new SchemaLiteral(schema, true))], rest is null ? null : new(rest, true)))];
        },
        (node, draft) =>
        {
            var (first, rest) = Parts(node);
            var drafts = first.Select((schema, i) => draft.AtLeast(i + 1)
                .With(new ArrayPart([.. new SchemaLiteral?[i], new SchemaLiteral(schema, false)], null))).ToList();
            if (rest is null || rest.Answer == true)
                return drafts;
            if (rest.Answer == false)
                drafts.Add(draft.AtLeast(first.Count + 1));
            else if (first.Count == 0 && draft.Contains is null)
                drafts.Add(draft with { Contains = new(new(rest, false), 1, long.MaxValue) });
            else
                throw SchemaKeywords.Undeniable(node, "items");
            return drafts;
        });

    private static (IReadOnlyList<SchemaNode> First, SchemaNode? Others) Parts(SchemaNode node)
    {
        if (node.Has("items") && node.Value("items").ValueKind == JsonValueKind.Array)
            return (node.SubList("items"), node.Sub("additionalItems"));
        return (node.SubList("prefixItems"), node.Sub("items"));
    }

    public static SchemaKeyword Contains { get; } = SchemaKeyword.For(JsonKind.Array,
        (node, draft) =>
        {
            var (min, max) = Counts(node);
            return min == 0 && max == long.MaxValue ? [draft] : [Containing(node, draft, min, max)];
        },
        (node, draft) =>
        {
            var (min, max) = Counts(node);
            var drafts = new List<Draft>();
            if (min > 0)
                drafts.Add(Containing(node, draft, 0, min - 1));
            if (max < long.MaxValue)
                drafts.Add(Containing(node, draft, max + 1, long.MaxValue));
            return drafts;
        });

    private static (long Min, long Max) Counts(SchemaNode node) =>
        (node.Has("minContains") ? node.Count("minContains") : 1, node.Has("maxContains") ? node.Count("maxContains") : long.MaxValue);

    private static Draft Containing(SchemaNode node, Draft draft, long min, long max)
    {
        if (draft.Contains is not null)
            throw node.Error("contains", "meets another demand of its sort on the same array; only one can be counted");
        if (min > MaxCounted)
            throw node.Error("contains", $"asks for {min} elements; at most {MaxCounted} are counted");
        return draft with { Contains = new(new(node.Sub("contains")!, true), min, max) };
    }

    public static SchemaKeyword Unique { get; } = SchemaKeyword.For(JsonKind.Array,
        (node, draft) => [node.Boolean("uniqueItems") ? draft with { Unique = node } : draft],
        (node, _) => node.Boolean("uniqueItems") ? throw SchemaKeywords.Undeniable(node, "uniqueItems") : []);

    /// <summary>`unevaluatedItems` and `unevaluatedProperties`: nothing to do where they say true.</summary>
    public static SchemaKeyword Unevaluated(JsonKind kind, string keyword) => SchemaKeyword.For(kind,
        (node, draft) => node.Sub(keyword)!.Answer == true ? [draft] : throw node.Error(keyword, "this keyword is not supported"),
        (node, _) => node.Sub(keyword)!.Answer == true ? [] : throw node.Error(keyword, "this keyword is not supported"));
}
