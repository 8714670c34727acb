using ILGPU.Algorithms.ScanReduceOperations;
using ILGPU.Runtime;

namespace ILGPU.Algorithms;

/// <summary>Reduces a view to its elements combined. The order of the operations depends on the length alone, so that the bits are the same each time.</summary>
/// <typeparam name="T">The elements' type.</typeparam>
/// <typeparam name="TStride">The view's stride.</typeparam>
/// <param name="stream">Where.</param>
/// <param name="input">What is reduced.</param>
/// <param name="output">Its first element gets the result.</param>
public delegate void Reduction<T, TStride>(AcceleratorStream stream, ArrayView1D<T, TStride> input, ArrayView<T> output)
    where T : unmanaged
    where TStride : struct, IStride1D;

/// <summary>Reductions of views.</summary>
public static class ReductionExtensions
{
    private const int GroupSize = 128;
    private const int MaxGroups = 128;

    /// <summary>A reduction that can be run many times.</summary>
    public static Reduction<T, TStride> CreateReduction<T, TStride, TReduction>(this Accelerator accelerator)
        where T : unmanaged
        where TStride : struct, IStride1D
        where TReduction : struct, IScanReduceOperation<T>
    {
        ArgumentNullException.ThrowIfNull(accelerator);
        int groupSize = Math.Min(GroupSize, accelerator.MaxNumThreadsPerGroup);
        Action<AcceleratorStream, KernelConfig, ArrayView1D<T, TStride>, ArrayView<T>> first =
            accelerator.LoadKernel<ArrayView1D<T, TStride>, ArrayView<T>>(Kernel<T, TStride, TReduction>);
        Action<AcceleratorStream, KernelConfig, ArrayView1D<T, Stride1D.Dense>, ArrayView<T>> second =
            accelerator.LoadKernel<ArrayView1D<T, Stride1D.Dense>, ArrayView<T>>(Kernel<T, Stride1D.Dense, TReduction>);
        return (stream, input, output) =>
        {
            int groups = (int)Math.Clamp((input.Length + (groupSize * 8) - 1) / (groupSize * 8), 1, MaxGroups);
            if (groups == 1)
            {
                first(stream, (1, groupSize), input, output);
                return;
            }
            using MemoryBuffer1D<T, Stride1D.Dense> partial = accelerator.Allocate1D<T>(groups);
            first(stream, (groups, groupSize), input, partial.View);
            second(stream, (1, groupSize), partial.View, output);
            stream.Synchronize();
        };
    }

    /// <summary>Combines all elements into the output's first one.</summary>
    public static void Reduce<T, TReduction>(this Accelerator accelerator, AcceleratorStream stream, ArrayView<T> input, ArrayView<T> output)
        where T : unmanaged
        where TReduction : struct, IScanReduceOperation<T>
        => accelerator.Reduce<T, Stride1D.Dense, TReduction>(stream, input, output);

    /// <summary>All elements combined.</summary>
    public static T Reduce<T, TReduction>(this Accelerator accelerator, AcceleratorStream stream, ArrayView<T> input)
        where T : unmanaged
        where TReduction : struct, IScanReduceOperation<T>
        => accelerator.Reduce<T, Stride1D.Dense, TReduction>(stream, input);

    /// <summary>Combines all elements into the output's first one.</summary>
    public static void Reduce<T, TStride, TReduction>(
        this Accelerator accelerator, AcceleratorStream stream, ArrayView1D<T, TStride> input, ArrayView<T> output)
        where T : unmanaged
        where TStride : struct, IStride1D
        where TReduction : struct, IScanReduceOperation<T>
        => accelerator.CreateReduction<T, TStride, TReduction>()(stream, input, output);

    /// <summary>All elements combined.</summary>
    public static T Reduce<T, TStride, TReduction>(this Accelerator accelerator, AcceleratorStream stream, ArrayView1D<T, TStride> input)
        where T : unmanaged
        where TStride : struct, IStride1D
        where TReduction : struct, IScanReduceOperation<T>
    {
        using MemoryBuffer1D<T, Stride1D.Dense> output = accelerator.Allocate1D<T>(1);
        accelerator.Reduce<T, TStride, TReduction>(stream, input, output.View);
        return output.View.BaseView.GetAsArray(stream)[0];
    }

    private static void Kernel<T, TStride, TReduction>(ArrayView1D<T, TStride> input, ArrayView<T> output)
        where T : unmanaged
        where TStride : struct, IStride1D
        where TReduction : struct, IScanReduceOperation<T>
    {
        TReduction reduction = default;
        T value = reduction.Identity;
        long stride = (long)Grid.DimX * Group.DimX;
        for (long i = Grid.LongGlobalIndex.X; i < input.Length; i += stride)
        {
            value = reduction.Apply(value, input[new LongIndex1D(i)]);
        }
        T result = GroupExtensions.Reduce<T, TReduction>(value);
        if (Group.IdxX == 0)
        {
            output[Grid.IdxX] = result;
        }
    }
}
