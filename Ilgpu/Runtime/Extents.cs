using System.Runtime.CompilerServices;

namespace ILGPU.Runtime;

/// <summary>Indices of implicitly grouped kernels: from an extent to grid and group, and from a thread's position to its index.</summary>
internal static class Extents
{
    /// <summary>Whether the type is one of the indices that a kernel can be launched over.</summary>
    public static bool IsIndex(Type type)
        => type == typeof(Index1D) || type == typeof(Index2D) || type == typeof(Index3D)
            || type == typeof(LongIndex1D) || type == typeof(LongIndex2D) || type == typeof(LongIndex3D);

    /// <summary>The size in each dimension; 1 where the index has fewer.</summary>
    public static LongIndex3D Of<TIndex>(TIndex extent)
        where TIndex : struct, IIndex
    {
        if (typeof(TIndex) == typeof(Index1D))
        {
            return new(Unsafe.As<TIndex, Index1D>(ref extent).X, 1, 1);
        }
        if (typeof(TIndex) == typeof(Index2D))
        {
            return new(Unsafe.As<TIndex, Index2D>(ref extent), 1);
        }
        if (typeof(TIndex) == typeof(Index3D))
        {
            return Unsafe.As<TIndex, Index3D>(ref extent);
        }
        if (typeof(TIndex) == typeof(LongIndex1D))
        {
            return new(Unsafe.As<TIndex, LongIndex1D>(ref extent).X, 1, 1);
        }
        if (typeof(TIndex) == typeof(LongIndex2D))
        {
            return new(Unsafe.As<TIndex, LongIndex2D>(ref extent), 1);
        }
        if (typeof(TIndex) == typeof(LongIndex3D))
        {
            return Unsafe.As<TIndex, LongIndex3D>(ref extent);
        }
        throw new NotSupportedException($"A kernel cannot be launched over {typeof(TIndex).Name}: use Index1D … Index3D or LongIndex1D … LongIndex3D.");
    }

    /// <summary>The position as an index; false where it lies outside the extent.</summary>
    public static bool TryGetIndex<TIndex>(TIndex extent, LongIndex3D position, out TIndex index)
        where TIndex : struct, IIndex
    {
        Unsafe.SkipInit(out index);
        LongIndex3D size = Of(extent);
        if (typeof(TIndex) == typeof(Index1D))
        {
            Unsafe.As<TIndex, Index1D>(ref index) = (int)position.X;
        }
        else if (typeof(TIndex) == typeof(Index2D))
        {
            Unsafe.As<TIndex, Index2D>(ref index) = new((int)position.X, (int)position.Y);
        }
        else if (typeof(TIndex) == typeof(Index3D))
        {
            Unsafe.As<TIndex, Index3D>(ref index) = (Index3D)position;
        }
        else if (typeof(TIndex) == typeof(LongIndex1D))
        {
            Unsafe.As<TIndex, LongIndex1D>(ref index) = position.X;
        }
        else if (typeof(TIndex) == typeof(LongIndex2D))
        {
            Unsafe.As<TIndex, LongIndex2D>(ref index) = position.XY;
        }
        else
        {
            Unsafe.As<TIndex, LongIndex3D>(ref index) = position;
        }
        return position.X < size.X && position.Y < size.Y && position.Z < size.Z;
    }

    /// <summary>Writes the extent as the first slots of an implicitly grouped launch; returns how many there are.</summary>
    public static int Write<TIndex>(TIndex extent, Span<long> slots)
        where TIndex : struct, IIndex
    {
        LongIndex3D size = Of(extent);
        int dimensions = Dimensions<TIndex>();
        slots[0] = size.X;
        if (dimensions > 1)
        {
            slots[1] = size.Y;
        }
        if (dimensions > 2)
        {
            slots[2] = size.Z;
        }
        return dimensions;
    }

    /// <summary>1, 2 or 3.</summary>
    public static int Dimensions<TIndex>()
        => typeof(TIndex) == typeof(Index1D) || typeof(TIndex) == typeof(LongIndex1D) ? 1
            : typeof(TIndex) == typeof(Index2D) || typeof(TIndex) == typeof(LongIndex2D) ? 2 : 3;

    /// <summary>Grid and group that cover an extent: x first, as neighbours along x should be neighbours in a warp.</summary>
    public static KernelConfig Cover(LongIndex3D extent, int groupSize)
    {
        int x = (int)Math.Min(groupSize, RoundUp(extent.X));
        int y = (int)Math.Min(groupSize / x, RoundUp(extent.Y));
        // No GPU has groups of more than 64 threads along z.
        int z = (int)Math.Min(Math.Min(groupSize / (x * y), 64), RoundUp(extent.Z));
        return new(
            new Index3D(Groups(extent.X, x), Groups(extent.Y, y), Groups(extent.Z, z)),
            // A line takes whole groups even if it is short: the kernel was compiled for them.
            extent.Y == 1 && extent.Z == 1 ? new Index3D(groupSize, 1, 1) : new Index3D(x, y, z));
    }

    private static long RoundUp(long value) => (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)Math.Max(value, 1));

    private static int Groups(long extent, int size)
    {
        long groups = (extent + size - 1) / size;
        return groups <= int.MaxValue
            ? (int)groups
            : throw new ArgumentOutOfRangeException(nameof(extent), extent, $"The extent takes {groups} groups of {size} threads; a grid has at most {int.MaxValue}.");
    }
}
