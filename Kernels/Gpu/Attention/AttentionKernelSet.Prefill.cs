using ILGPU;
using ILGPU.Runtime;
using BrainLaunch = System.Action<ILGPU.KernelConfig, Managed.Kernels.Gpu.Attention.BrainCache, Managed.Kernels.Gpu.Attention.PagedCache, ILGPU.ArrayView<Managed.Kernels.Gpu.Attention.PrefillSequence>, int, int>;
using PrefillLaunch = System.Action<ILGPU.KernelConfig, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.AttentionInputs, Managed.Kernels.Gpu.Attention.BrainCache, ILGPU.ArrayView<Managed.Kernels.Gpu.Attention.PrefillSequence>, Managed.Kernels.Gpu.AttentionShape>;

namespace Managed.Kernels.Gpu.Attention;

internal sealed partial class AttentionKernelSet
{
    private readonly Dictionary<(int Key, int Value, int Warps, bool Extras), (PrefillLaunch Launch, BrainLaunch Copy, int SharedBytes, int Rows, int Threads)> prefill = [];
    private BrainLaunch? toRows, toBlocks;
    private HostTable<PrefillSequence>? sequenceTable;
    private MemoryBuffer1D<FourBrains, Stride1D.Dense>? brainKeys, brainValues;

    /// <summary>
    /// Attention of whole stretches of text. Not for recorded graphs: its grid follows from the step.
    /// </summary>
    /// <param name="output">[tokens, Heads · ValueDimension]</param>
    /// <param name="inputs">Queries [tokens, Heads · KeyDimension]; positions and sequences are not read.</param>
    /// <param name="cache">Keys and values up to each sequence's last position.</param>
    /// <param name="settings">The layer's attention.</param>
    /// <param name="sequences">Of each sequence of the step its first token, that token's position and the number of its tokens.</param>
    /// <returns>False: nothing was done, the shape is not one of this kernel's.</returns>
    public bool TryPrefill(RowsView output, AttentionInputs inputs, in CacheView cache, AttentionSettings settings, ReadOnlySpan<PrefillSequence> sequences)
    {
        int longest = 0, most = 0;
        foreach ((_, int firstPosition, int tokens) in sequences)
            (longest, most) = (Math.Max(longest, firstPosition + tokens), Math.Max(most, tokens));
        if (sequences.Length is 0 or > 32767 || settings.Heads > 65535 || settings.Scale <= 0 || !PagedCache.Fits(cache))
            return false;
        int warps = PrefillWarps > 0 ? PrefillWarps : HasWarpgroups ? 0 : most > 64 ? 8 : 4;
        if (Prefill(settings.KeyDimension, settings.ValueDimension, warps, settings.SoftCap != 0 || settings.AlibiSlopes is not null) is not { } kernel)
            return false;
        int positions = (longest + 127) / 128 * 128, rows = kernel.Rows, tiles = 0;
        foreach ((_, int firstPosition, int tokens) in sequences)
            tiles = Math.Max(tiles, ((firstPosition + tokens - 1) / rows) - (firstPosition / rows) + 1);
        sequenceTable ??= new HostTable<PrefillSequence>(memory);
        ArrayView<PrefillSequence> table = sequenceTable.View(sequences);
        long heads = (long)sequences.Length * settings.KeyHeads * positions;
        Grow(ref brainKeys, heads * settings.KeyDimension / 4);
        Grow(ref brainValues, heads * settings.ValueDimension / 4);
        var paged = new PagedCache(cache);
        var brains = new BrainCache(brainKeys!.View.AsContiguous(), brainValues!.View.AsContiguous(), positions);
        int keyFours = settings.KeyDimension / 4, valueFours = settings.ValueDimension / 4, copyGroups = ((positions * Math.Max(keyFours, valueFours)) + 255) / 256;
        kernel.Copy(new KernelConfig(new Index3D(copyGroups, settings.KeyHeads, 2 * sequences.Length), new Index3D(256, 1, 1)), brains, paged, table, keyFours, valueFours);
        kernel.Launch(new KernelConfig(new Index3D(settings.Heads, tiles, sequences.Length), new Index3D(kernel.Threads, 1, 1), SharedMemoryConfig.RequestDynamic<byte>(kernel.SharedBytes)),
            output, inputs, brains, table, new AttentionShape(settings));
        return true;
    }

    private (PrefillLaunch Launch, BrainLaunch Copy, int SharedBytes, int Rows, int Threads)? Prefill(int key, int value, int warps, bool extras)
    {
        if (prefill.TryGetValue((key, value, warps, extras), out (PrefillLaunch, BrainLaunch, int, int, int) known))
            return known;
        (PrefillLaunch, BrainLaunch, int, int, int)? fresh = (key, value, warps) switch
        {
            (64, 64, 0) => extras ? LoadWarpgroupPrefill<Dimension64, One>() : LoadWarpgroupPrefill<Dimension64, Zero>(),
            (128, 128, 0) => extras ? LoadWarpgroupPrefill<Dimension128, One>() : LoadWarpgroupPrefill<Dimension128, Zero>(),
            (64, 64, _) => LoadPrefill<Dimension64>(warps, extras),
            (96, 96, _) => LoadPrefill<Dimension96>(warps, extras),
            (128, 128, _) => LoadPrefill<Dimension128>(warps, extras),
            (256, 256, _) => LoadPrefill<Dimension256>(warps, extras),
            _ => null,
        };
        if (fresh is { } kernel)
            prefill[(key, value, warps, extras)] = kernel;
        return fresh;
    }

    private BrainLaunch LoadCopy<TLayout>()
        where TLayout : struct, IBrainLayout => memory.Accelerator.LoadStreamKernel<BrainCache, PagedCache, ArrayView<PrefillSequence>, int, int>(
            IsHopper ? BrainCacheKernel<TLayout, Overlapping>.Run : BrainCacheKernel<TLayout, OneAfterTheOther>.Run, new KernelSpecialization(256, null));

    private (PrefillLaunch, BrainLaunch, int, int, int) LoadPrefill<TDimension>(int warps, bool extras)
        where TDimension : IConstant => warps == 4
            ? extras ? LoadPrefill<TDimension, FourWarps, One>() : LoadPrefill<TDimension, FourWarps, Zero>()
            : extras ? LoadPrefill<TDimension, EightWarps, One>() : LoadPrefill<TDimension, EightWarps, Zero>();

    private (PrefillLaunch, BrainLaunch, int, int, int) LoadPrefill<TDimension, TWarps, TExtras>()
        where TDimension : IConstant
        where TWarps : IConstant
        where TExtras : IConstant =>
        (memory.Accelerator.LoadStreamKernel<RowsView, AttentionInputs, BrainCache, ArrayView<PrefillSequence>, AttentionShape>(
            PrefillKernel<TDimension, TDimension, TWarps, TExtras>.Run, new KernelSpecialization(32 * TWarps.Value, PrefillGroups > 0 ? PrefillGroups : 8 / TWarps.Value)), toRows ??= LoadCopy<BrainRows>(),
            PrefillKernel<TDimension, TDimension, TWarps, TExtras>.SharedBytes, 16 * TWarps.Value, 32 * TWarps.Value);

    private (PrefillLaunch, BrainLaunch, int, int, int) LoadWarpgroupPrefill<TDimension, TExtras>()
        where TDimension : IConstant
        where TExtras : IConstant =>
        (memory.Accelerator.LoadStreamKernel<RowsView, AttentionInputs, BrainCache, ArrayView<PrefillSequence>, AttentionShape>(
            WarpgroupPrefillKernel<TDimension, TDimension, TExtras>.Run, new KernelSpecialization(WarpgroupPrefillKernel<TDimension, TDimension, TExtras>.Threads, 1)), toBlocks ??= LoadCopy<BrainBlocks>(),
            WarpgroupPrefillKernel<TDimension, TDimension, TExtras>.SharedBytes, WarpgroupPrefillKernel<TDimension, TDimension, TExtras>.Rows, WarpgroupPrefillKernel<TDimension, TDimension, TExtras>.Threads);
}
