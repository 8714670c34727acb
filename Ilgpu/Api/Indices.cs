namespace ILGPU;

/// <summary>The kinds of index that a launch can be described by.</summary>
public enum IndexType
{
    /// <summary>None of the known ones.</summary>
    None = 0,
    /// <summary><see cref="ILGPU.Index1D"/>.</summary>
    Index1D = 1,
    /// <summary><see cref="ILGPU.Index2D"/>.</summary>
    Index2D = 2,
    /// <summary><see cref="ILGPU.Index3D"/>.</summary>
    Index3D = 3,
    /// <summary><see cref="ILGPU.LongIndex1D"/>.</summary>
    LongIndex1D = 4,
    /// <summary><see cref="ILGPU.LongIndex2D"/>.</summary>
    LongIndex2D = 5,
    /// <summary><see cref="ILGPU.LongIndex3D"/>.</summary>
    LongIndex3D = 6,
    /// <summary><see cref="ILGPU.KernelConfig"/>: grid and group given explicitly.</summary>
    KernelConfig = 7,
}

/// <summary>Any index or extent.</summary>
public interface IIndex
{
    /// <summary>Elements of an extent of this size.</summary>
    long Size { get; }
}

/// <summary>An index that the compiler knows.</summary>
public interface IIntrinsicIndex : IIndex
{
    /// <summary>Which one it is.</summary>
    IndexType IndexType { get; }
}

/// <summary>An index of 32-bit components.</summary>
public interface IIntIndex : IIndex
{
    /// <summary>Elements of an extent of this size.</summary>
    new int Size { get; }
}

/// <summary>An index that can be compared with an extent and added to.</summary>
/// <typeparam name="TIndex">The index type itself.</typeparam>
public interface IGenericIndex<TIndex> : IIndex, IEquatable<TIndex>
    where TIndex : struct, IIndex
{
    /// <summary>Whether every component lies in [0, dimension).</summary>
    bool InBounds(TIndex dimension);

    /// <summary>Whether every component lies in [0, dimension].</summary>
    bool InBoundsInclusive(TIndex dimension);

    /// <summary>Adds component by component.</summary>
    TIndex Add(TIndex rhs);

    /// <summary>Subtracts component by component.</summary>
    TIndex Subtract(TIndex rhs);
}

/// <summary>An index of 32-bit components that has a 64-bit sibling.</summary>
/// <typeparam name="TIndex">The index type itself.</typeparam>
/// <typeparam name="TLongIndex">Its 64-bit sibling.</typeparam>
public interface IIntIndex<TIndex, TLongIndex> : IIntIndex, IIntrinsicIndex, IGenericIndex<TIndex>
    where TIndex : struct, IIntIndex<TIndex, TLongIndex>
    where TLongIndex : struct, ILongIndex<TLongIndex, TIndex>
{
    /// <summary>The same in 64-bit numbers.</summary>
    TLongIndex ToLongIndex();
}

/// <summary>An index of 64-bit components that has a 32-bit sibling.</summary>
/// <typeparam name="TLongIndex">The index type itself.</typeparam>
/// <typeparam name="TIndex">Its 32-bit sibling.</typeparam>
public interface ILongIndex<TLongIndex, TIndex> : IIntrinsicIndex, IGenericIndex<TLongIndex>
    where TLongIndex : struct, ILongIndex<TLongIndex, TIndex>
    where TIndex : struct, IIntIndex<TIndex, TLongIndex>
{
    /// <summary>The same in 32-bit numbers.</summary>
    TIndex ToIntIndex();
}

/// <summary>Helpers for indices of any kind.</summary>
public static class IndexTypeExtensions
{
    /// <summary>Throws <see cref="OverflowException"/> where an index does not fit into 32 bits; nothing inside compiled kernels.</summary>
    [KernelIgnored]
    public static void AssertIntIndex(long index)
    {
        if (index != (int)index)
        {
            throw new OverflowException($"The index {index} does not fit into 32 bits: use the LongIndex types.");
        }
    }

    /// <summary>Throws <see cref="OverflowException"/> where a length does not fit into 32 bits; nothing inside compiled kernels.</summary>
    [KernelIgnored]
    public static void AssertIntIndexRange(long range) => AssertIntIndex(range);

    /// <summary>Elements of an extent of this size, which must fit into 32 bits.</summary>
    public static int GetIntSize<TIndex>(this TIndex index)
        where TIndex : struct, IIndex
    {
        AssertIntIndex(index.Size);
        return (int)index.Size;
    }
}
