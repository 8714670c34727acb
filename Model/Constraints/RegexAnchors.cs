namespace Managed.Constraints;

/// <summary>Takes the anchors out of a parsed regex by writing what they mean.</summary>
internal static class RegexAnchors
{
    /// <summary>A full match: anchors at the ends say nothing new.</summary>
    public static Expression FullMatch(Expression expression, ExpressionReader reader) =>
        Check(Edge(Edge(expression, atStart: true, Expression.Empty), atStart: false, Expression.Empty), reader);

    /// <summary>A search: any text before and after, except where an anchor forbids it.</summary>
    public static Expression Search(Expression expression, ExpressionReader reader) =>
        Check(Edge(Edge(expression, atStart: true, Expression.AnyText), atStart: false, Expression.AnyText), reader);

    // Puts `outside` at one edge of every alternative that has no anchor there, and drops the anchor where there is one.
    private static Expression Edge(Expression expression, bool atStart, Expression outside)
    {
        switch (expression)
        {
            case Expression.Anchor anchor when anchor.AtStart == atStart:
                return Expression.Empty;
            case Expression.Choice choice when HasEdgeAnchor(choice, atStart):
                return new Expression.Choice([.. choice.Options.Select(option => Edge(option, atStart, outside))]);
            case Expression.Sequence { Parts.Count: > 0 } sequence when HasEdgeAnchor(sequence, atStart):
                var parts = sequence.Parts.ToArray();
                int edge = atStart ? 0 : parts.Length - 1;
                parts[edge] = Edge(parts[edge], atStart, outside);
                return new Expression.Sequence(parts);
            default:
                return ReferenceEquals(outside, Expression.Empty) ? expression : new Expression.Sequence(atStart ? [outside, expression] : [expression, outside]);
        }
    }

    private static bool HasEdgeAnchor(Expression expression, bool atStart) => expression switch
    {
        Expression.Anchor anchor => anchor.AtStart == atStart,
        Expression.Choice choice => choice.Options.Any(option => HasEdgeAnchor(option, atStart)),
        Expression.Sequence { Parts.Count: > 0 } sequence => HasEdgeAnchor(atStart ? sequence.Parts[0] : sequence.Parts[^1], atStart),
        _ => false,
    };

    private static Expression Check(Expression expression, ExpressionReader reader) =>
        HoldsAnchor(expression) ? throw reader.Error("'^' and '$' are supported at the ends of the regex and of its alternatives only") : expression;

    private static bool HoldsAnchor(Expression expression) => expression switch
    {
        Expression.Anchor => true,
        Expression.Choice choice => choice.Options.Any(HoldsAnchor),
        Expression.Sequence sequence => sequence.Parts.Any(HoldsAnchor),
        Expression.Repeat repeat => HoldsAnchor(repeat.Item),
        _ => false,
    };
}
