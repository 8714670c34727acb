using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu.Attention;

internal sealed partial class AttentionKernelSet
{
    /// <summary>So many rows fill the device with groups that take 16 heads each; with fewer, groups of 8 heads are done sooner.</summary>
    private const int RowsForTwoTiles = 8;

    private readonly Dictionary<(int Key, int Value, int Tiles, int Warps, int Groups, Type Prologue), Delegate> decode = [];
    private MemoryBuffer1D<Four, Stride1D.Dense>? mixed;
    private MemoryBuffer1D<Pair, Stride1D.Dense>? totals;
    private MemoryBuffer1D<int, Stride1D.Dense>? finished;

    /// <inheritdoc cref="TryDecode{TPrologue}"/>
    public bool TryDecode(RowsView output, AttentionInputs inputs, in CacheView cache, AttentionSettings settings, int rows, int longest) =>
        TryDecode(output, inputs, cache, settings, rows, longest, default(AllIsReady));

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
    /// <param name="prologue">What is still to be done with queries, keys and values.</param>
    /// <returns>False: nothing was done, the shape is not one of this kernel's.</returns>
    public bool TryDecode<TPrologue>(
        RowsView output, AttentionInputs inputs, in CacheView cache, AttentionSettings settings, int rows, int longest, TPrologue prologue)
        where TPrologue : struct, IDecodePrologue
    {
        int group = settings.Heads / settings.KeyHeads, tiles = Tiles > 0 ? Tiles : group > 8 && rows >= RowsForTwoTiles && settings.KeyDimension is (64 or 128) ? 2 : 1;
        if (!PagedCache.Fits(cache) || rows > 65535 || Decode<TPrologue>(settings.KeyDimension, settings.ValueDimension, tiles, Warps, Groups) is not { } kernel)
            return false;
        int splits = DecodeSplits.Bound(longest, settings.Window, 16 * Warps), parts = settings.KeyHeads * ((group + (8 * tiles) - 1) / (8 * tiles));
        if (parts > 65535)
            return false;
        DecodeScratch scratch = Scratch(rows, parts, splits, 8 * tiles, settings.ValueDimension);
        kernel(new KernelConfig(new Index3D(splits, parts, rows), new Index3D(32 * Warps, 1, 1)), output, scratch, inputs, new PagedCache(cache), new AttentionShape(settings), prologue);
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

    private Action<KernelConfig, RowsView, DecodeScratch, AttentionInputs, PagedCache, AttentionShape, TPrologue>? Decode<TPrologue>(
        int key, int value, int tiles, int warps, int groups)
        where TPrologue : struct, IDecodePrologue
    {
        if (!decode.TryGetValue((key, value, tiles, warps, groups, typeof(TPrologue)), out Delegate? kernel))
        {
            kernel = (key, value, tiles) switch
            {
                (64, 64, 1) => Load<Dimension64, One, TPrologue>(warps, groups > 0 ? groups : 3),
                (64, 64, 2) => Load<Dimension64, Two, TPrologue>(warps, groups > 0 ? groups : 3),
                (96, 96, 1) => Load<Dimension96, One, TPrologue>(warps, groups > 0 ? groups : 2),
                (128, 128, 1) => Load<Dimension128, One, TPrologue>(warps, groups > 0 ? groups : 2),
                (128, 128, 2) => Load<Dimension128, Two, TPrologue>(warps, groups > 0 ? groups : 2),
                (256, 256, 1) => Load<Dimension256, One, TPrologue>(warps, groups > 0 ? groups : 2),
                _ => null,
            };
            if (kernel is not null)
                decode[(key, value, tiles, warps, groups, typeof(TPrologue))] = kernel;
        }
        return (Action<KernelConfig, RowsView, DecodeScratch, AttentionInputs, PagedCache, AttentionShape, TPrologue>?)kernel;
    }

    private Delegate Load<TDimension, TTiles, TPrologue>(int warps, int groups)
        where TDimension : IConstant
        where TTiles : IConstant
        where TPrologue : struct, IDecodePrologue =>
        warps == 4 ? Load<TDimension, TDimension, TTiles, FourWarps, TPrologue>(groups) : Load<TDimension, TDimension, TTiles, EightWarps, TPrologue>(groups);

    private Delegate Load<TKey, TValue, TTiles, TWarps, TPrologue>(int groupsPerMultiprocessor)
        where TKey : IConstant
        where TValue : IConstant
        where TTiles : IConstant
        where TWarps : IConstant
        where TPrologue : struct, IDecodePrologue =>
        memory.Accelerator.LoadStreamKernel<RowsView, DecodeScratch, AttentionInputs, PagedCache, AttentionShape, TPrologue>(
            IsHopper ? DecodeKernel<TKey, TValue, TTiles, TWarps, Overlapping>.Run<TPrologue> : DecodeKernel<TKey, TValue, TTiles, TWarps, OneAfterTheOther>.Run<TPrologue>,
            new KernelSpecialization(32 * TWarps.Value, groupsPerMultiprocessor));
}
