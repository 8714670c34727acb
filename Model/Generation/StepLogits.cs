using Managed.Kernels;

namespace Managed;

/// <summary>The logits of a step's rows, each of which is brought to the host when somebody looks at it.</summary>
internal readonly struct StepLogits(Transformer transformer, Rows rows)
{
    /// <summary>One row's; until the next step. // [vocabulary]</summary>
    public ReadOnlySpan<float> Row(int row) => transformer.View(rows.Slice(row, 1)).Row(0);
}
