namespace Managed.Constraints.Json;

/// <summary>
/// Compiles a schema. A value's rule stands for a set of demands (schemas that must hold, schemas that must not); for each kind of
/// value, the keywords turn an empty draft into all the ways of meeting them, and each way becomes a shape. Sets of demands that
/// come up again share their rule, which is how recursion ends. What nothing satisfies is then found as a fixed point and left out.
/// </summary>
internal sealed class SchemaCompiler
{
    private const int MaxDrafts = 1_000, MaxRules = 20_000, MaxDepth = 150, MaxNesting = 30;

    private readonly Dictionary<StateVector, ValueRule> rules = [];
    private readonly List<(ValueRule Rule, SchemaLiteral[] Demands)> order = [];
    private readonly HashSet<ValueRule> expanded = [];
    private readonly ShapeBuilder builder;
    private int next, depth, nesting;

    private SchemaCompiler(SchemaDocument document)
    {
        builder = new(this);
        Never = document.Never;
    }

    /// <summary>The schema `false`.</summary>
    public SchemaNode Never { get; }

    /// <summary>The rule of JSON texts that satisfy a schema. White space after the value is not taken: a whole text should end.</summary>
    public static Rule Compile(string schema)
    {
        var document = new SchemaDocument(schema);
        var compiler = new SchemaCompiler(document);
        var root = compiler.RuleOf([new(document.Root, true)]);
        compiler.ExpandAll();
        foreach (var rule in compiler.FindSatisfiable([]))
            rule.Satisfiable = true;
        if (!root.Satisfiable)
            throw new ConstraintException("JSON schema, #: no value satisfies it: its demands contradict each other, or call for themselves without end.");
        foreach (var (rule, _) in compiler.order)
        {
            rule.Arrays = [.. rule.Arrays.Where(shape => shape.IsSatisfiable(each => each.Satisfiable))];
            rule.Objects = [.. rule.Objects.Where(shape => shape.IsSatisfiable(each => each.Satisfiable))];
            foreach (var shape in rule.Arrays)
                shape.Finish();
            foreach (var shape in rule.Objects)
                shape.Finish();
        }
        return root;
    }

    /// <summary>The rule of values that meet all demands.</summary>
    public ValueRule RuleOf(IEnumerable<SchemaLiteral> demands)
    {
        SchemaLiteral[] sorted = [.. demands.Where(demand => demand.Schema.Answer is not { } answer || answer != demand.Holds).DistinctBy(demand => demand.Id).OrderBy(demand => demand.Id)];
        var key = new StateVector([.. sorted.Select(demand => demand.Id)]);
        if (rules.TryGetValue(key, out var known))
            return known;
        var rule = new ValueRule();
        rules[key] = rule;
        order.Add((rule, sorted));
        if (order.Count > MaxRules)
            throw new ConstraintException($"JSON schema, {(sorted.Length > 0 ? sorted[^1].Schema.Pointer : "#")}: the schema's parts combine in more than {MaxRules} ways.");
        return rule;
    }

    /// <summary>What a demand makes of a draft.</summary>
    public IEnumerable<Draft> Apply(Draft draft, SchemaLiteral demand)
    {
        if (demand.Schema.Answer is { } answer)
            return answer == demand.Holds ? [draft] : [];
        if (++depth > MaxDepth)
            throw new ConstraintException($"JSON schema, {demand.Schema.Pointer}: refers to itself without a value in between, or nests references deeper than {MaxDepth}.");
        IEnumerable<Draft> drafts;
        if (demand.Holds)
        {
            drafts = [draft];
            foreach (var keyword in SchemaKeywords.Of(demand.Schema))
                drafts = Limit(demand.Schema, drafts.SelectMany(each => keyword.Assert(this, demand.Schema, each)));
        }
        else
            drafts = Limit(demand.Schema, SchemaKeywords.Of(demand.Schema).SelectMany(keyword => keyword.Deny(this, demand.Schema, draft)));
        depth--;
        return drafts;
    }

    /// <summary>All demands, one after the other.</summary>
    public IEnumerable<Draft> ApplyAll(SchemaNode node, Draft draft, IEnumerable<SchemaLiteral> demands)
    {
        IEnumerable<Draft> drafts = [draft];
        foreach (var demand in demands)
            drafts = Limit(node, drafts.SelectMany(each => Apply(each, demand)));
        return drafts;
    }

    /// <summary>Each demand by itself.</summary>
    public IEnumerable<Draft> ApplyAny(Draft draft, IEnumerable<SchemaLiteral> demands) => demands.SelectMany(demand => Apply(draft, demand));

    /// <summary>Works the drafts out, refusing too many; a draft that equals another, as when several branches say nothing, counts once.</summary>
    public List<Draft> Limit(SchemaNode node, IEnumerable<Draft> drafts)
    {
        var list = new List<Draft>();
        foreach (var draft in drafts)
        {
            if (list.Count > MaxDrafts)
                throw new ConstraintException($"JSON schema, {node.Pointer}: its alternatives combine in more than {MaxDrafts} ways.");
            if (!list.Exists(known => ReferenceEquals(known, draft)))
                list.Add(draft);
        }
        return list;
    }

    /// <summary>The texts of all strings that meet a demand.</summary>
    public Dfa TextsOf(SchemaNode node, string keyword, SchemaLiteral demand)
    {
        var automata = Limit(node, Apply(new Draft(JsonKind.String), demand)).Select(draft => builder.Text(draft, withLength: true)).ToArray();
        return Dfa.TryUnite(automata) ?? throw node.Error(keyword, "takes too many states");
    }

    /// <summary>Whether some value meets one of the drafts. Where that depends on a schema still being looked at, yes.</summary>
    public bool IsSatisfiable(IEnumerable<Draft> drafts)
    {
        var list = drafts.ToList();
        if (list.Count == 0)
            return false;
        var rule = new ValueRule();
        builder.Build(rule, list);
        ExpandAll();
        return FindSatisfiable([rule]).Contains(rule);
    }

    private void ExpandAll()
    {
        if (++nesting > MaxNesting)
            throw new ConstraintException($"JSON schema: oneOf stands below oneOf more than {MaxNesting} deep, which takes too long to tell apart.");
        int outer = depth;
        depth = 0;
        while (next < order.Count)
        {
            var (rule, demands) = order[next++];
            var drafts = new List<Draft>();
            foreach (var kind in Enum.GetValues<JsonKind>())
            {
                IEnumerable<Draft> ways = [new Draft(kind)];
                foreach (var demand in demands)
                    ways = Limit(demand.Schema, ways.SelectMany(each => Apply(each, demand)));
                drafts.AddRange(ways);
            }
            builder.Build(rule, drafts);
            expanded.Add(rule);
        }
        depth = outer;
        nesting--;
    }

    // The least fixed point: a rule is satisfiable once one of its shapes is, given the rules known to be so far.
    private HashSet<ValueRule> FindSatisfiable(IEnumerable<ValueRule> extra)
    {
        var all = order.Select(entry => entry.Rule).Concat(extra).Reverse().ToList();
        var found = all.Where(rule => !expanded.Contains(rule) && !extra.Contains(rule)).ToHashSet();
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var rule in all)
                if (!found.Contains(rule) && (rule.Plain.Count > 0 || rule.Strings.Count > 0
                    || rule.Arrays.Any(shape => shape.IsSatisfiable(found.Contains)) || rule.Objects.Any(shape => shape.IsSatisfiable(found.Contains))))
                    changed = found.Add(rule);
        }
        return found;
    }
}
