using ILGPU;
using ILGPU.Runtime;
using RopeStoreLaunch = System.Action<ILGPU.KernelConfig, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.CacheView, ILGPU.ArrayView<int>, ILGPU.ArrayView<int>, ILGPU.ArrayView<float>, Managed.Kernels.Gpu.Attention.HeadNorm, Managed.Kernels.Gpu.Attention.HeadNorm, Managed.Kernels.Gpu.Attention.RopeStoreShape>;

namespace Managed.Kernels.Gpu.Attention;

internal sealed partial class AttentionKernelSet
{
    private RopeStoreLaunch? ropeStore;

    /// <summary>
    /// Norms (where there are norms) and turns queries in place, keys on their way into the cache, and writes values there, for tokens that share
    /// a rope table; the bits of the plain operations one after the other.
    /// </summary>
    /// <param name="queries">[tokens, Heads · KeyDimension]</param>
    /// <param name="keys">[tokens, KeyHeads · KeyDimension]; left as they are.</param>
    /// <param name="values">[tokens, KeyHeads · ValueDimension]</param>
    /// <param name="cache">Where keys and values go; they have at most <see cref="RopeStoreShape.MostElements"/>.</param>
    /// <param name="positions">Of every token of the step.</param>
    /// <param name="sequenceOf">Of every token of the step.</param>
    /// <param name="angles">What <see cref="RopeAngles"/> gives; anything where no element turns.</param>
    /// <param name="queryNorm">With the norm's gain in the device's memory.</param>
    /// <param name="keyNorm">As `queryNorm`.</param>
    /// <param name="shape">Tokens, heads, which elements turn.</param>
    public void RopeAndStore(RowsView queries, RowsView keys, RowsView values, in CacheView cache, ArrayView<int> positions, ArrayView<int> sequenceOf,
        ArrayView<float> angles, HeadNorm queryNorm, HeadNorm keyNorm, RopeStoreShape shape)
    {
        ropeStore ??= memory.Accelerator.LoadStreamKernel<RowsView, RowsView, RowsView, CacheView, ArrayView<int>, ArrayView<int>, ArrayView<float>, HeadNorm, HeadNorm, RopeStoreShape>(
            IsHopper ? RopeStoreKernel<Overlapping>.Run : RopeStoreKernel<OneAfterTheOther>.Run, new KernelSpecialization(32 * RopeStoreShape.Warps, null));
        int units = shape.Tokens * shape.AllHeads.Value, groups = (units + RopeStoreShape.Warps - 1) / RopeStoreShape.Warps;
        ropeStore(new KernelConfig(groups, 32 * RopeStoreShape.Warps), queries, keys, values, cache, positions, sequenceOf, angles, queryNorm, keyNorm, shape);
    }

    /// <summary>Whether a norm of heads is one that <see cref="RopeAndStore"/> knows.</summary>
    public static bool Fits(NormSettings norm, int heads) => norm.Kind == NormKind.Rms && norm.Segments == heads && norm.Bias is null;
}
