using ILGPU;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>Activations as they lie in memory.</summary>
/// <param name="rows">[tokens, columns]</param>
/// <param name="isAligned">Whether rows begin at multiples of 16 bytes, in whole eights.</param>
internal readonly struct StoredRows(RowsView rows, bool isAligned) : IActivationSource
{
    private readonly int isAligned = isAligned ? 1 : 0;

    public readonly RowsView Rows = rows;

    public static bool NeedsRegisters => false;

    public Eight Ahead(int eight) => default;

    public SourceState Begin(int tokens, ArrayView<float> shared) => default;

    public Eight Read(int token, int eight, Eight ahead, SourceState state) => Read(token, eight);

    /// <summary>Eight columns of a token; zero where there are none.</summary>
    public Eight Read(int token, int eight)
    {
        int rest = Rows.Width - (8 * eight);
        long at = Rows.Start(token) + (8 * eight);
        return isAligned == 0 ? Eight.LoadFirst(Rows.Values, at, rest) : rest > 0 ? Eight.LoadAligned(Rows.Values, at) : default;
    }
}
