using ILGPU;

namespace Managed.Kernels.Gpu;

/// <summary>The pages of a step's sequences: one memory, and where in it each page begins.</summary>
internal readonly struct CacheView(
    ArrayView<float> memory, ArrayView<long> pages, ArrayView<int> firstPage, in CacheLayout layout)
{
    public readonly ArrayView<float> Memory = memory;

    /// <summary>Where each page begins, sequence by sequence.</summary>
    public readonly ArrayView<long> Pages = pages;

    /// <summary>Each sequence's first entry in <see cref="Pages"/>.</summary>
    public readonly ArrayView<int> FirstPage = firstPage;

    public readonly Divisor PagePositions = new(layout.PagePositions);

    public readonly int KeyHeads = layout.KeyHeads, KeyDimension = layout.KeyDimension, ValueDimension = layout.ValueDimension;

    public readonly long KeyStart = layout.KeyStart, ValueStart = layout.ValueStart;

    /// <summary>Where a head's key at a position begins.</summary>
    public long Key(int sequence, int head, int position) =>
        Page(sequence, position, out int within) + KeyStart + ((((long)head * PagePositions.Value) + within) * KeyDimension);

    /// <summary>Where a head's value at a position begins.</summary>
    public long Value(int sequence, int head, int position) =>
        Page(sequence, position, out int within) + ValueStart + ((((long)head * PagePositions.Value) + within) * ValueDimension);

    private long Page(int sequence, int position, out int within)
    {
        int page = PagePositions.Divide(position);
        within = position - (page * PagePositions.Value);
        return Pages[FirstPage[sequence] + page];
    }
}
