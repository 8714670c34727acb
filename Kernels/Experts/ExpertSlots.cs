namespace Managed.Kernels.Experts;

/// <summary>
/// A step's choice of experts, and the order in which it is computed: expert by expert, tokens in order within each. Grows to the largest step.
/// </summary>
internal sealed class ExpertSlots
{
    private int[] indices = [], slots = [], tokens = [], first = [];
    private float[] weights = [];
    private int chosen, total;

    /// <summary>The expert of each choice, the best first. // [tokens, chosen]</summary>
    public Span<int> Indices => indices.AsSpan(0, total);

    /// <summary>// [tokens, chosen]</summary>
    public Span<float> Weights => weights.AsSpan(0, total);

    /// <summary>The row that holds each choice's result. // [tokens, chosen]</summary>
    public ReadOnlySpan<int> Slots => slots.AsSpan(0, total);

    /// <summary>The token of each slot. // [slots]</summary>
    public ReadOnlySpan<int> Tokens => tokens.AsSpan(0, total);

    /// <summary>Choices of a token.</summary>
    public int Chosen => chosen;

    /// <summary>Choices, and slots.</summary>
    public int Total => total;

    /// <summary>Makes room for a step's choice.</summary>
    public void Begin(int tokenCount, RouterSettings routing)
    {
        (chosen, total) = (routing.Chosen, tokenCount * routing.Chosen);
        if (indices.Length < total)
        {
            indices = new int[total];
            weights = new float[total];
            slots = new int[total];
            tokens = new int[total];
        }
        if (first.Length < routing.Experts + 1)
            first = new int[routing.Experts + 1];
    }

    /// <summary>Sorts the choices by expert.</summary>
    public void Assign(int experts)
    {
        Array.Clear(first, 0, experts + 1);
        for (int i = 0; i < total; i++)
            first[indices[i] + 1]++;
        for (int expert = 0; expert < experts; expert++)
            first[expert + 1] += first[expert];
        for (int i = 0; i < total; i++)
        {
            int slot = first[indices[i]]++;
            slots[i] = slot;
            tokens[slot] = i / chosen;
        }
        for (int expert = experts; expert > 0; expert--)
            first[expert] = first[expert - 1];
        first[0] = 0;
    }

    /// <summary>An expert's slots.</summary>
    public (int Begin, int Count) Of(int expert) => (first[expert], first[expert + 1] - first[expert]);
}
