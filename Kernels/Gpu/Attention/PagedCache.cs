using ILGPU;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>A <see cref="CacheView"/> whose rows begin at multiples of 16 bytes; counted in fours of numbers.</summary>
internal readonly struct PagedCache(in CacheView cache)
{
    public readonly ArrayView<Four> Memory = cache.Memory.Cast<Four>();

    public readonly ArrayView<long> Pages = cache.Pages;

    public readonly ArrayView<int> FirstPage = cache.FirstPage;

    public readonly Divisor PagePositions = cache.PagePositions;

    public readonly int KeyStart = (int)(cache.KeyStart / 4), ValueStart = (int)(cache.ValueStart / 4);

    /// <summary>Whether every row begins at a multiple of 16 bytes.</summary>
    public static bool Fits(in CacheView cache) =>
        cache.KeyStart % 4 == 0 && cache.ValueStart % 4 == 0 && cache.KeyDimension % 4 == 0 && cache.ValueDimension % 4 == 0
        && cache.PagePositions.Value % 8 == 0 && cache.ValueStart / 4 < int.MaxValue && cache.KeyStart / 4 < int.MaxValue;
}
