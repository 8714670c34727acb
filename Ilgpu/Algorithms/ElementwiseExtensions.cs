using ILGPU.Algorithms.Sequencers;
using ILGPU.Runtime;

namespace ILGPU.Algorithms;

/// <summary>What <see cref="TransformExtensions"/> does to each element.</summary>
/// <typeparam name="TSource">What is read.</typeparam>
/// <typeparam name="TTarget">What is written.</typeparam>
public interface ITransformer<TSource, TTarget>
    where TSource : unmanaged
    where TTarget : unmanaged
{
    /// <summary>The new value of an element.</summary>
    TTarget Transform(TSource value);
}

/// <summary>Sets all elements of a view.</summary>
public static class InitializeExtensions
{
    /// <summary>Sets all elements to a value.</summary>
    public static void Initialize<T>(this Accelerator accelerator, AcceleratorStream stream, ArrayView<T> view, T value)
        where T : unmanaged
        => accelerator.Initialize<T, Stride1D.Dense>(stream, view, value);

    /// <summary>Sets all elements to a value.</summary>
    public static void Initialize<T, TStride>(this Accelerator accelerator, AcceleratorStream stream, ArrayView1D<T, TStride> view, T value)
        where T : unmanaged
        where TStride : struct, IStride1D
        => accelerator.LoadAutoGroupedKernel<LongIndex1D, ArrayView1D<T, TStride>, T>(Kernel)(stream, view.Extent, view, value);

    private static void Kernel<T, TStride>(LongIndex1D index, ArrayView1D<T, TStride> view, T value)
        where T : unmanaged
        where TStride : struct, IStride1D
        => view[index] = value;
}

/// <summary>Fills views with sequences.</summary>
public static class SequenceExtensions
{
    /// <summary>Sets each element to what the sequence has at its index.</summary>
    public static void Sequence<T, TSequencer>(this Accelerator accelerator, AcceleratorStream stream, ArrayView<T> view, TSequencer sequencer)
        where T : unmanaged
        where TSequencer : struct, ISequencer<T>
        => accelerator.Sequence<T, Stride1D.Dense, TSequencer>(stream, view, sequencer);

    /// <summary>Sets each element to what the sequence has at its index.</summary>
    public static void Sequence<T, TStride, TSequencer>(
        this Accelerator accelerator, AcceleratorStream stream, ArrayView1D<T, TStride> view, TSequencer sequencer)
        where T : unmanaged
        where TStride : struct, IStride1D
        where TSequencer : struct, ISequencer<T>
        => accelerator.LoadAutoGroupedKernel<LongIndex1D, ArrayView1D<T, TStride>, TSequencer>(Kernel)(stream, view.Extent, view, sequencer);

    private static void Kernel<T, TStride, TSequencer>(LongIndex1D index, ArrayView1D<T, TStride> view, TSequencer sequencer)
        where T : unmanaged
        where TStride : struct, IStride1D
        where TSequencer : struct, ISequencer<T>
        => view[index] = sequencer.ComputeSequenceElement(index);
}

/// <summary>Applies an operation to each element.</summary>
public static class TransformExtensions
{
    /// <summary>Writes each element's new value into the target, which may be the source.</summary>
    public static void Transform<T, TTransformer>(
        this Accelerator accelerator, AcceleratorStream stream, ArrayView<T> source, ArrayView<T> target, TTransformer transformer)
        where T : unmanaged
        where TTransformer : struct, ITransformer<T, T>
        => accelerator.Transform<T, T, TTransformer>(stream, source, target, transformer);

    /// <summary>Writes each element's new value into the target.</summary>
    public static void Transform<TSource, TTarget, TTransformer>(
        this Accelerator accelerator, AcceleratorStream stream, ArrayView<TSource> source, ArrayView<TTarget> target, TTransformer transformer)
        where TSource : unmanaged
        where TTarget : unmanaged
        where TTransformer : struct, ITransformer<TSource, TTarget>
        => accelerator.Transform<TSource, Stride1D.Dense, TTarget, Stride1D.Dense, TTransformer>(stream, source, target, transformer);

    /// <summary>Writes each element's new value into the target.</summary>
    public static void Transform<TSource, TSourceStride, TTarget, TTargetStride, TTransformer>(
        this Accelerator accelerator,
        AcceleratorStream stream,
        ArrayView1D<TSource, TSourceStride> source,
        ArrayView1D<TTarget, TTargetStride> target,
        TTransformer transformer)
        where TSource : unmanaged
        where TSourceStride : struct, IStride1D
        where TTarget : unmanaged
        where TTargetStride : struct, IStride1D
        where TTransformer : struct, ITransformer<TSource, TTarget>
    {
        ViewChecks.Fits(source.Length, target.Length);
        accelerator.LoadAutoGroupedKernel<LongIndex1D, ArrayView1D<TSource, TSourceStride>, ArrayView1D<TTarget, TTargetStride>, TTransformer>(Kernel)(
            stream, source.Extent, source, target, transformer);
    }

    private static void Kernel<TSource, TSourceStride, TTarget, TTargetStride, TTransformer>(
        LongIndex1D index, ArrayView1D<TSource, TSourceStride> source, ArrayView1D<TTarget, TTargetStride> target, TTransformer transformer)
        where TSource : unmanaged
        where TSourceStride : struct, IStride1D
        where TTarget : unmanaged
        where TTargetStride : struct, IStride1D
        where TTransformer : struct, ITransformer<TSource, TTarget>
        => target[index] = transformer.Transform(source[index]);
}
