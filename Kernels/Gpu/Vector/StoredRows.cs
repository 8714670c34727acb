using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>Activations as they lie in memory.</summary>
/// <param name="rows">[tokens, columns]</param>
/// <param name="isAligned">Whether rows begin at multiples of 16 bytes, in whole eights.</param>
internal readonly struct StoredRows(RowsView rows, bool isAligned) : IActivationSource
{
    private readonly RowsView rows = rows;
    private readonly int isAligned = isAligned ? 1 : 0;

    public Eight Ahead(int eight) => default;

    public void Begin(int tokens, ArrayView<float> shared, out float factor0, out float factor1) => (factor0, factor1) = (1, 1);

    public Eight Read(int token, int eight, Eight ahead, float factor)
    {
        int rest = rows.Width - (8 * eight);
        long at = rows.Start(token) + (8 * eight);
        return isAligned == 0 || rest < 8 ? Eight.LoadFirst(rows.Values, at, rest) : Eight.LoadAligned(rows.Values, at);
    }
}
