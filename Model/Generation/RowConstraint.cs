using Managed.Constraints;

namespace Managed;

/// <summary>A row's constraint over the model's vocabulary: which tokens may follow, and where a token leads.</summary>
internal sealed class RowConstraint(Constraint constraint, TokenMasker masker, IReadOnlyList<int> endTokens, bool ignoreEndTokens)
{
    private readonly ulong[] mask = new ulong[masker.Words];

    /// <summary>The state before the first token.</summary>
    public ConstraintState Start() => constraint.Start();

    /// <summary>A bit for each token that may follow, valid until the next call; empty: none may.</summary>
    public ReadOnlySpan<ulong> Allowed(ConstraintState state)
    {
        int count = masker.FillMask(state, mask);
        if (ignoreEndTokens && count > 0)
        {
            foreach (int id in endTokens)
                mask[id >> 6] &= ~(1UL << id);
            count = mask.AsSpan().ContainsAnyExcept(0UL) ? count : 0;
        }
        return count == 0 ? [] : mask;
    }

    /// <summary>The state after a token that may follow.</summary>
    public ConstraintState After(ConstraintState state, int token)
    {
        state.Advance(masker.BytesOf(token));
        return state;
    }

    /// <summary>Whether a text is whole.</summary>
    public bool IsSatisfiedBy(string text) => constraint.IsSatisfiedBy(text);
}
