using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;
using Managed.Kernels.Edits;
using Managed.Kernels.Gpu.Edits;
using Managed.Kernels.Gpu.Experts;
using Managed.Kernels.Gpu.Guidance;
using ActivationKernel = System.Action<ILGPU.KernelConfig, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.RowsView, int, int>;

namespace Managed.Kernels.Gpu;

/// <summary>The kernels of one accelerator, each compiled when it is first launched, and how many threads they run in.</summary>
internal sealed class GpuKernels(Accelerator accelerator)
{
    /// <summary>Threads that norm a row where warps exchange values.</summary>
    public const int NormThreads = 256;

    private const int EditThreads = 512; // where warps exchange values

    private readonly int elementThreads = Math.Min(256, accelerator.MaxNumThreadsPerGroup);
    private readonly int groupThreads = GroupThreads(accelerator);
    private readonly CustomKernels custom = new(accelerator);
    private readonly Dictionary<WeightType, WeightKernels> byWeight = [];
    private readonly Dictionary<ActivationKind, ActivationKernel> byActivation = [];

    private Action<KernelConfig, RowsView, RowsView, ArrayView<float>, ArrayView<float>, NormShape>? norm;
    private Action<KernelConfig, RowsView, RowsView, ArrayView<float>, ArrayView<float>, NormShape, AddsPrologue>? normEdited;
    private Action<KernelConfig, RowsView, RowsView, NormShape>? normScale;
    private Action<KernelConfig, RowsView, RowsView, RowsView, NormShape>? normDivide;
    private Action<KernelConfig, RowsView, RowsView, ArrayView<float>, ArrayView<float>, NormShape>? normGain;
    private Action<KernelConfig, RowsView, ArrayView<int>, ArrayView<float>, RopeShape, int>? ropeHalves;
    private Action<KernelConfig, RowsView, ArrayView<int>, ArrayView<float>, RopeShape, int>? ropeAdjacent;
    private Action<KernelConfig, RowsView, ArrayView<int>, ArrayView<float>, RopeShape>? ropeAdjacentToHalves;
    private Action<KernelConfig, CacheView, ArrayView<int>, ArrayView<int>, RowsView, RowsView, int>? storeKeyValue;
    private Action<KernelConfig, RowsView, RowsView, AttentionInputs, CacheView, AttentionShape, int>? attention;
    private Action<KernelConfig, RowsView, AttentionInputs, CacheView, AttentionShape, int, int>? attentionScores;
    private Action<KernelConfig, RowsView, RowsView, ArrayView<float>, int, int>? attentionPattern;
    private Action<KernelConfig, RowsView, RowsView, CacheView, AttentionShape, int, int, int>? attentionMix;
    private Action<KernelConfig, RowsView, RowsView, RowsView, float, int>? clampedSwiglu;
    private Action<KernelConfig, RowsView, RowsView, RowsView, int>? add;
    private Action<KernelConfig, RowsView, RowsView, RowsView, float, int>? addScaled;
    private Action<KernelConfig, RowsView, RowsView, float, int>? scale;
    private Action<KernelConfig, RowsView, float, int>? clamp;
    private Action<KernelConfig, RowsView, float, int>? softCap;
    private Action<KernelConfig, RowsView, RowsView, int>? scaleRows;
    private Action<KernelConfig, RowsView, RowsView, int>? copy;
    private Action<KernelConfig, RowsView, RowsView, ArrayView<int>, int>? gather;
    private Action<KernelConfig, RowsView, RowsView, ArrayView<int>, int, ArrayView<float>, int, int>? combine;
    private Action<KernelConfig, ArrayView<int>, ArrayView<float>, RowsView, ArrayView<float>, RouteShape>? route;
    private Action<KernelConfig, ArrayView<ExpertTile>, ArrayView<int>, ArrayView<int>, int, int>? sortChoices;
    private Action<KernelConfig, RowsView, RowsView>? softmax;
    private Action<KernelConfig, GuidanceMemory, RowsView, int>? guidance;
    private Action<KernelConfig, GuidanceMemory, RowsView>? guidanceList;
    private Action<KernelConfig, RowsView, ArrayView<EditItem>, ArrayView<int>, EditMemory>? edit;

    // Threads that share one sum. Where a group runs on one core of a processor, few threads have less to agree on.
    private static int GroupThreads(Accelerator accelerator) =>
        accelerator.Device is CPUDevice || (accelerator.Device is CLDevice device && device.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU))
            ? Math.Min(4, accelerator.MaxNumThreadsPerGroup)
            : 128;

    /// <summary>Whether threads come in warps that can exchange values.</summary>
    public bool HasWarps { get; } = accelerator.AcceleratorType == AcceleratorType.Cuda;

    /// <summary>One thread for each of so many elements.</summary>
    public KernelConfig Threads(long elements) => elements < int.MaxValue - elementThreads
        ? new((int)Math.Max(1, (elements + elementThreads - 1) / elementThreads), elementThreads)
        : throw new DeviceException($"{accelerator.Name}: {elements:N0} elements are too many for one launch; use shorter prompts or fewer rows at a time");

    /// <summary>So many groups of threads that reduce together.</summary>
    public KernelConfig Groups(int groups) => new(Math.Max(1, groups), groupThreads);

    /// <summary>So many groups that normalise a row, or a segment of one, each.</summary>
    public KernelConfig NormGroups(int groups) => HasWarps ? new(Math.Max(1, groups), NormThreads) : Groups(groups);

    /// <summary>So many groups that edit a row each.</summary>
    public KernelConfig EditGroups(int groups) => HasWarps ? new(groups, EditThreads) : Groups(groups);

    /// <summary>Groups in two dimensions.</summary>
    public KernelConfig Groups(int x, int y) => new(new Index2D(x, y), new Index2D(groupThreads, 1));

    /// <summary>The kernels that read weights of a type.</summary>
    public WeightKernels Of(WeightType type)
    {
        if (!byWeight.TryGetValue(type, out WeightKernels? known))
            byWeight[type] = known = WeightKernels.For(type, accelerator);
        return known;
    }

    /// <summary>The kernel of a non-linearity of one argument.</summary>
    public ActivationKernel Activation(ActivationKind kind)
    {
        if (!byActivation.TryGetValue(kind, out ActivationKernel? known))
            byActivation[kind] = known = ActivationKernels.Load(kind, accelerator);
        return known;
    }

    public Action<KernelConfig, RowsView, RowsView, ArrayView<float>, ArrayView<float>, NormShape> Norm =>
        norm ??= accelerator.LoadStreamKernel<RowsView, RowsView, ArrayView<float>, ArrayView<float>, NormShape>(HasWarps ? NormKernels<WarpReduction>.Norm : NormKernels<GroupReduction>.Norm);

    public Action<KernelConfig, RowsView, RowsView, ArrayView<float>, ArrayView<float>, NormShape, AddsPrologue> NormEdited =>
        normEdited ??= accelerator.LoadStreamKernel<RowsView, RowsView, ArrayView<float>, ArrayView<float>, NormShape, AddsPrologue>(NormKernels<WarpReduction>.NormEdited);

    public Action<KernelConfig, RowsView, RowsView, NormShape> NormScale =>
        normScale ??= accelerator.LoadStreamKernel<RowsView, RowsView, NormShape>(HasWarps ? NormKernels<WarpReduction>.Scale : NormKernels<GroupReduction>.Scale);

    public Action<KernelConfig, RowsView, RowsView, RowsView, NormShape> NormDivide =>
        normDivide ??= accelerator.LoadStreamKernel<RowsView, RowsView, RowsView, NormShape>(HasWarps ? NormKernels<WarpReduction>.Divide : NormKernels<GroupReduction>.Divide);

    public Action<KernelConfig, RowsView, RowsView, ArrayView<float>, ArrayView<float>, NormShape> NormGain =>
        normGain ??= accelerator.LoadStreamKernel<RowsView, RowsView, ArrayView<float>, ArrayView<float>, NormShape>(HasWarps ? NormKernels<WarpReduction>.Gain : NormKernels<GroupReduction>.Gain);

    public Action<KernelConfig, RowsView, ArrayView<int>, ArrayView<float>, RopeShape, int> RopeHalves =>
        ropeHalves ??= accelerator.LoadStreamKernel<RowsView, ArrayView<int>, ArrayView<float>, RopeShape, int>(RopeKernels.Halves);

    public Action<KernelConfig, RowsView, ArrayView<int>, ArrayView<float>, RopeShape, int> RopeAdjacent =>
        ropeAdjacent ??= accelerator.LoadStreamKernel<RowsView, ArrayView<int>, ArrayView<float>, RopeShape, int>(RopeKernels.Adjacent);

    public Action<KernelConfig, RowsView, ArrayView<int>, ArrayView<float>, RopeShape> RopeAdjacentToHalves =>
        ropeAdjacentToHalves ??= accelerator.LoadStreamKernel<RowsView, ArrayView<int>, ArrayView<float>, RopeShape>(RopeKernels.AdjacentToHalves);

    public Action<KernelConfig, CacheView, ArrayView<int>, ArrayView<int>, RowsView, RowsView, int> StoreKeyValue =>
        storeKeyValue ??= accelerator.LoadStreamKernel<CacheView, ArrayView<int>, ArrayView<int>, RowsView, RowsView, int>(StoreKeyValueKernel.Run);

    public Action<KernelConfig, RowsView, RowsView, AttentionInputs, CacheView, AttentionShape, int> Attention =>
        attention ??= accelerator.LoadStreamKernel<RowsView, RowsView, AttentionInputs, CacheView, AttentionShape, int>(AttentionKernels.Whole);

    public Action<KernelConfig, RowsView, AttentionInputs, CacheView, AttentionShape, int, int> AttentionScores =>
        attentionScores ??= accelerator.LoadStreamKernel<RowsView, AttentionInputs, CacheView, AttentionShape, int, int>(AttentionKernels.Scores);

    public Action<KernelConfig, RowsView, RowsView, ArrayView<float>, int, int> AttentionPattern =>
        attentionPattern ??= accelerator.LoadStreamKernel<RowsView, RowsView, ArrayView<float>, int, int>(AttentionKernels.Pattern);

    public Action<KernelConfig, RowsView, RowsView, CacheView, AttentionShape, int, int, int> AttentionMix =>
        attentionMix ??= accelerator.LoadStreamKernel<RowsView, RowsView, CacheView, AttentionShape, int, int, int>(AttentionKernels.Mix);

    public Action<KernelConfig, RowsView, RowsView, RowsView, float, int> ClampedSwiglu =>
        clampedSwiglu ??= accelerator.LoadStreamKernel<RowsView, RowsView, RowsView, float, int>(ActivationKernels.ClampedSwiglu);

    public Action<KernelConfig, RowsView, RowsView, RowsView, int> Add =>
        add ??= accelerator.LoadStreamKernel<RowsView, RowsView, RowsView, int>(ElementwiseKernels.Add);

    public Action<KernelConfig, RowsView, RowsView, RowsView, float, int> AddScaled =>
        addScaled ??= accelerator.LoadStreamKernel<RowsView, RowsView, RowsView, float, int>(ElementwiseKernels.AddScaled);

    public Action<KernelConfig, RowsView, RowsView, float, int> Scale =>
        scale ??= accelerator.LoadStreamKernel<RowsView, RowsView, float, int>(ElementwiseKernels.Scale);

    public Action<KernelConfig, RowsView, float, int> Clamp =>
        clamp ??= accelerator.LoadStreamKernel<RowsView, float, int>(ElementwiseKernels.Clamp);

    public Action<KernelConfig, RowsView, float, int> SoftCap =>
        softCap ??= accelerator.LoadStreamKernel<RowsView, float, int>(ElementwiseKernels.SoftCap);

    public Action<KernelConfig, RowsView, RowsView, int> ScaleRows =>
        scaleRows ??= accelerator.LoadStreamKernel<RowsView, RowsView, int>(ElementwiseKernels.ScaleRows);

    public Action<KernelConfig, RowsView, RowsView, int> Copy =>
        copy ??= accelerator.LoadStreamKernel<RowsView, RowsView, int>(ElementwiseKernels.Copy);

    public Action<KernelConfig, RowsView, RowsView, ArrayView<int>, int> Gather =>
        gather ??= accelerator.LoadStreamKernel<RowsView, RowsView, ArrayView<int>, int>(ElementwiseKernels.Gather);

    public Action<KernelConfig, RowsView, RowsView, ArrayView<int>, int, ArrayView<float>, int, int> Combine =>
        combine ??= accelerator.LoadStreamKernel<RowsView, RowsView, ArrayView<int>, int, ArrayView<float>, int, int>(ElementwiseKernels.Combine);

    public Action<KernelConfig, ArrayView<int>, ArrayView<float>, RowsView, ArrayView<float>, RouteShape> Route =>
        route ??= accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<float>, RowsView, ArrayView<float>, RouteShape>(RouteKernel.Run);

    public Action<KernelConfig, ArrayView<ExpertTile>, ArrayView<int>, ArrayView<int>, int, int> SortChoices =>
        sortChoices ??= accelerator.LoadStreamKernel<ArrayView<ExpertTile>, ArrayView<int>, ArrayView<int>, int, int>(SortChoicesKernel.Run);

    public Action<KernelConfig, GuidanceMemory, RowsView, int> Guidance =>
        guidance ??= accelerator.LoadStreamKernel<GuidanceMemory, RowsView, int>(GuidanceKernel.Run);

    public Action<KernelConfig, GuidanceMemory, RowsView> GuidanceList =>
        guidanceList ??= accelerator.LoadStreamKernel<GuidanceMemory, RowsView>(GuidanceKernel.List);

    /// <summary>Threads that take a chunk of a row's scores.</summary>
    public int GuidanceThreads => Math.Min(GuidanceKernel.Threads, HasWarps ? GuidanceKernel.Threads : groupThreads);

    /// <summary>Whether kernels can compute in float64.</summary>
    public bool HasDoubles => accelerator.Device is not CLDevice device || device.Extensions.Contains("cl_khr_fp64");

    public Action<KernelConfig, RowsView, RowsView> Softmax =>
        softmax ??= accelerator.LoadStreamKernel<RowsView, RowsView>(SoftmaxKernel.Run);

    /// <summary>Programs that run a user's struct; null where it cannot be compiled for the device.</summary>
    public CustomKernel? EditWith(CustomEdit code) => custom.Find(code);

    public Action<KernelConfig, RowsView, ArrayView<EditItem>, ArrayView<int>, EditMemory> Edit =>
        edit ??= accelerator.LoadStreamKernel<RowsView, ArrayView<EditItem>, ArrayView<int>, EditMemory>(
            HasWarps ? EditKernels<WarpReduction>.Run : EditKernels<GroupReduction>.Run);
}
