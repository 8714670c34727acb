using ILGPU.Algorithms.ScanReduceOperations;
using ILGPU.Runtime;

namespace ILGPU.Algorithms;

/// <summary>Whether an element's own value counts.</summary>
public enum ScanKind
{
    /// <summary>Up to and with the element.</summary>
    Inclusive = 0,
    /// <summary>Before the element.</summary>
    Exclusive = 1,
}

/// <summary>Gives each element the values up to it combined. The order of the operations depends on the length alone.</summary>
/// <typeparam name="T">The elements' type.</typeparam>
/// <typeparam name="TStrideIn">The input's stride.</typeparam>
/// <typeparam name="TStrideOut">The output's stride.</typeparam>
/// <param name="stream">Where.</param>
/// <param name="input">What is scanned.</param>
/// <param name="output">The results; may be the input.</param>
/// <param name="temp">Memory of <see cref="ScanExtensions.ComputeScanTempStorageSize{T}"/> elements.</param>
public delegate void Scan<T, TStrideIn, TStrideOut>(
    AcceleratorStream stream, ArrayView1D<T, TStrideIn> input, ArrayView1D<T, TStrideOut> output, ArrayView<int> temp)
    where T : unmanaged
    where TStrideIn : struct, IStride1D
    where TStrideOut : struct, IStride1D;

/// <summary>Scans of views.</summary>
public static class ScanExtensions
{
    private const int GroupSize = 128;
    private const int MaxGroups = 128;

    /// <summary>Elements of temporary memory that a scan takes.</summary>
    public static LongIndex1D ComputeScanTempStorageSize<T>(this Accelerator accelerator, LongIndex1D dataLength)
        where T : unmanaged
        => Interop.ComputeRelativeSizeOf<int, T>(MaxGroups);

    /// <summary>A scan that can be run many times.</summary>
    public static Scan<T, TStrideIn, TStrideOut> CreateScan<T, TStrideIn, TStrideOut, TScanOperation>(this Accelerator accelerator, ScanKind kind)
        where T : unmanaged
        where TStrideIn : struct, IStride1D
        where TStrideOut : struct, IStride1D
        where TScanOperation : struct, IScanReduceOperation<T>
    {
        ArgumentNullException.ThrowIfNull(accelerator);
        int groupSize = Math.Min(GroupSize, accelerator.MaxNumThreadsPerGroup);
        Action<AcceleratorStream, KernelConfig, ArrayView1D<T, TStrideIn>, ArrayView<T>, long> totals =
            accelerator.LoadKernel<ArrayView1D<T, TStrideIn>, ArrayView<T>, long>(TotalsKernel<T, TStrideIn, TScanOperation>);
        Action<AcceleratorStream, KernelConfig, ArrayView1D<T, TStrideIn>, ArrayView1D<T, TStrideOut>, ArrayView<T>, long, int> scan =
            accelerator.LoadKernel<ArrayView1D<T, TStrideIn>, ArrayView1D<T, TStrideOut>, ArrayView<T>, long, int>(
                ScanKernel<T, TStrideIn, TStrideOut, TScanOperation>);
        return (stream, input, output, temp) =>
        {
            ViewChecks.Fits(input.Length, output.Length);
            if (input.Length == 0)
            {
                return;
            }
            int groups = (int)Math.Clamp((input.Length + (groupSize * 8) - 1) / (groupSize * 8), 1, MaxGroups);
            long share = (input.Length + groups - 1) / groups;
            ArrayView<T> ofGroups = temp.Cast<T>();
            if (groups > 1)
            {
                totals(stream, (groups, groupSize), input, ofGroups, share);
            }
            scan(stream, (groups, groupSize), input, output, ofGroups, share, kind == ScanKind.Inclusive ? 1 : 0);
        };
    }

    /// <summary>Each group combines its share of consecutive elements, in order.</summary>
    private static void TotalsKernel<T, TStride, TScanOperation>(ArrayView1D<T, TStride> input, ArrayView<T> totals, long share)
        where T : unmanaged
        where TStride : struct, IStride1D
        where TScanOperation : struct, IScanReduceOperation<T>
    {
        TScanOperation operation = default;
        T total = operation.Identity;
        long start = Grid.IdxX * share;
        long end = XMath.Min(start + share, input.Length);
        for (long first = start; first < end; first += Group.DimX)
        {
            long at = first + Group.IdxX;
            T value = at < end ? input[new LongIndex1D(at)] : operation.Identity;
            total = operation.Apply(total, GroupExtensions.Reduce<T, TScanOperation>(value));
        }
        if (Group.IdxX == 0)
        {
            totals[Grid.IdxX] = total;
        }
    }

    /// <summary>Each group scans its share, beginning with the totals of the groups before.</summary>
    private static void ScanKernel<T, TStrideIn, TStrideOut, TScanOperation>(
        ArrayView1D<T, TStrideIn> input, ArrayView1D<T, TStrideOut> output, ArrayView<T> totals, long share, int inclusive)
        where T : unmanaged
        where TStrideIn : struct, IStride1D
        where TStrideOut : struct, IStride1D
        where TScanOperation : struct, IScanReduceOperation<T>
    {
        TScanOperation operation = default;
        T carry = operation.Identity;
        for (int i = 0; i < Grid.IdxX; i++)
        {
            carry = operation.Apply(carry, totals[i]);
        }
        long start = Grid.IdxX * share;
        long end = XMath.Min(start + share, input.Length);
        for (long first = start; first < end; first += Group.DimX)
        {
            long at = first + Group.IdxX;
            T value = at < end ? input[new LongIndex1D(at)] : operation.Identity;
            T before = GroupExtensions.ExclusiveScan<T, TScanOperation>(value);
            T with = operation.Apply(before, value);
            T last = Group.Broadcast(with, Group.DimX - 1);
            if (at < end)
            {
                output[new LongIndex1D(at)] = operation.Apply(carry, inclusive != 0 ? with : before);
            }
            carry = operation.Apply(carry, last);
        }
    }
}
