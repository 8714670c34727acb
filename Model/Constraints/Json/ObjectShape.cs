namespace Managed.Constraints.Json;

/// <summary>
/// JSON objects. One automaton reads member names; its label says which rule the member's value follows: declared names have a
/// label each, all others share one for each set of patterns that they match. No name may come twice.
/// </summary>
internal sealed class ObjectShape
{
    private readonly Dfa everyName;
    private readonly ValueRule[] rules; // [labels]: declared names first
    private readonly int declared;
    private readonly long max;

    public ObjectShape(Dfa names, ValueRule[] rules, int declared, IEnumerable<int> required, long min, long max)
    {
        (everyName, Names, this.rules, this.declared, Min, this.max) = (names, names, rules, declared, min, max);
        Required = new(declared);
        foreach (int name in required)
            Required.Set(name);
    }

    public IEnumerable<ValueRule> Rules => rules.Distinct();
    public Dfa Names { get; private set; }
    public NameBits Required { get; }
    public long Min { get; }
    public ValueRule RuleOf(int label) => rules[label];
    public bool IsDeclared(int label) => label < declared;
    public bool IsBounded => max != long.MaxValue;

    // By the state of the names' automaton: which declared names can come of it, and how many others.
    private NameBits[] reach = [];
    private long[] others = [];

    /// <summary>Whether some object fits, given which rules some value satisfies.</summary>
    public bool IsSatisfiable(Func<ValueRule, bool> satisfiable)
    {
        var possible = new NameBits(declared);
        var none = new NameBits(declared);
        var names = everyName.Relabel(label => satisfiable(rules[label]) ? label : Dfa.Dead);
        if (!names.IsEmpty)
            possible.Add(names.ReachableLabels(declared)[names.Start]);
        if (Required.CountWithout(possible) > 0 || Required.CountWithout(none) > max || Min > max)
            return false;
        long left = Min - possible.CountWithout(none);
        return left <= 0 || !names.IsEmpty && names.CountTexts(label => label >= declared)[names.Start] >= left;
    }

    /// <summary>Leaves out names whose value nothing satisfies. Called once all rules know whether anything satisfies them.</summary>
    public void Finish()
    {
        Names = everyName.Relabel(label => rules[label].Satisfiable ? label : Dfa.Dead);
        reach = Names.ReachableLabels(declared);
        others = Names.CountTexts(label => label >= declared);
    }

    /// <summary>The frame after the opening brace.</summary>
    public Frame Begin() => ObjectFrame.Open(new ObjectProgress(this, new NameBits(declared), NameSet.Empty, 0, 0));

    /// <summary>
    /// Whether, with these members, a name of which `state` has been read can be completed to one that may still come.
    /// `same` are the members' undeclared names that begin alike, `unknown` how many more may.
    /// </summary>
    public bool CanName(ObjectProgress members, int state, in NameSet.NameRange same, int unknown)
    {
        if (state == Dfa.Dead || members.Count >= max)
            return false;
        bool free = HasFreeRoom(members);
        return reach[state].AnyAmong(free ? reach[state] : Required, members.Declared)
            || free && (others[state] == long.MaxValue || others[state] > same.Count + unknown);
    }

    /// <summary>Whether a member with this label leaves room for those that are required.</summary>
    public bool CanAfford(ObjectProgress members, int label) => IsDeclared(label) && Required[label] || HasFreeRoom(members);

    private bool HasFreeRoom(ObjectProgress members) => !IsBounded || max - members.Count > Required.CountWithout(members.Declared);

    /// <summary>The same question where only a range for the next code point is known.</summary>
    public bool CanReadName(ObjectProgress members, int state, in NameSet.NameRange same, int first, int last)
    {
        for (int from = first; from <= last;)
        {
            int to = Math.Min(Names.LastLike(from), last), next = Names.Step(state, from), taken = 0;
            if (next != Dfa.Dead)
            {
                foreach (int codePoint in same.NextCodePoints(from, to))
                {
                    taken++;
                    if (CanName(members, next, same.Step(codePoint), 0))
                        return true;
                }
                if (to - from + 1 > taken && CanName(members, next, NameSet.Nowhere, 0))
                    return true;
            }
            from = to + 1;
        }
        return false;
    }
}
