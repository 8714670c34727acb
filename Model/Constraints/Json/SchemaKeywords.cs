namespace Managed.Constraints.Json;

/// <summary>What a keyword makes of a draft: of one that must satisfy it, and of one that must not.</summary>
internal sealed record SchemaKeyword(Func<SchemaCompiler, SchemaNode, Draft, IEnumerable<Draft>> Assert, Func<SchemaCompiler, SchemaNode, Draft, IEnumerable<Draft>> Deny)
{
    /// <summary>A keyword that only speaks of values of one kind.</summary>
    public static SchemaKeyword For(JsonKind kind, Func<SchemaNode, Draft, IEnumerable<Draft>> assert, Func<SchemaNode, Draft, IEnumerable<Draft>> deny) =>
        new((_, node, draft) => draft.Kind == kind ? assert(node, draft) : [draft], (_, node, draft) => draft.Kind == kind ? deny(node, draft) : []);
}

/// <summary>The table of keywords. One that is not here is refused.</summary>
internal static class SchemaKeywords
{
    // They say nothing about which values are valid, or are read along with the keyword they belong to.
    private static readonly HashSet<string> Silent =
    [
        "title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly", "$comment", "$schema", "$id",
        "$defs", "definitions", "contentEncoding", "contentMediaType", "contentSchema", "discriminator",
        "then", "else", "minContains", "maxContains", "items", "additionalItems", "patternProperties", "additionalProperties",
    ];

    private static readonly Dictionary<string, SchemaKeyword> Table = new()
    {
        ["type"] = new((_, node, draft) => TypeKeyword.Assert(node, draft), (_, node, draft) => TypeKeyword.Deny(node, draft)),
        ["const"] = new(ConstantKeywords.AssertConst, ConstantKeywords.DenyConst),
        ["enum"] = new(ConstantKeywords.AssertEnum, ConstantKeywords.DenyEnum),

        ["minLength"] = Size(JsonKind.String, "minLength", lower: true),
        ["maxLength"] = Size(JsonKind.String, "maxLength", lower: false),
        ["minItems"] = Size(JsonKind.Array, "minItems", lower: true),
        ["maxItems"] = Size(JsonKind.Array, "maxItems", lower: false),
        ["minProperties"] = Size(JsonKind.Object, "minProperties", lower: true),
        ["maxProperties"] = Size(JsonKind.Object, "maxProperties", lower: false),

        ["minimum"] = Bound("minimum", sign => sign >= 0),
        ["maximum"] = Bound("maximum", sign => sign <= 0),
        ["exclusiveMinimum"] = Bound("exclusiveMinimum", sign => sign > 0),
        ["exclusiveMaximum"] = Bound("exclusiveMaximum", sign => sign < 0),
        ["multipleOf"] = SchemaKeyword.For(JsonKind.Number,
            (node, draft) => [draft.With(Multiples(node))], (node, draft) => [draft.With(NumberLanguage.Except(Multiples(node)))]),

        ["pattern"] = SchemaKeyword.For(JsonKind.String,
            (node, draft) => [draft.With(Pattern(node, "pattern", node.String("pattern")))],
            (node, draft) => [draft.With(Pattern(node, "pattern", node.String("pattern")).Complement())]),
        ["format"] = SchemaKeyword.For(JsonKind.String,
            (node, draft) => [draft.With(Format(node))], (node, _) => throw Undeniable(node, "format")),

        ["allOf"] = ApplicatorKeywords.AllOf,
        ["anyOf"] = ApplicatorKeywords.AnyOf,
        ["oneOf"] = ApplicatorKeywords.OneOf,
        ["not"] = ApplicatorKeywords.Not,
        ["if"] = ApplicatorKeywords.If,
        ["$ref"] = ApplicatorKeywords.Reference,
        ["prefixItems"] = ArrayKeywords.Elements,
        ["contains"] = ArrayKeywords.Contains,
        ["uniqueItems"] = ArrayKeywords.Unique,
        ["unevaluatedItems"] = ArrayKeywords.Unevaluated(JsonKind.Array, "unevaluatedItems"),
        ["properties"] = ObjectKeywords.Members,
        ["required"] = ObjectKeywords.Required,
        ["propertyNames"] = ObjectKeywords.Names,
        ["dependentRequired"] = ObjectKeywords.DependentRequired,
        ["dependentSchemas"] = ObjectKeywords.DependentSchemas,
        ["unevaluatedProperties"] = ArrayKeywords.Unevaluated(JsonKind.Object, "unevaluatedProperties"),
    };

    // Keywords that are read together under the name of the first.
    private static readonly Dictionary<string, string> Leader = new()
    {
        ["items"] = "prefixItems",
        ["additionalItems"] = "prefixItems",
        ["patternProperties"] = "properties",
        ["additionalProperties"] = "properties",
    };

    /// <summary>Every keyword that is taken.</summary>
    public static IEnumerable<string> Names => Table.Keys.Concat(Silent);

    public static bool IsKnown(string name) => Table.ContainsKey(name) || Silent.Contains(name) || name.StartsWith("x-", StringComparison.Ordinal);

    /// <summary>The keywords of a schema that say something.</summary>
    public static IEnumerable<SchemaKeyword> Of(SchemaNode node) => node.Keywords
        .Select(name => Leader.GetValueOrDefault(name, name)).Where(Table.ContainsKey).Distinct().Select(name => Table[name]);

    public static Dfa Pattern(SchemaNode node, string keyword, string pattern)
    {
        try
        {
            return Nfa.TryCompile(RegexParser.Search(pattern)) ?? throw node.Error(keyword, $"the pattern '{pattern}' takes too many states");
        }
        catch (ConstraintException error) when (!error.Message.StartsWith("JSON schema", StringComparison.Ordinal))
        {
            throw new ConstraintException(node.Error(keyword, error.Message.TrimEnd('.')).Message, error);
        }
    }

    /// <summary>An error for a keyword whose opposite is needed, below `not`, `oneOf` or `if`, but cannot be followed.</summary>
    public static ConstraintException Undeniable(SchemaNode node, string keyword) =>
        node.Error(keyword, "a value would have to violate this keyword (it stands below not, oneOf, if or contains), which is not supported");

    private static Dfa Format(SchemaNode node) => StringFormats.Find(node.String("format"))
        ?? throw node.Error("format", $"'{node.String("format")}' is not supported; {string.Join(", ", StringFormats.Names)} are");

    private static Dfa Multiples(SchemaNode node)
    {
        var step = node.Number("multipleOf");
        if (step.Negative || step.IsZero)
            throw node.Error("multipleOf", "must be greater than zero");
        return NumberLanguage.TryMultiples(step) ?? throw node.Error("multipleOf", $"multiples of {node.Value("multipleOf").GetRawText()} take too many states");
    }

    private static SchemaKeyword Bound(string keyword, Func<int, bool> keep) => SchemaKeyword.For(JsonKind.Number,
        (node, draft) => [draft.With(NumberLanguage.Compared(node.Number(keyword), keep))],
        (node, draft) => [draft.With(NumberLanguage.Compared(node.Number(keyword), sign => !keep(sign)))]);

    private static SchemaKeyword Size(JsonKind kind, string keyword, bool lower) => SchemaKeyword.For(kind,
        (node, draft) => [lower ? draft.AtLeast(node.Count(keyword)) : draft.AtMost(node.Count(keyword))],
        (node, draft) => lower ? node.Count(keyword) == 0 ? [] : [draft.AtMost(node.Count(keyword) - 1)] : [draft.AtLeast(node.Count(keyword) + 1)]);
}
