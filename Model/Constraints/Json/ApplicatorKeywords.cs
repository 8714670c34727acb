namespace Managed.Constraints.Json;

/// <summary>Keywords that put schemas together: they need nothing but <see cref="SchemaCompiler.Apply"/>.</summary>
internal static class ApplicatorKeywords
{
    public static SchemaKeyword AllOf { get; } = new(
        (compiler, node, draft) => compiler.ApplyAll(node, draft, node.SubList("allOf").Select(schema => new SchemaLiteral(schema, true))),
        (compiler, node, draft) => compiler.ApplyAny(draft, node.SubList("allOf").Select(schema => new SchemaLiteral(schema, false))));

    public static SchemaKeyword AnyOf { get; } = new(
        (compiler, node, draft) => compiler.ApplyAny(draft, node.SubList("anyOf").Select(schema => new SchemaLiteral(schema, true))),
        (compiler, node, draft) => compiler.ApplyAll(node, draft, node.SubList("anyOf").Select(schema => new SchemaLiteral(schema, false))));

    public static SchemaKeyword Not { get; } = new(
        (compiler, node, draft) => compiler.Apply(draft, new(node.Sub("not")!, false)),
        (compiler, node, draft) => compiler.Apply(draft, new(node.Sub("not")!, true)));

    public static SchemaKeyword Reference { get; } = new(
        (compiler, node, draft) => compiler.Apply(draft, new(node.Referred("$ref"), true)),
        (compiler, node, draft) => compiler.Apply(draft, new(node.Referred("$ref"), false)));

    public static SchemaKeyword If { get; } = new(
        (compiler, node, draft) => Branches(compiler, node, draft, true), (compiler, node, draft) => Branches(compiler, node, draft, false));

    /// <summary>Exactly one schema holds. Where two cannot hold together, neither need be denied.</summary>
    public static SchemaKeyword OneOf { get; } = new(
        (compiler, node, draft) =>
        {
            var schemas = node.SubList("oneOf");
            var drafts = new List<Draft>();
            for (int i = 0; i < schemas.Count; i++)
            {
                IEnumerable<Draft> only = compiler.Apply(draft, new(schemas[i], true));
                for (int j = 0; j < schemas.Count; j++)
                    if (j != i)
                        only = Without(compiler, node, [.. only], schemas[j]);
                drafts.AddRange(only);
            }
            return drafts;
        },
        (compiler, node, draft) =>
        {
            var schemas = node.SubList("oneOf");
            var drafts = compiler.ApplyAll(node, draft, schemas.Select(schema => new SchemaLiteral(schema, false))).ToList();
            for (int i = 0; i < schemas.Count; i++)
                for (int j = i + 1; j < schemas.Count; j++)
                    drafts.AddRange(compiler.ApplyAll(node, draft, [new(schemas[i], true), new(schemas[j], true)]));
            return drafts;
        });

    private static IEnumerable<Draft> Without(SchemaCompiler compiler, SchemaNode node, List<Draft> drafts, SchemaNode schema)
    {
        foreach (var draft in drafts)
            if (!compiler.IsSatisfiable(compiler.Apply(draft, new(schema, true))))
                yield return draft;
            else
                foreach (var rest in compiler.Limit(node, compiler.Apply(draft, new(schema, false))))
                    yield return rest;
    }

    private static IEnumerable<Draft> Branches(SchemaCompiler compiler, SchemaNode node, Draft draft, bool holds)
    {
        IEnumerable<Draft> Branch(string keyword, bool condition)
        {
            var branch = node.Sub(keyword);
            if (branch is null && !holds)
                return [];
            var condition1 = new SchemaLiteral(node.Sub("if")!, condition);
            return compiler.ApplyAll(node, draft, branch is null ? [condition1] : [condition1, new(branch, holds)]);
        }
        if (node.Sub("then") is null && node.Sub("else") is null)
            return holds ? [draft] : [];
        return Branch("then", true).Concat(Branch("else", false));
    }
}
