namespace Managed.Constraints;

/// <summary>An expression without references as a nondeterministic automaton, made deterministic by following sets of its states.</summary>
internal sealed class Nfa
{
    private const int MaxNodes = 200_000, MaxStates = 40_000;
    private const long MaxWork = 20_000_000;

    private readonly List<(CodePointSet? Reads, int To, int Or)> nodes = []; // reads one of a set, or moves freely to `To` and `Or`

    private const int Accept = 0;

    private Nfa() => nodes.Add((null, -1, -1));

    /// <summary>The automaton of an expression, or null where it grows beyond what is sensible.</summary>
    public static Dfa? TryCompile(Expression expression)
    {
        if (Size(expression) > MaxNodes)
            return null;
        var nfa = new Nfa();
        int start = nfa.Add(expression, Accept);
        return nfa.Determinise(start);
    }

    /// <summary>How many states the expression takes once repetitions are written out; saturates, and is infinite with a reference inside.</summary>
    public static long Size(Expression expression) => Math.Min(int.MaxValue, expression switch
    {
        Expression.Characters => 1,
        Expression.Sequence sequence => 1 + sequence.Parts.Sum(Size),
        Expression.Choice choice => 1 + choice.Options.Sum(option => 1 + Size(option)),
        Expression.Repeat { Max: Expression.Unbounded } repeat => (repeat.Min + 1L) * (1 + Size(repeat.Item)),
        Expression.Repeat repeat => 1 + repeat.Max * (1 + Size(repeat.Item)),
        _ => int.MaxValue,
    });

    // Returns the node from which the expression, and then `then`, is read.
    private int Add(Expression expression, int then)
    {
        switch (expression)
        {
            case Expression.Characters characters:
                return New(characters.Set, then, -1);
            case Expression.Sequence sequence:
                for (int i = sequence.Parts.Count - 1; i >= 0; i--)
                    then = Add(sequence.Parts[i], then);
                return then;
            case Expression.Choice choice:
                int options = -1;
                for (int i = choice.Options.Count - 1; i >= 0; i--)
                    options = New(null, Add(choice.Options[i], then), options);
                return options >= 0 ? options : New(null, -1, -1);
            case Expression.Repeat repeat:
                if (repeat.Max == Expression.Unbounded)
                {
                    int loop = New(null, -1, then);
                    nodes[loop] = (null, Add(repeat.Item, loop), then);
                    then = loop;
                }
                else
                {
                    int end = then;
                    for (int i = repeat.Min; i < repeat.Max; i++)
                        then = New(null, Add(repeat.Item, then), end);
                }
                for (int i = 0; i < repeat.Min; i++)
                    then = Add(repeat.Item, then);
                return then;
            default:
                throw new InvalidOperationException($"{expression.GetType().Name} is not regular.");
        }
    }

    private int New(CodePointSet? reads, int to, int or)
    {
        nodes.Add((reads, to, or));
        return nodes.Count - 1;
    }

    private Dfa? Determinise(int start)
    {
        var sets = nodes.Where(node => node.Reads is not null).Select(node => node.Reads!).Distinct().ToArray();
        int[] classStarts = [.. sets.SelectMany(set => set.Flips.ToArray()).Append(0).Where(at => at < CodePointSet.End).Distinct().Order()];
        var marks = new int[nodes.Count];
        int round = 0;
        long work = 0;
        var pending = new Stack<int>();
        var reached = new List<int>();

        // Free moves from the pending nodes; keeps only nodes that read or accept.
        StateVector Close()
        {
            reached.Clear();
            while (pending.TryPop(out int node))
            {
                if (node < 0 || marks[node] == round)
                    continue;
                marks[node] = round;
                work++;
                if (node == Accept || nodes[node].Reads is not null)
                    reached.Add(node);
                else
                {
                    pending.Push(nodes[node].Or);
                    pending.Push(nodes[node].To);
                }
            }
            reached.Sort();
            return new([.. reached]);
        }

        round++;
        pending.Push(start);
        return Dfa.TryExplore(Close(), classStarts, (from, codePoint) =>
        {
            if (work > MaxWork)
                return null;
            round++;
            foreach (int node in from.Span)
            {
                work++;
                if (nodes[node].Reads is { } set && set.Contains(codePoint))
                    pending.Push(nodes[node].To);
            }
            return pending.Count == 0 ? null : Close();
        }, state => state.Span.Contains(Accept) ? 0 : Dfa.Dead, MaxStates) is { } dfa && work <= MaxWork ? dfa : null;
    }
}
