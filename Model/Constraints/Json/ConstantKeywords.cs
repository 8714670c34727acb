using System.Text.Json;

namespace Managed.Constraints.Json;

/// <summary>`const` and `enum`: scalars become automata of how they are written, arrays and objects schemas that hold for them alone.</summary>
internal static class ConstantKeywords
{
    public static IEnumerable<Draft> AssertConst(SchemaCompiler compiler, SchemaNode node, Draft draft) =>
        Assert(compiler, node, draft, "const", [node.Value("const")]);

    public static IEnumerable<Draft> DenyConst(SchemaCompiler compiler, SchemaNode node, Draft draft) =>
        Deny(compiler, node, draft, "const", [node.Value("const")]);

    public static IEnumerable<Draft> AssertEnum(SchemaCompiler compiler, SchemaNode node, Draft draft) => Assert(compiler, node, draft, "enum", Values(node));

    public static IEnumerable<Draft> DenyEnum(SchemaCompiler compiler, SchemaNode node, Draft draft) => Deny(compiler, node, draft, "enum", Values(node));

    private static JsonElement[] Values(SchemaNode node) => node.Value("enum").ValueKind == JsonValueKind.Array
        ? [.. node.Value("enum").EnumerateArray()] : throw node.Error("enum", "must be an array");

    private static JsonKind KindOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => JsonKind.Null,
        JsonValueKind.False => JsonKind.False,
        JsonValueKind.True => JsonKind.True,
        JsonValueKind.Number => JsonKind.Number,
        JsonValueKind.String => JsonKind.String,
        JsonValueKind.Array => JsonKind.Array,
        _ => JsonKind.Object,
    };

    private static IEnumerable<Draft> Assert(SchemaCompiler compiler, SchemaNode node, Draft draft, string keyword, JsonElement[] values)
    {
        var same = Enumerable.Range(0, values.Length).Where(i => KindOf(values[i]) == draft.Kind).ToArray();
        if (same.Length == 0)
            return [];
        return draft.Kind switch
        {
            JsonKind.String or JsonKind.Number => [draft.With(OneOf(node, keyword, draft.Kind, same.Select(i => values[i])))],
            JsonKind.Array or JsonKind.Object => same.SelectMany(i => compiler.Apply(draft, new(node.Constant(values[i], $"{keyword}/{i}"), true))),
            _ => [draft],
        };
    }

    private static IEnumerable<Draft> Deny(SchemaCompiler compiler, SchemaNode node, Draft draft, string keyword, JsonElement[] values)
    {
        var same = Enumerable.Range(0, values.Length).Where(i => KindOf(values[i]) == draft.Kind).ToArray();
        if (same.Length == 0)
            return [draft];
        switch (draft.Kind)
        {
            case JsonKind.String:
                return [draft.With(OneOf(node, keyword, draft.Kind, same.Select(i => values[i])).Complement())];
            case JsonKind.Number:
                return [draft.With(NumberLanguage.Except(OneOf(node, keyword, draft.Kind, same.Select(i => values[i]))))];
            case JsonKind.Array or JsonKind.Object:
                IEnumerable<Draft> drafts = [draft];
                foreach (int i in same)
                    drafts = compiler.Limit(node, drafts.SelectMany(each => compiler.Apply(each, new(node.Constant(values[i], $"{keyword}/{i}"), false))));
                return drafts;
            default:
                return [];
        }
    }

    private static Dfa OneOf(SchemaNode node, string keyword, JsonKind kind, IEnumerable<JsonElement> values)
    {
        if (kind == JsonKind.String)
            return Literals(values.Select(value => value.GetString()!).Distinct(StringComparer.Ordinal).ToArray())
                ?? throw node.Error(keyword, "the strings are too many or too long");
        var numbers = values.Select(value => NumberLanguage.Equal(
            DecimalNumber.Parse(value.GetRawText()) ?? throw node.Error(keyword, $"{value.GetRawText()} has more digits than can be compared exactly"))).ToArray();
        return Dfa.TryUnite(numbers) ?? throw node.Error(keyword, "the numbers are too many or too long");
    }

    /// <summary>The automaton of some texts, each with its place in the list as its label.</summary>
    public static Dfa? Literals(string[] texts)
    {
        const int maxStates = 200_000;
        var sorted = Enumerable.Range(0, texts.Length).OrderBy(i => texts[i], StringComparer.Ordinal).ToArray();
        int[] classes = [.. texts.SelectMany(text => text.EnumerateRunes()).SelectMany(rune => new[] { rune.Value, rune.Value + 1 }).Append(0)
            .Where(at => at < CodePointSet.End).Distinct().Order()];
        var known = texts.SelectMany(text => text.EnumerateRunes()).Select(rune => rune.Value).ToHashSet();
        // A state: the texts [from, to) that share their first `depth` letters.
        return Dfa.TryExplore(new StateVector([0, sorted.Length, 0]), classes, (state, codePoint) =>
        {
            if (!known.Contains(codePoint))
                return null;
            string letter = char.ConvertFromUtf32(codePoint);
            bool Fits(int i) => string.CompareOrdinal(texts[sorted[i]], state[2], letter, 0, letter.Length) == 0;
            int from = state[0];
            while (from < state[1] && !Fits(from))
                from++;
            int to = from;
            while (to < state[1] && Fits(to))
                to++;
            return from == to ? null : new([from, to, state[2] + letter.Length]);
        }, state => state[0] < state[1] && texts[sorted[state[0]]].Length == state[2] ? sorted[state[0]] : Dfa.Dead, maxStates);
    }
}
