namespace Managed.Constraints;

/// <summary>Where several automata stand at once, or a set of automaton states; equal when all numbers are.</summary>
internal sealed class StateVector : IEquatable<StateVector>
{
    private readonly int[] states;
    private readonly int hash;

    public StateVector(int[] states)
    {
        this.states = states;
        var mixed = new HashCode();
        foreach (int state in states)
            mixed.Add(state);
        hash = mixed.ToHashCode();
    }

    public int this[int i] => states[i];
    public ReadOnlySpan<int> Span => states;
    public bool AnyDead => Array.IndexOf(states, Dfa.Dead) >= 0;

    public bool AllDead => !states.AsSpan().ContainsAnyExcept(Dfa.Dead);

    public StateVector Step(IReadOnlyList<Dfa> automata, int codePoint)
    {
        var to = new int[states.Length];
        for (int i = 0; i < to.Length; i++)
            to[i] = automata[i].Step(states[i], codePoint);
        return new(to);
    }

    public bool Equals(StateVector? other) => other is not null && hash == other.hash && states.AsSpan().SequenceEqual(other.states);
    public override bool Equals(object? other) => Equals(other as StateVector);
    public override int GetHashCode() => hash;
}
