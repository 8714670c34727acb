using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Kernels.Gpu.Edits;
using PrepareKernel = System.Action<ILGPU.Runtime.AcceleratorStream, ILGPU.KernelConfig, ILGPU.ArrayView<Managed.Kernels.Gpu.Vector.Quad>, Managed.Kernels.Gpu.Vector.StoredRows, int, int>;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>
/// The fast products of weight matrices with a few rows of activations, on NVIDIA GPUs from compute capability 8.0 on. First
/// <see cref="Prepare"/> sorts the activations, then each <see cref="Run{TEpilogue}"/> multiplies one, two or three matrices with them in one
/// launch. After a first call of each kind and width they neither allocate nor wait, so that they can be recorded in a graph.
/// </summary>
internal sealed class VectorKernels(GpuMemory device) : IDisposable
{
    /// <summary>Rows of activations, at most: of matrices of numbers, and of integers with scales.</summary>
    public const int MostTokens = 8, MostTokensOfBytes = 32;

    /// <summary>Matrices of one launch, at most.</summary>
    public const int MostProjections = 3;

    private const int PrepareThreads = 64;

    /// <summary>
    /// Groups of a multiprocessor for which sorting again is the smaller evil: for each of them it takes about half as many instructions as
    /// the product, so that with many of them the product waits for instructions and not for memory. By counting, not by measuring.
    /// </summary>
    private const int MostGroupsThatSort = 4;

    private readonly Dictionary<(VectorFormat, Type, TokenClass), Delegate> loaded = [];
    private readonly Dictionary<(VectorFormat, Type), Delegate> loadedOfExperts = [];
    private readonly Dictionary<(VectorFormat, Type Source, Type Epilogue), Delegate> loadedSorting = [];
    private MemoryBuffer1D<Quad, Stride1D.Dense>? planes;
    private PrepareKernel? brain, bytes;
    private readonly Dictionary<(Type Prologue, bool TakesBytes), Delegate> norms = [];

    /// <summary>Whether the accelerator has the tensor cores that these kernels use.</summary>
    public bool IsSupported { get; } = device.Accelerator is CudaAccelerator cuda && cuda.Architecture >= CudaArchitecture.SM_80;

    /// <summary>Whether launches may begin over the end of the ones before.</summary>
    public static bool Overlaps(Accelerator accelerator) => accelerator is CudaAccelerator cuda && cuda.Architecture >= CudaArchitecture.SM_90;

    private PrepareKernel Load(Action<ArrayView<Quad>, StoredRows, int, int> kernel) => device.Accelerator.LoadKernel(kernel);

    /// <summary>Whether products with a matrix can be had here; else the plain kernels must do.</summary>
    public bool CanRun(GpuWeight weight, int tokens) =>
        IsSupported && tokens > 0 && VectorFormat.For(weight.Type) is { } format && tokens <= format.MostTokens && format.Fits(weight.View);

    /// <summary>Sorts activations for the matrices of a type.</summary>
    /// <param name="input">The activations. // [tokens, columns]</param>
    /// <param name="tokens">At most <see cref="VectorFormat.MostTokens"/>.</param>
    /// <param name="type">Of the matrices. Types with the same <see cref="VectorFormat.TakesBytes"/> share what is prepared.</param>
    /// <returns>What <see cref="Run{TEpilogue}"/> takes; valid until the next call.</returns>
    public ArrayView<Quad> Prepare(StoredRows input, int tokens, WeightType type) => Sort(input, tokens, type, apart: 1);

    /// <summary>As <see cref="Prepare"/>, for <see cref="RunOfExperts{TEpilogue}"/>: any number of rows. One row is prepared alike for both.</summary>
    public ArrayView<Quad> PrepareApart(StoredRows input, int rows, WeightType type) => Sort(input, rows, type, TokenPlanes.TokensOfTile);

    private ArrayView<Quad> Sort(StoredRows input, int tokens, WeightType type, int apart)
    {
        ArrayView<Quad> to = Planes(input.Rows.Width, tokens * apart);
        var config = new KernelConfig(new Index2D(TokenPlanes.PaddedColumns(input.Rows.Width) / 8 / PrepareThreads, tokens), new Index2D(PrepareThreads, 1));
        PrepareKernel kernel = VectorFormat.For(type)!.TakesBytes
            ? bytes ??= Overlaps(device.Accelerator) ? Load(PlaneKernels.Run<BytePlanes, Overlapping>) : Load(PlaneKernels.Run<BytePlanes, OneAfterTheOther>)
            : brain ??= Overlaps(device.Accelerator) ? Load(PlaneKernels.Run<BrainPlanes, Overlapping>) : Load(PlaneKernels.Run<BrainPlanes, OneAfterTheOther>);
        kernel(device.Stream, config, to, input, TokenPlanes.TileQuads(input.Rows.Width), apart);
        return to;
    }

    /// <summary>Edits and norms activations and sorts them as <see cref="Prepare"/> does, in one launch.</summary>
    /// <param name="output">The norm's results. // [tokens, columns]</param>
    /// <param name="input">What is normed, in one segment a row. // [tokens, columns]</param>
    /// <param name="gain">As the norm has it.</param>
    /// <param name="bias">As the norm has it.</param>
    /// <param name="shape">The norm's numbers.</param>
    /// <param name="tokens">At most <see cref="VectorFormat.MostTokens"/>.</param>
    /// <param name="takesBytes"><see cref="VectorFormat.TakesBytes"/> of the matrices.</param>
    /// <param name="prologue">The edit.</param>
    public void PrepareNormed<TPrologue>(
        RowsView output, RowsView input, ArrayView<float> gain, ArrayView<float> bias, NormShape shape, int tokens, bool takesBytes, TPrologue prologue)
        where TPrologue : struct, INormPrologue
    {
        if (!norms.TryGetValue((typeof(TPrologue), takesBytes), out Delegate? kernel))
            norms[(typeof(TPrologue), takesBytes)] = kernel = LoadNorm<TPrologue>(takesBytes);
        ((Action<AcceleratorStream, KernelConfig, ArrayView<Quad>, RowsView, RowsView, ArrayView<float>, ArrayView<float>, NormShape, int, TPrologue>)kernel)(
            device.Stream, new KernelConfig(tokens, GpuKernels.NormThreads), Planes(input.Width, tokens), output, input, gain, bias, shape, TokenPlanes.TileQuads(input.Width), prologue);
    }

    private Delegate LoadNorm<TPrologue>(bool takesBytes)
        where TPrologue : struct, INormPrologue
    {
        bool overlaps = Overlaps(device.Accelerator);
        return device.Accelerator.LoadKernel<ArrayView<Quad>, RowsView, RowsView, ArrayView<float>, ArrayView<float>, NormShape, int, TPrologue>(
            takesBytes
                ? overlaps ? NormPlanes.Run<BytePlanes, Overlapping, TPrologue> : NormPlanes.Run<BytePlanes, OneAfterTheOther, TPrologue>
                : overlaps ? NormPlanes.Run<BrainPlanes, Overlapping, TPrologue> : NormPlanes.Run<BrainPlanes, OneAfterTheOther, TPrologue>);
    }

    /// <summary>Room for activations, for kernels that write <see cref="TokenPlanes"/> themselves; valid until the next call.</summary>
    public ArrayView<Quad> Planes(int columns, int tokens)
    {
        long length = TokenPlanes.Quads(columns, (tokens + MostTokens - 1) / MostTokens * MostTokens);
        if (planes is null || planes.Length < length)
        {
            device.Free(planes);
            planes = device.Allocate<Quad>(Math.Max(length, TokenPlanes.Quads(8192, MostTokens)));
        }
        return planes.View.AsContiguous();
    }

    /// <summary>Multiplies matrices of one type and of equal columns with the same activations.</summary>
    /// <param name="projections">One to three; where the epilogue joins pairs, two of equal shape, and the first one's output is written.</param>
    /// <param name="type">The type of all of them.</param>
    /// <param name="columns">Of each.</param>
    /// <param name="input">What <see cref="Prepare"/> gave for a type like this.</param>
    /// <param name="tokens">At most <see cref="VectorFormat.MostTokens"/>.</param>
    /// <param name="epilogue">What is done with a product before it is written.</param>
    public void Run<TEpilogue>(
        ReadOnlySpan<VectorProjection> projections, WeightType type, int columns, ArrayView<Quad> input, int tokens, TEpilogue epilogue)
        where TEpilogue : struct, IVectorEpilogue
    {
        TokenClass many = tokens <= TokenPlanes.TokensOfTile ? TokenClass.Four : tokens <= MostTokens ? TokenClass.Eight : TokenClass.Many;
        VectorFormat format = VectorFormat.For(type)!;
        if (!loaded.TryGetValue((format, typeof(TEpilogue), many), out Delegate? kernel))
            loaded[(format, typeof(TEpilogue), many)] = kernel = format.Load<TEpilogue>(device.Accelerator, many);
        VectorTask task = Task<TEpilogue>(projections, format, columns, input, tokens, out int groups);
        ((Action<AcceleratorStream, KernelConfig, VectorTask, TEpilogue>)kernel)(
            device.Stream, new KernelConfig(groups * ((tokens + MostTokens - 1) / MostTokens), 32 * Warps<TEpilogue>(format, columns, groups)), task, epilogue);
    }

    /// <summary>Whether <see cref="RunSorting"/> is for such a launch: what each group does again is little beside a launch for all of them.</summary>
    /// <param name="projections">As there.</param>
    /// <param name="tokens">How many.</param>
    public bool Sorts<TEpilogue>(ReadOnlySpan<VectorProjection> projections, int tokens)
        where TEpilogue : struct, IVectorEpilogue
    {
        if (tokens > SortingKernel.MostTokens)
            return false;
        int groups = 0;
        foreach (VectorProjection projection in TEpilogue.IsPaired ? projections[..1] : projections)
            groups += Groups(projection);
        return GroupsEach(groups) <= MostGroupsThatSort;
    }

    /// <summary>As <see cref="Run"/>, for one or two tokens that the kernel sorts itself; the same bits.</summary>
    /// <param name="projections">As there.</param>
    /// <param name="type">The type of all of them.</param>
    /// <param name="columns">Of each.</param>
    /// <param name="source">The activations.</param>
    /// <param name="tokens">1 or 2.</param>
    /// <param name="epilogue">What is done with a product before it is written.</param>
    public void RunSorting<TSource, TEpilogue>(
        ReadOnlySpan<VectorProjection> projections, WeightType type, int columns, TSource source, int tokens, TEpilogue epilogue)
        where TSource : struct, IActivationSource
        where TEpilogue : struct, IVectorEpilogue
    {
        VectorFormat format = VectorFormat.For(type)!;
        if (!loadedSorting.TryGetValue((format, typeof(TSource), typeof(TEpilogue)), out Delegate? kernel))
            loadedSorting[(format, typeof(TSource), typeof(TEpilogue))] = kernel = format.LoadSorting<TSource, TEpilogue>(device.Accelerator);
        VectorTask task = Task<TEpilogue>(projections, format, columns, default, tokens, out int groups);
        ((Action<AcceleratorStream, KernelConfig, VectorTask, TSource, TEpilogue>)kernel)(
            device.Stream, new KernelConfig(groups, 32 * Warps<TEpilogue>(format, columns, groups)), task, source, epilogue);
    }

    private static VectorTask Task<TEpilogue>(
        ReadOnlySpan<VectorProjection> projections, VectorFormat format, int columns, ArrayView<Quad> input, int tokens, out int groups)
        where TEpilogue : struct, IVectorEpilogue
    {
        VectorProjection first = projections[0], second = projections.Length > 1 ? projections[1] : first, third = projections.Length > 2 ? projections[2] : first;
        groups = Groups(first);
        int firstGroups = groups, secondGroups = groups;
        if (!TEpilogue.IsPaired)
        {
            secondGroups = groups += projections.Length > 1 ? Groups(second) : 0;
            groups += projections.Length > 2 ? Groups(third) : 0;
        }
        return new VectorTask(first, second, third, firstGroups, secondGroups, tokens, Spans(format, columns), TokenPlanes.TileQuads(columns), input);
    }

    /// <summary>Multiplies, for each choice of an expert, that expert's matrix with the choice's activations: an expert's rows of a stack.</summary>
    /// <param name="projections">One stack; where the epilogue joins pairs, two. An output's width is an expert's number of rows. // [choices, rows]</param>
    /// <param name="type">The type of all of them.</param>
    /// <param name="columns">Of each.</param>
    /// <param name="input">What <see cref="PrepareApart"/> gave for a type like this.</param>
    /// <param name="experts">The expert of each choice. // [choices]</param>
    /// <param name="choices">Their number.</param>
    /// <param name="share">Choices that read the same row of the input.</param>
    /// <param name="chosen">Choices of a token: a row's bits depend on it.</param>
    /// <param name="epilogue">What is done with a product before it is written; each choice is its token 0.</param>
    public void RunOfExperts<TEpilogue>(
        ReadOnlySpan<VectorProjection> projections, WeightType type, int columns, ArrayView<Quad> input, ArrayView<int> experts, int choices, int share, int chosen, TEpilogue epilogue)
        where TEpilogue : struct, IVectorEpilogue
    {
        VectorFormat format = VectorFormat.For(type)!;
        if (!loadedOfExperts.TryGetValue((format, typeof(TEpilogue)), out Delegate? kernel))
            loadedOfExperts[(format, typeof(TEpilogue))] = kernel = format.LoadOfExperts<TEpilogue>(device.Accelerator);
        int groups = (projections[0].Output.Width + 15) / 16;
        var task = new VectorTask(projections[0], projections[^1], projections[0], groups, groups, 1, Spans(format, columns), TokenPlanes.TileQuads(columns), input);
        var config = new KernelConfig(new Index2D(groups, choices), new Index2D(32 * Warps<TEpilogue>(format, columns, groups * chosen), 1));
        ((Action<AcceleratorStream, KernelConfig, VectorTask, TEpilogue, ArrayView<int>, int>)kernel)(device.Stream, config, task, epilogue, experts, share);
    }

    private static int Spans(VectorFormat format, int columns) => (columns + format.SpanColumns - 1) / format.SpanColumns;

    private int Warps<TEpilogue>(VectorFormat format, int columns, int groups)
        where TEpilogue : struct, IVectorEpilogue =>
        format.Warps<TEpilogue>(columns, GroupsEach(groups));

    private int GroupsEach(int groups) => (groups + device.Accelerator.NumMultiprocessors - 1) / device.Accelerator.NumMultiprocessors;

    private static int Groups(VectorProjection projection) => (projection.Rows + 15) / 16;

    public void Dispose() => planes?.Dispose();
}
