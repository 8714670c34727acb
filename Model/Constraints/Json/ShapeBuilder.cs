namespace Managed.Constraints.Json;

/// <summary>Turns drafts into what a value's rule reads.</summary>
internal sealed class ShapeBuilder(SchemaCompiler compiler)
{
    private const int MaxStates = 60_000;

    private static readonly Dictionary<JsonKind, TextRule> Words = new()
    {
        [JsonKind.Null] = Word("null"),
        [JsonKind.False] = Word("false"),
        [JsonKind.True] = Word("true"),
    };

    private static TextRule Word(string word) => new(Nfa.TryCompile(Expression.Text(word))!);

    public void Build(ValueRule rule, IReadOnlyList<Draft> drafts)
    {
        var plain = drafts.Select(draft => draft.Kind).Where(Words.ContainsKey).Distinct().Select(kind => Words[kind]).ToList();
        var numbers = drafts.Where(draft => draft.Kind == JsonKind.Number).Select(Number).Where(dfa => !dfa.IsEmpty).ToArray();
        if (numbers.Length > 0)
            plain.Add(new(Dfa.TryUnite(numbers) ?? throw TooLarge("numbers")));
        rule.Plain = plain;
        rule.Strings = [.. drafts.Where(draft => draft.Kind == JsonKind.String).Select(Strings).OfType<StringShape>().Distinct()];
        rule.Arrays = [.. drafts.Where(draft => draft.Kind == JsonKind.Array).Select(Array)];
        rule.Objects = [.. drafts.Where(draft => draft.Kind == JsonKind.Object).Select(Object)];
    }

    private static ConstraintException TooLarge(string what) =>
        new($"JSON schema: the demands on {what} (patterns, formats, lengths, bounds) take more than {MaxStates} states together; make one of them simpler.");

    private static Dfa Number(Draft draft) => draft.Texts.Count == 0
        ? draft.IsWhole ? NumberLanguage.Whole : NumberLanguage.All
        : Dfa.TryIntersect([.. draft.Texts, draft.IsWhole ? NumberLanguage.PlainWhole : NumberLanguage.Plain], MaxStates) ?? throw TooLarge("a number");

    private StringShape? Strings(Draft draft)
    {
        if (draft.Texts.Count == 0)
            return draft.MinSize <= draft.MaxSize ? new(null, draft.MinSize, draft.MaxSize) : null;
        var text = Text(draft, withLength: true);
        return text.IsEmpty ? null : new(text, 0, long.MaxValue);
    }

    /// <summary>The automaton of a string draft's texts.</summary>
    public Dfa Text(Draft draft, bool withLength)
    {
        var text = draft.Texts.Count == 0 ? Dfa.Everything : Dfa.TryIntersect(draft.Texts, MaxStates) ?? throw TooLarge("a string");
        if (!withLength || draft.MinSize == 0 && draft.MaxSize == long.MaxValue || text.IsEmpty)
            return text;
        if (draft.MinSize > draft.MaxSize)
            return text.Relabel(_ => Dfa.Dead);
        bool bounded = draft.MaxSize != long.MaxValue;
        return Dfa.TryExplore(new StateVector([text.Start, 0]), Dfa.CommonClasses([text]), (state, codePoint) =>
        {
            int to = text.Step(state[0], codePoint);
            return to == Dfa.Dead || state[1] >= draft.MaxSize ? null : new([to, bounded ? state[1] + 1 : (int)Math.Min(state[1] + 1, draft.MinSize)]);
        }, state => text.Accepts(state[0]) && state[1] >= draft.MinSize ? 0 : Dfa.Dead, MaxStates) ?? throw TooLarge("a string");
    }

    private ArrayShape Array(Draft draft)
    {
        if (draft.Unique is { } unique && draft.MaxSize > 1)
            throw unique.Error("uniqueItems", "is supported for arrays of at most one element only");
        var contains = draft.Contains;
        if (contains is not null && draft.MinSize > ArrayKeywords.MaxCounted)
            throw contains.Item.Schema.Error("contains", $"together with a minItems above {ArrayKeywords.MaxCounted} is not supported");
        ArraySlot Slot(int? index)
        {
            var demands = draft.Arrays.Select(part => index < part.First.Count ? part.First[index.Value] : part.Rest).OfType<SchemaLiteral>().ToArray();
            if (contains is null)
                return new(null, compiler.RuleOf(demands));
            // Without an upper bound, an element that satisfies the schema need not be counted.
            var other = contains.Max == long.MaxValue ? demands : demands.Append(contains.Item with { Holds = !contains.Item.Holds });
            return new(compiler.RuleOf(demands.Append(contains.Item)), compiler.RuleOf(other));
        }
        int first = draft.Arrays.Select(part => part.First.Count).DefaultIfEmpty(0).Max();
        return new([.. Enumerable.Range(0, first).Select(i => Slot(i))], Slot(null), draft.MinSize, draft.MaxSize, contains?.Min ?? 0, contains?.Max ?? long.MaxValue);
    }

    private ObjectShape Object(Draft draft)
    {
        string[] names = [.. draft.Objects.SelectMany(part => part.Names.Select(member => member.Name)).Concat(draft.Required).Distinct(StringComparer.Ordinal)];
        var patterns = draft.Objects.SelectMany(part => part.Patterns).ToArray();
        var declared = ConstantKeywords.Literals(names) ?? throw TooLarge("an object's names");
        Dfa[] automata = [declared, .. patterns.Select(pattern => pattern.Names), .. draft.MemberNames];

        // A name's label: its place among the declared, or a number for the set of patterns that it matches.
        var groups = new Dictionary<StateVector, int>();
        var rules = names.Select(_ => (ValueRule?)null).ToList();
        int Label(StateVector state)
        {
            for (int i = 1 + patterns.Length; i < automata.Length; i++)
                if (!automata[i].Accepts(state[i]))
                    return Dfa.Dead;
            int name = declared.Label(state[0]);
            var matched = new StateVector([.. Enumerable.Range(0, patterns.Length).Select(i => automata[1 + i].Accepts(state[1 + i]) ? 1 : 0)]);
            if (name != Dfa.Dead)
            {
                rules[name] ??= compiler.RuleOf(Demands(draft, names[name], matched));
                return name;
            }
            if (!groups.TryGetValue(matched, out int group))
            {
                groups[matched] = group = rules.Count;
                rules.Add(compiler.RuleOf(Demands(draft, null, matched)));
            }
            return group;
        }
        var all = Dfa.TryExplore(new StateVector([.. automata.Select(dfa => dfa.Start)]), Dfa.CommonClasses(automata), (state, codePoint) =>
        {
            var to = state.Step(automata, codePoint);
            for (int i = 1 + patterns.Length; i < automata.Length; i++)
                if (to[i] == Dfa.Dead)
                    return null;
            return to;
        }, Label, MaxStates) ?? throw TooLarge("an object's names");
        var never = compiler.RuleOf([new(compiler.Never, true)]);
        return new(all, [.. rules.Select(rule => rule ?? never)], names.Length,
            draft.Required.Select(name => System.Array.IndexOf(names, name)), draft.MinSize, draft.MaxSize);
    }

    private static IEnumerable<SchemaLiteral> Demands(Draft draft, string? name, StateVector matched)
    {
        int pattern = 0;
        foreach (var part in draft.Objects)
        {
            bool covered = false;
            foreach (var member in part.Names)
                if (name is not null && member.Name == name)
                {
                    covered = true;
                    yield return member.Value;
                }
            foreach (var entry in part.Patterns)
                if (matched[pattern++] == 1)
                {
                    covered = true;
                    yield return entry.Value;
                }
            if (!covered && part.Others is { } others)
                yield return others;
        }
    }
}
