using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>
/// The fast products of weight matrices with one to eight rows of activations, on NVIDIA GPUs from compute capability 8.0 on. First
/// <see cref="Prepare"/> sorts the activations, then each <see cref="Run{TEpilogue}"/> multiplies one, two or three matrices with them in one
/// launch. After a first call of each kind and width they neither allocate nor wait, so that they can be recorded in a graph.
/// </summary>
internal sealed class VectorKernels(Accelerator accelerator) : IDisposable
{
    /// <summary>Rows of activations, at most.</summary>
    public const int MostTokens = 8;

    /// <summary>Matrices of one launch, at most.</summary>
    public const int MostProjections = 3;

    private const int PrepareThreads = 64;

    private readonly Dictionary<(VectorFormat, Type, bool), Delegate> loaded = [];
    private readonly List<MemoryBuffer1D<Quad, Stride1D.Dense>> outgrown = []; // recorded launches may still use them
    private MemoryBuffer1D<Quad, Stride1D.Dense>? planes;
    private Action<AcceleratorStream, KernelConfig, ArrayView<Quad>, RowsView, int>? brain, bytes;

    /// <summary>Whether the accelerator has the tensor cores that these kernels use.</summary>
    public bool IsSupported { get; } = accelerator is CudaAccelerator cuda && cuda.Architecture >= CudaArchitecture.SM_80;

    /// <summary>Whether products with a matrix can be had here; else the plain kernels must do.</summary>
    public bool CanRun(GpuWeight weight, int tokens) =>
        IsSupported && tokens is > 0 and <= MostTokens && VectorFormat.For(weight.Type) is { } format && format.Fits(weight.View);

    /// <summary>Sorts activations for the matrices of a type.</summary>
    /// <param name="stream">Where the launch goes.</param>
    /// <param name="input">The activations. // [tokens, columns]</param>
    /// <param name="tokens">1 to 8.</param>
    /// <param name="type">Of the matrices. Types with the same <see cref="VectorFormat.TakesBytes"/> share what is prepared.</param>
    /// <returns>What <see cref="Run{TEpilogue}"/> takes; valid until the next call.</returns>
    public ArrayView<Quad> Prepare(AcceleratorStream stream, RowsView input, int tokens, WeightType type)
    {
        ArrayView<Quad> to = Planes(input.Width, tokens);
        int spans = TokenPlanes.PaddedSpans(input.Width);
        var config = new KernelConfig(new Index2D(spans * TokenPlanes.SpanColumns / 8 / PrepareThreads, tokens), new Index2D(PrepareThreads, 1));
        if (VectorFormat.For(type)!.TakesBytes)
            (bytes ??= accelerator.LoadKernel<ArrayView<Quad>, RowsView, int>(PlaneKernels.Bytes))(stream, config, to, input, spans);
        else
            (brain ??= accelerator.LoadKernel<ArrayView<Quad>, RowsView, int>(PlaneKernels.Brain))(stream, config, to, input, spans);
        return to;
    }

    /// <summary>Room for activations, for kernels that write <see cref="TokenPlanes"/> themselves; valid until the next call.</summary>
    public ArrayView<Quad> Planes(int columns, int tokens)
    {
        long length = TokenPlanes.Quads(columns, tokens);
        if (planes is null || planes.Length < length)
        {
            if (planes is not null)
                outgrown.Add(planes);
            planes = accelerator.Allocate1D<Quad>(Math.Max(length, TokenPlanes.Quads(8192, MostTokens)));
        }
        return planes.View.AsContiguous();
    }

    /// <summary>Multiplies matrices of one type and of equal columns with the same activations.</summary>
    /// <param name="stream">Where the launch goes.</param>
    /// <param name="projections">One to three; where the epilogue joins pairs, two of equal shape, and the first one's output is written.</param>
    /// <param name="type">The type of all of them.</param>
    /// <param name="columns">Of each.</param>
    /// <param name="input">What <see cref="Prepare"/> gave for a type like this.</param>
    /// <param name="tokens">1 to 8.</param>
    /// <param name="epilogue">What is done with a product before it is written.</param>
    public void Run<TEpilogue>(
        AcceleratorStream stream, ReadOnlySpan<VectorProjection> projections, WeightType type, int columns, ArrayView<Quad> input, int tokens, TEpilogue epilogue)
        where TEpilogue : struct, IVectorEpilogue
    {
        bool eight = tokens > TokenPlanes.TokensOfTile;
        VectorFormat format = VectorFormat.For(type)!;
        if (!loaded.TryGetValue((format, typeof(TEpilogue), eight), out Delegate? kernel))
            loaded[(format, typeof(TEpilogue), eight)] = kernel = format.Load<TEpilogue>(accelerator, eight);
        VectorProjection first = projections[0], second = projections.Length > 1 ? projections[1] : first, third = projections.Length > 2 ? projections[2] : first;
        int groups = Groups(first), firstGroups = groups, secondGroups = groups;
        if (!TEpilogue.IsPaired)
        {
            secondGroups = groups += projections.Length > 1 ? Groups(second) : 0;
            groups += projections.Length > 2 ? Groups(third) : 0;
        }
        int spans = TokenPlanes.Spans(columns);
        ((Action<AcceleratorStream, KernelConfig, VectorTask, TEpilogue>)kernel)(
            stream, new KernelConfig(groups, 32 * Warps(spans)), new VectorTask(first, second, third, firstGroups, secondGroups, tokens, spans, input), epilogue);
    }

    private static int Groups(VectorProjection projection) => (projection.Rows + 15) / 16;

    /// <summary>Warps among which a group's columns are shared: so that they have as many spans each, as nearly as may be. A row's bits depend on it.</summary>
    public static int Warps(int spans)
    {
        int rounds = (spans + TileKernel.MostWarps - 1) / TileKernel.MostWarps;
        return Math.Max(4, (spans + rounds - 1) / rounds);
    }

    public void Dispose()
    {
        planes?.Dispose();
        foreach (MemoryBuffer1D<Quad, Stride1D.Dense> buffer in outgrown)
            buffer.Dispose();
    }
}
