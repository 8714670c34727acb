namespace Managed.Constraints;

/// <summary>
/// A deterministic automaton over code points. Only states from which an accepting one can be reached are kept:
/// a step that is not refused can always be completed.
/// </summary>
internal sealed class Dfa
{
    public const int Dead = -1;

    private readonly int[] firstOfClass; // [classes]: classes of code points that no state tells apart, ascending, the first starts at 0
    private readonly int[] next;         // [states, classes]
    private readonly int[] labels;       // [states], Dead where the state does not accept
    private readonly byte[] asciiClass = new byte[128];

    private Dfa(int[] firstOfClass, int[] next, int[] labels)
    {
        (this.firstOfClass, this.next, this.labels) = (firstOfClass, next, labels);
        for (int codePoint = 0; codePoint < asciiClass.Length; codePoint++)
            asciiClass[codePoint] = (byte)Array.FindLastIndex(firstOfClass, first => first <= codePoint);
    }

    /// <summary>The first state, or Dead where the language is empty.</summary>
    public int Start => labels.Length == 0 ? Dead : 0;
    public bool IsEmpty => labels.Length == 0;
    public int States => labels.Length;
    public ReadOnlySpan<int> ClassStarts => firstOfClass;

    public int Step(int state, int codePoint) => state == Dead ? Dead : next[state * firstOfClass.Length + ClassOf(codePoint)];

    public bool Accepts(int state) => state != Dead && labels[state] != Dead;

    /// <summary>What the automaton says about a text that ends here; Dead where it does not accept.</summary>
    public int Label(int state) => state == Dead ? Dead : labels[state];

    /// <summary>Whether some code point from `first` to `last` can be read.</summary>
    public bool CanRead(int state, int first, int last)
    {
        for (int c = ClassOf(first); c < firstOfClass.Length && firstOfClass[c] <= last; c++)
            if (next[state * firstOfClass.Length + c] != Dead)
                return true;
        return false;
    }

    /// <summary>The last code point that no state tells apart from this one.</summary>
    public int LastLike(int codePoint) => ClassOf(codePoint) + 1 is var c && c < firstOfClass.Length ? firstOfClass[c] - 1 : CodePointSet.End - 1;

    /// <summary>For each state, the labels below `labelCount` that texts from there can end with.</summary>
    public NameBits[] ReachableLabels(int labelCount)
    {
        var reach = new NameBits[States];
        for (int state = 0; state < States; state++)
        {
            reach[state] = new(labelCount);
            if (labels[state] != Dead && labels[state] < labelCount)
                reach[state].Set(labels[state]);
        }
        var order = PostOrder(out _);
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (int state in order)
                for (int c = 0; c < firstOfClass.Length; c++)
                    if (next[state * firstOfClass.Length + c] is var to and not Dead)
                        changed |= reach[state].Add(reach[to]);
        }
        return reach;
    }

    public bool Matches(string text)
    {
        int state = Start;
        foreach (var rune in text.EnumerateRunes())
            state = Step(state, rune.Value);
        return Accepts(state);
    }

    private int ClassOf(int codePoint)
    {
        if (codePoint < asciiClass.Length)
            return asciiClass[codePoint];
        int at = Array.BinarySearch(firstOfClass, codePoint);
        return at >= 0 ? at : ~at - 1;
    }

    /// <summary>
    /// The automaton of the states that `step` reaches from `start` (null: refused). Null if there are more than `maxStates`.
    /// `classStarts` must tell apart whatever `step` does.
    /// </summary>
    public static Dfa? TryExplore<TState>(
        TState start, int[] classStarts, Func<TState, int, TState?> step, Func<TState, int> label, int maxStates) where TState : class
    {
        var index = new Dictionary<TState, int> { [start] = 0 };
        var states = new List<TState> { start };
        var next = new List<int>();
        for (int i = 0; i < states.Count; i++)
            foreach (int codePoint in classStarts)
            {
                var to = step(states[i], codePoint);
                int target = Dead;
                if (to is not null && !index.TryGetValue(to, out target))
                {
                    index[to] = target = states.Count;
                    states.Add(to);
                    if (states.Count > maxStates)
                        return null;
                }
                next.Add(target);
            }
        return Trim(classStarts, [.. next], [.. states.Select(label)]);
    }

    /// <summary>The same automaton with other labels, less the states that then lead nowhere.</summary>
    public Dfa Relabel(Func<int, int> label) =>
        Trim(firstOfClass, (int[])next.Clone(), [.. labels.Select(old => old == Dead ? Dead : label(old))]);

    /// <summary>Every text that this automaton does not accept.</summary>
    public Dfa Complement()
    {
        if (IsEmpty)
            return Everything;
        int classes = firstOfClass.Length, sink = States;
        var moves = new int[(States + 1) * classes];
        Array.Fill(moves, sink);
        for (int i = 0; i < next.Length; i++)
            moves[i] = next[i] == Dead ? sink : next[i];
        var accepting = Enumerable.Range(0, sink + 1).Select(state => state < sink && labels[state] != Dead ? Dead : 0);
        return Trim(firstOfClass, moves, [.. accepting]);
    }

    /// <summary>Every text.</summary>
    public static Dfa Everything { get; } = new([0], [0], [0]);

    /// <summary>The class starts that tell apart what any of the automata tells apart.</summary>
    public static int[] CommonClasses(IEnumerable<Dfa> automata) =>
        [.. automata.SelectMany(dfa => dfa.firstOfClass).Append(0).Distinct().Order()];

    /// <summary>The texts that all of the automata accept, or null where that takes more than `maxStates` states.</summary>
    public static Dfa? TryIntersect(IReadOnlyList<Dfa> automata, int maxStates)
    {
        if (automata.Count == 1)
            return automata[0];
        return TryExplore(new StateVector([.. automata.Select(dfa => dfa.Start)]), CommonClasses(automata),
            (state, codePoint) => state.Step(automata, codePoint) is var to && to.AnyDead ? null : to,
            state => !state.AnyDead && Enumerable.Range(0, automata.Count).All(i => automata[i].Accepts(state[i])) ? 0 : Dead, maxStates);
    }

    /// <summary>The texts that any of the automata accepts, or null where that takes too many states.</summary>
    public static Dfa? TryUnite(IReadOnlyList<Dfa> automata, int maxStates = 60_000)
    {
        if (automata.Count == 1)
            return automata[0];
        return TryExplore(new StateVector([.. automata.Select(dfa => dfa.Start)]), CommonClasses(automata),
            (state, codePoint) => state.Step(automata, codePoint) is var to && to.AllDead ? null : to,
            state => Enumerable.Range(0, automata.Count).Any(i => automata[i].Accepts(state[i])) ? 0 : Dead, maxStates);
    }

    /// <summary>How many texts each state leads to, counting those whose label is `counted`; long.MaxValue stands for more than can be counted.</summary>
    public long[] CountTexts(Func<int, bool> counted)
    {
        // A state on a cycle reaches infinitely many texts if it reaches one: relax until nothing changes, then whatever still grows is infinite.
        var counts = new long[States];
        int classes = firstOfClass.Length;
        var sizes = Enumerable.Range(0, classes)
            .Select(c => ScalarsBelow(c + 1 < classes ? firstOfClass[c + 1] : CodePointSet.End) - ScalarsBelow(firstOfClass[c])).ToArray();
        var order = PostOrder(out var cyclic);
        foreach (int state in order)
        {
            UInt128 sum = counted(labels[state]) && labels[state] != Dead ? 1u : 0u;
            for (int c = 0; c < classes; c++)
                if (next[state * classes + c] is var to and not Dead)
                    sum += (UInt128)sizes[c] * (UInt128)counts[to];
            counts[state] = sum > (UInt128)(long.MaxValue / 2) ? long.MaxValue : (long)sum;
        }
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (int state in order)
            {
                bool reaches = counted(labels[state]) && labels[state] != Dead, infinite = false;
                for (int c = 0; c < classes; c++)
                    if (next[state * classes + c] is var to and not Dead)
                    {
                        reaches |= counts[to] > 0;
                        infinite |= counts[to] == long.MaxValue;
                    }
                long count = infinite || reaches && cyclic[state] ? long.MaxValue : Math.Max(counts[state], reaches ? 1 : 0);
                changed |= count != counts[state];
                counts[state] = count;
            }
        }
        return counts;
    }

    private static long ScalarsBelow(int codePoint) => codePoint - Math.Clamp(codePoint - 0xD800, 0, 0x800);

    // States after all that they lead to, and which of them lead back to themselves or into a loop still being walked.
    private List<int> PostOrder(out bool[] cyclic)
    {
        int classes = firstOfClass.Length;
        var order = new List<int>();
        var entered = new bool[States];
        var left = new bool[States];
        cyclic = new bool[States];
        var stack = new Stack<(int State, int Class)>();
        for (int root = 0; root < States; root++)
        {
            if (entered[root])
                continue;
            entered[root] = true;
            stack.Push((root, 0));
            while (stack.TryPop(out var at))
            {
                if (at.Class == classes)
                {
                    left[at.State] = true;
                    order.Add(at.State);
                    continue;
                }
                stack.Push((at.State, at.Class + 1));
                int to = next[at.State * classes + at.Class];
                if (to == Dead)
                    continue;
                if (!entered[to])
                {
                    entered[to] = true;
                    stack.Push((to, 0));
                }
                else if (!left[to])
                    cyclic[to] = true;
            }
        }
        return order;
    }

    private static Dfa Trim(int[] classStarts, int[] next, int[] labels)
    {
        int classes = classStarts.Length, states = labels.Length;
        var sources = new List<int>?[states];
        for (int i = 0; i < next.Length; i++)
            if (next[i] != Dead)
                (sources[next[i]] ??= []).Add(i / classes);
        var live = new bool[states];
        var work = new Stack<int>(Enumerable.Range(0, states).Where(state => labels[state] != Dead));
        while (work.TryPop(out int state))
        {
            if (live[state])
                continue;
            live[state] = true;
            sources[state]?.ForEach(work.Push);
        }
        if (states == 0 || !live[0])
            return new(classStarts, [], []);
        var kept = Enumerable.Range(0, states).Where(state => live[state]).ToArray();
        var number = new int[states];
        Array.Fill(number, Dead);
        for (int i = 0; i < kept.Length; i++)
            number[kept[i]] = i;
        var moves = new int[kept.Length * classes];
        for (int i = 0; i < moves.Length; i++)
            moves[i] = next[kept[i / classes] * classes + i % classes] is var to and not Dead ? number[to] : Dead;
        return new(classStarts, moves, [.. kept.Select(state => labels[state])]);
    }
}
