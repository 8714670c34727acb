using ILGPU;
using ILGPU.Runtime;
using DecodeLaunch = System.Action<ILGPU.KernelConfig, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.Attention.DecodeScratch, Managed.Kernels.Gpu.AttentionInputs, Managed.Kernels.Gpu.Attention.PagedCache, Managed.Kernels.Gpu.AttentionShape>;

namespace Managed.Kernels.Gpu.Attention;

internal sealed partial class AttentionKernelSet
{
    /// <summary>So many rows fill the device with groups that take 16 heads each; with fewer, groups of 8 heads are done sooner.</summary>
    private const int RowsForTwoTiles = 8;

    private readonly Dictionary<(int Key, int Value, int Tiles, int Warps, int Groups), DecodeLaunch> decode = [];
    private MemoryBuffer1D<Four, Stride1D.Dense>? mixed;
    private MemoryBuffer1D<Pair, Stride1D.Dense>? totals;
    private MemoryBuffer1D<int, Stride1D.Dense>? finished;

    /// <summary>
    /// Attention of a few rows to what is in the cache. The launch is the same for every step whose `longest` is: positions, sequences
    /// and pages are read from device memory.
    /// </summary>
    /// <param name="output">[rows, Heads · ValueDimension]</param>
    /// <param name="inputs">Queries [rows, Heads · KeyDimension] and where they stand.</param>
    /// <param name="cache">Keys and values up to each row's own position.</param>
    /// <param name="settings">The layer's attention.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="longest">No row's position is as large.</param>
    /// <returns>False: nothing was done, the shape is not one of this kernel's.</returns>
    public bool TryDecode(RowsView output, AttentionInputs inputs, in CacheView cache, AttentionSettings settings, int rows, int longest)
    {
        int group = settings.Heads / settings.KeyHeads, tiles = Tiles > 0 ? Tiles : group > 8 && rows >= RowsForTwoTiles && settings.KeyDimension is (64 or 128) ? 2 : 1;
        if (!PagedCache.Fits(cache) || rows > 65535 || Decode(settings.KeyDimension, settings.ValueDimension, tiles, Warps, Groups) is not { } kernel)
            return false;
        int splits = DecodeSplits.Bound(longest, settings.Window, 16 * Warps), parts = settings.KeyHeads * ((group + (8 * tiles) - 1) / (8 * tiles));
        if (parts > 65535)
            return false;
        DecodeScratch scratch = Scratch(rows, parts, splits, 8 * tiles, settings.ValueDimension);
        kernel(new KernelConfig(new Index3D(splits, parts, rows), new Index3D(32 * Warps, 1, 1)), output, scratch, inputs, new PagedCache(cache), new AttentionShape(settings));
        return true;
    }

    private DecodeScratch Scratch(int rows, int parts, int splits, int heads, int valueDimension)
    {
        long places = splits == 1 ? 1 : (long)rows * parts * splits;
        Grow(ref mixed, places * heads * valueDimension / 4);
        Grow(ref totals, places * heads);
        if (Grow(ref finished, (long)rows * parts))
            finished!.MemSetToZero(memory.Stream);
        return new DecodeScratch(mixed!.View.AsContiguous(), totals!.View.AsContiguous(), finished!.View.AsContiguous());
    }

    private DecodeLaunch? Decode(int key, int value, int tiles, int warps, int groups)
    {
        if (decode.TryGetValue((key, value, tiles, warps, groups), out DecodeLaunch? known))
            return known;
        DecodeLaunch? fresh = (key, value, tiles) switch
        {
            (64, 64, 1) => Load<Dimension64, One>(warps, groups > 0 ? groups : 3),
            (64, 64, 2) => Load<Dimension64, Two>(warps, groups > 0 ? groups : 3),
            (96, 96, 1) => Load<Dimension96, One>(warps, groups > 0 ? groups : 2),
            (128, 128, 1) => Load<Dimension128, One>(warps, groups > 0 ? groups : 2),
            (128, 128, 2) => Load<Dimension128, Two>(warps, groups > 0 ? groups : 2),
            (256, 256, 1) => Load<Dimension256, One>(warps, groups > 0 ? groups : 2),
            _ => null,
        };
        if (fresh is not null)
            decode[(key, value, tiles, warps, groups)] = fresh;
        return fresh;
    }

    private DecodeLaunch Load<TDimension, TTiles>(int warps, int groups)
        where TDimension : IConstant
        where TTiles : IConstant => warps == 4 ? Load<TDimension, TDimension, TTiles, FourWarps>(groups) : Load<TDimension, TDimension, TTiles, EightWarps>(groups);

    private DecodeLaunch Load<TKey, TValue, TTiles, TWarps>(int groupsPerMultiprocessor)
        where TKey : IConstant
        where TValue : IConstant
        where TTiles : IConstant
        where TWarps : IConstant =>
        memory.Accelerator.LoadStreamKernel<RowsView, DecodeScratch, AttentionInputs, PagedCache, AttentionShape>(
            IsHopper ? DecodeKernel<TKey, TValue, TTiles, TWarps, Overlapping>.Run : DecodeKernel<TKey, TValue, TTiles, TWarps, OneAfterTheOther>.Run, new KernelSpecialization(32 * TWarps.Value, groupsPerMultiprocessor));
}
