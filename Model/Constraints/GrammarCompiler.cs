namespace Managed.Constraints;

/// <summary>
/// Turns named expressions into rules. Whatever is regular and not too large becomes one automaton; the rest becomes sequences,
/// choices and counted repetitions of rules. Alternatives that derive no text are left out, so that every prefix can be completed.
/// </summary>
internal sealed class GrammarCompiler
{
    private const int MaxAutomaton = 4_000, MaxRules = 20_000, MaxInlining = 100;

    /// <summary>The most times that something which may be empty can be counted.</summary>
    private const int MaxCountOfEmpty = 64;

    private readonly IReadOnlyDictionary<string, Expression> grammar;
    private readonly string what;
    private readonly HashSet<string> productive = [], nullable = [];
    private readonly Dictionary<string, HashSet<string>> users = []; // the rules that refer to a rule
    private readonly Dictionary<string, Rule> rules = [];
    private readonly Dictionary<string, Expression?> regular = []; // a rule as one expression without references; null if it is none
    private readonly Queue<(string Name, SequenceRule Rule)> pending = new();

    private GrammarCompiler(IReadOnlyDictionary<string, Expression> grammar, string what) => (this.grammar, this.what) = (grammar, what);

    /// <summary>The rule of an expression that refers to no others.</summary>
    public static Rule Compile(Expression expression, string what) => Compile(new Dictionary<string, Expression> { [""] = expression }, "", what);

    /// <summary>The rule named `root`.</summary>
    public static Rule Compile(IReadOnlyDictionary<string, Expression> grammar, string root, string what)
    {
        if (grammar.Count > MaxRules)
            throw new ConstraintException($"{what}: {grammar.Count} rules; at most {MaxRules} are taken.");
        var compiler = new GrammarCompiler(grammar, what);
        foreach (var (name, expression) in grammar)
            compiler.CheckReferences(name, expression);
        compiler.Saturate(compiler.productive, compiler.IsProductive);
        compiler.Saturate(compiler.nullable, compiler.IsNullable);
        if (!compiler.productive.Contains(root))
            throw new ConstraintException(root.Length == 0
                ? $"{what}: matches no text at all."
                : $"{what}: the rule '{root}' derives no text: every way through it calls itself again.");
        var rule = compiler.Named(root);
        while (compiler.pending.TryDequeue(out var next))
            next.Rule.Define(compiler.Sequences(grammar[next.Name]));
        return rule;
    }

    private void CheckReferences(string name, Expression expression)
    {
        switch (expression)
        {
            case Expression.Reference reference when !grammar.ContainsKey(reference.Name):
                throw new ConstraintException($"{what}: the rule '{name}' refers to '{reference.Name}', which is not defined.");
            case Expression.Reference reference:
                if (!users.TryGetValue(reference.Name, out var known))
                    users.Add(reference.Name, known = []);
                known.Add(name);
                break;
            case Expression.Sequence sequence:
                foreach (var part in sequence.Parts)
                    CheckReferences(name, part);
                break;
            case Expression.Choice choice:
                foreach (var option in choice.Options)
                    CheckReferences(name, option);
                break;
            case Expression.Repeat repeat:
                CheckReferences(name, repeat.Item);
                break;
        }
    }

    /// <summary>Finds all rules of which something holds; what holds of a rule may make it hold of those that refer to it.</summary>
    private void Saturate(HashSet<string> found, Func<Expression, bool> holds)
    {
        var waiting = new Queue<string>(grammar.Keys);
        while (waiting.TryDequeue(out string? name))
        {
            if (found.Contains(name) || !holds(grammar[name]))
                continue;
            found.Add(name);
            foreach (string user in users.GetValueOrDefault(name) ?? [])
                waiting.Enqueue(user);
        }
    }

    private bool IsProductive(Expression expression) => expression switch
    {
        Expression.Characters characters => !characters.Set.IsEmpty,
        Expression.Sequence sequence => sequence.Parts.All(IsProductive),
        Expression.Choice choice => choice.Options.Any(IsProductive),
        Expression.Repeat repeat => repeat.Min == 0 || IsProductive(repeat.Item),
        Expression.Reference reference => productive.Contains(reference.Name),
        Expression.Embedded => true,
        _ => throw new InvalidOperationException($"{expression.GetType().Name} in a grammar."),
    };

    private bool IsNullable(Expression expression) => expression switch
    {
        Expression.Sequence sequence => sequence.Parts.All(IsNullable),
        Expression.Choice choice => choice.Options.Any(IsNullable),
        Expression.Repeat repeat => repeat.Min == 0 || IsNullable(repeat.Item),
        Expression.Reference reference => nullable.Contains(reference.Name),
        _ => false,
    };

    private Rule Named(string name)
    {
        if (rules.TryGetValue(name, out var known))
            return known;
        if (Inlined(name, 0) is { } expression && Nfa.TryCompile(expression) is { } dfa)
            return rules[name] = new TextRule(dfa);
        var rule = new SequenceRule();
        rules[name] = rule;
        pending.Enqueue((name, rule));
        return rule;
    }

    // The rules whose sequence is read for one option of an expression.
    private IEnumerable<IReadOnlyList<Rule>> Sequences(Expression expression)
    {
        if (expression is Expression.Choice choice)
            return choice.Options.Where(IsProductive).SelectMany(Sequences);
        if (expression is Expression.Sequence sequence)
            return IsProductive(sequence) ? [Parts(sequence)] : [];
        return IsProductive(expression) ? [[RuleOf(expression)]] : [];
    }

    // Neighbours that are regular together become one automaton.
    private List<Rule> Parts(Expression.Sequence sequence)
    {
        var parts = new List<Rule>();
        var run = new List<Expression>();
        void EndRun()
        {
            if (run.Count > 0)
                parts.Add(RuleOf(run.Count == 1 ? run[0] : new Expression.Sequence([.. run])));
            run.Clear();
        }
        long size = 0;
        foreach (var part in sequence.Parts)
        {
            var inlined = Inlined(part, 0);
            size += inlined is null ? 0 : Nfa.Size(inlined);
            if (inlined is null || size > MaxAutomaton)
            {
                EndRun();
                size = inlined is null ? 0 : Nfa.Size(inlined);
            }
            if (inlined is null)
                parts.Add(RuleOf(part));
            else
                run.Add(inlined);
        }
        EndRun();
        return parts;
    }

    private Rule RuleOf(Expression expression)
    {
        if (expression is Expression.Reference reference)
            return Named(reference.Name);
        if (expression is Expression.Embedded embedded)
            return embedded.Rule;
        if (Inlined(expression, 0) is { } flat && Nfa.TryCompile(flat) is { } dfa)
            return new TextRule(dfa);
        if (expression is Expression.Repeat repeat)
        {
            if (!IsProductive(repeat.Item))
                return new TextRule(Nfa.TryCompile(Expression.Empty)!);
            bool empty = IsNullable(repeat.Item);
            if (empty && repeat.Max is > MaxCountOfEmpty and not Expression.Unbounded)
                throw new ConstraintException($"{what}: a repetition of up to {repeat.Max} of something that may be empty; at most {MaxCountOfEmpty} are counted.");
            return new RepeatRule(RuleOf(repeat.Item), empty ? 0 : repeat.Min, repeat.Max);
        }
        var rule = new SequenceRule();
        // A sequence of regular parts whose automaton grew too large is read part by part.
        rule.Define(expression is Expression.Sequence sequence && sequence.Parts.All(part => Inlined(part, 0) is not null)
            ? IsProductive(sequence) ? [[.. sequence.Parts.Select(RuleOf)]] : []
            : Sequences(expression));
        return rule;
    }

    private Expression? Inlined(string name, int depth)
    {
        if (regular.TryGetValue(name, out var known))
            return known;
        regular[name] = null; // while it is being looked at: a rule that refers to itself is not regular
        return regular[name] = depth > MaxInlining ? null : Inlined(grammar[name], depth + 1);
    }

    private Expression? Inlined(Expression expression, int depth)
    {
        var flat = expression switch
        {
            Expression.Characters => expression,
            Expression.Sequence sequence => All(sequence.Parts, depth) is { } parts ? new Expression.Sequence(parts) : null,
            Expression.Choice choice => All(choice.Options, depth) is { } options ? new Expression.Choice(options) : null,
            Expression.Repeat repeat => Inlined(repeat.Item, depth) is { } item ? repeat with { Item = item } : null,
            Expression.Reference reference => Inlined(reference.Name, depth),
            _ => null,
        };
        return flat is null || Nfa.Size(flat) > MaxAutomaton ? null : flat;
    }

    private Expression[]? All(IReadOnlyList<Expression> parts, int depth)
    {
        var flat = new Expression[parts.Count];
        for (int i = 0; i < flat.Length; i++)
        {
            if (Inlined(parts[i], depth) is not { } part)
                return null;
            flat[i] = part;
        }
        return flat;
    }
}
