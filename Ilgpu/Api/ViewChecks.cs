using ILGPU.Runtime;

namespace ILGPU;

/// <summary>What managed code checks at every access through a view; compiled kernels do without.</summary>
internal static class ViewChecks
{
    /// <summary>Throws where an index lies outside an extent.</summary>
    [KernelIgnored]
    public static void InBounds<TIndex>(TIndex index, TIndex extent)
        where TIndex : struct, IGenericIndex<TIndex>
    {
        if (!index.InBounds(extent))
        {
            ThrowIndex($"{index}", $"extent {extent}");
        }
    }

    /// <summary>Throws where a part does not lie within a view.</summary>
    [KernelIgnored]
    public static void SubView(long start, long count, long length)
    {
        if (start < 0 || count < 0 || start > length - count)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"A part of {count} elements from {start} does not lie within a view of {length} elements.");
        }
    }

    /// <summary>Throws where a stride needs more elements than the view behind it has.</summary>
    [KernelIgnored]
    public static void Fits(long needed, long length)
    {
        if (needed > length)
        {
            throw new ArgumentOutOfRangeException(nameof(needed), $"The extent and stride need {needed} elements; the view has {length}.");
        }
    }

    /// <summary>Throws where neighbours do not lie side by side.</summary>
    [KernelIgnored]
    public static void StepIsOne(int step)
    {
        if (step != 1)
        {
            throw new InvalidOperationException($"The elements lie {step} apart: no view without gaps.");
        }
    }

    /// <summary>The error of an index outside a view, or of host code that touches the memory of another device.</summary>
    public static void ThrowAccess(MemoryBuffer? buffer, long index, long length)
    {
        ObjectDisposedException.ThrowIf(buffer is { IsDisposed: true }, typeof(MemoryBuffer));
        if (buffer is { HostAccessible: false } && (ulong)index < (ulong)length)
        {
            throw new InvalidOperationException(
                $"Element {index} lies in the memory of {buffer.Accelerator.Name}, which host code cannot reach: copy it with CopyToCPU or GetAsArray first.");
        }
        ThrowIndex($"{index}", $"a length of {length}");
    }

    private static void ThrowIndex(string index, string bound)
        => throw new ArgumentOutOfRangeException(nameof(index), $"Index {index} lies outside a view with {bound}.");
}
