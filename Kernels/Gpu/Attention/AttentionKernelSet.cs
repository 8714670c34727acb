using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using DecodeLaunch = System.Action<ILGPU.KernelConfig, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.Attention.DecodeScratch, Managed.Kernels.Gpu.AttentionInputs, Managed.Kernels.Gpu.Attention.PagedCache, Managed.Kernels.Gpu.AttentionShape>;
using BrainLaunch = System.Action<ILGPU.KernelConfig, ILGPU.ArrayView<Managed.Kernels.Gpu.Attention.FourBrains>, Managed.Kernels.Gpu.Attention.PagedCache, ILGPU.ArrayView<Managed.Kernels.Gpu.Attention.PrefillSequence>, int, int, int, int>;
using PrefillLaunch = System.Action<ILGPU.KernelConfig, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.AttentionInputs, Managed.Kernels.Gpu.Attention.BrainCache, ILGPU.ArrayView<Managed.Kernels.Gpu.Attention.PrefillSequence>, Managed.Kernels.Gpu.AttentionShape>;
using RopeStoreLaunch = System.Action<ILGPU.KernelConfig, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.RowsView, Managed.Kernels.Gpu.CacheView, ILGPU.ArrayView<int>, ILGPU.ArrayView<int>, ILGPU.ArrayView<float>, Managed.Kernels.Gpu.Attention.HeadNorm, Managed.Kernels.Gpu.Attention.HeadNorm, Managed.Kernels.Gpu.Attention.RopeStoreShape>;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>
/// Attention on NVIDIA GPUs from compute capability 8.0 on. What it refuses is left to <see cref="AttentionKernels"/>. Its scratch memory grows
/// when a call needs more: never while a graph is recorded, if the same call was made once before.
/// </summary>
internal sealed class AttentionKernelSet(GpuMemory memory) : IDisposable
{
    private readonly Dictionary<(int Key, int Value, int Tiles, int Warps, int Groups), DecodeLaunch> decode = [];

    /// <summary>Groups of a multiprocessor that registers are measured for, where not the usual number; for measurements.</summary>
    public int Groups { get; init; }

    /// <summary>As <see cref="Groups"/>, of prefill.</summary>
    public int PrefillGroups { get; init; }

    /// <summary>Warps of a group of prefill, 4 or 8, where not chosen by the step; for measurements.</summary>
    public int PrefillWarps { get; init; }

    /// <summary>Warps of a group: 4 or 8; for measurements.</summary>
    public int Warps { get; init; } = 4;
    private readonly Dictionary<(int Key, int Value, int Warps), (PrefillLaunch Launch, int SharedBytes)> prefill = [];
    private RopeStoreLaunch? ropeStore;
    private BrainLaunch? toBrains;
    private HostTable<PrefillSequence>? sequenceTable;
    private MemoryBuffer1D<FourBrains, Stride1D.Dense>? brainKeys, brainValues;
    private MemoryBuffer1D<Four, Stride1D.Dense>? mixed;
    private MemoryBuffer1D<Pair, Stride1D.Dense>? totals;
    private MemoryBuffer1D<int, Stride1D.Dense>? finished;

    /// <summary>The kernels for a device, or null where it is none that they are for.</summary>
    public static AttentionKernelSet? For(GpuMemory memory) =>
        memory.Accelerator is CudaAccelerator { Architecture: var architecture } && architecture >= CudaArchitecture.SM_80 ? new AttentionKernelSet(memory) : null;

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
        int group = settings.Heads / settings.KeyHeads, tiles = group <= 8 || settings.ValueDimension > 128 || settings.KeyDimension > 128 ? 1 : 2;
        if (!PagedCache.Fits(cache) || rows > 65535 || Decode(settings.KeyDimension, settings.ValueDimension, tiles, Warps, Groups) is not { } kernel)
            return false;
        int splits = DecodeSplits.Bound(longest, settings.Window, 16 * Warps), parts = settings.KeyHeads * ((group + (8 * tiles) - 1) / (8 * tiles));
        if (parts > 65535)
            return false;
        DecodeScratch scratch = Scratch(rows, parts, splits, 8 * tiles, settings.ValueDimension);
        kernel(new KernelConfig(new Index3D(splits, parts, rows), new Index3D(32 * Warps, 1, 1)), output, scratch, inputs, new PagedCache(cache), new AttentionShape(settings));
        return true;
    }

    /// <summary>
    /// Norms (where there are norms) and turns queries in place, keys on their way into the cache, and writes values there, for tokens that share
    /// a rope table; the bits of the plain operations one after the other.
    /// </summary>
    /// <param name="queries">[tokens, Heads · KeyDimension]</param>
    /// <param name="keys">[tokens, KeyHeads · KeyDimension]; left as they are.</param>
    /// <param name="values">[tokens, KeyHeads · ValueDimension]</param>
    /// <param name="cache">Where keys and values go.</param>
    /// <param name="positions">Of every token of the step.</param>
    /// <param name="sequenceOf">Of every token of the step.</param>
    /// <param name="angles">What <see cref="RopeAngles"/> gives; anything where no element turns.</param>
    /// <param name="queryNorm">With the norm's gain in the device's memory.</param>
    /// <param name="keyNorm">As `queryNorm`.</param>
    /// <param name="shape">Tokens, heads, which elements turn.</param>
    /// <returns>False: nothing was done, heads are too wide.</returns>
    public bool TryRopeAndStore(RowsView queries, RowsView keys, RowsView values, in CacheView cache, ArrayView<int> positions, ArrayView<int> sequenceOf,
        ArrayView<float> angles, HeadNorm queryNorm, HeadNorm keyNorm, RopeStoreShape shape)
    {
        if (cache.KeyDimension > RopeStoreKernel.MostElements)
            return false;
        ropeStore ??= memory.Accelerator.LoadStreamKernel<RowsView, RowsView, RowsView, CacheView, ArrayView<int>, ArrayView<int>, ArrayView<float>, HeadNorm, HeadNorm, RopeStoreShape>(
            RopeStoreKernel.Run, new KernelSpecialization(32 * RopeStoreKernel.Warps, null));
        long units = (long)shape.Tokens * (shape.Heads + (2 * cache.KeyHeads)), groups = (units + RopeStoreKernel.Warps - 1) / RopeStoreKernel.Warps;
        if (groups > int.MaxValue / RopeStoreKernel.Warps)
            return false;
        ropeStore(new KernelConfig((int)groups, 32 * RopeStoreKernel.Warps), queries, keys, values, cache, positions, sequenceOf, angles, queryNorm, keyNorm, shape);
        return true;
    }

    /// <summary>Whether a norm of heads is one that <see cref="TryRopeAndStore"/> knows.</summary>
    public static bool Fits(NormSettings norm, int heads) => norm.Kind == NormKind.Rms && norm.Segments == heads && norm.Bias is null;

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
        if (sequences.Length is 0 or > 65535 || settings.Heads > 65535 || !PagedCache.Fits(cache))
            return false;
        int warps = PrefillWarps > 0 ? PrefillWarps : most > 64 ? 8 : 4;
        if (Prefill(settings.KeyDimension, settings.ValueDimension, warps) is not { } kernel)
            return false;
        int positions = (longest + 63) / 64 * 64, rows = 16 * warps, tiles = 0;
        foreach ((_, int firstPosition, int tokens) in sequences)
            tiles = Math.Max(tiles, ((firstPosition + tokens - 1) / rows) - (firstPosition / rows) + 1);
        sequenceTable ??= new HostTable<PrefillSequence>(memory);
        ArrayView<PrefillSequence> table = sequenceTable.View(sequences);
        long heads = (long)sequences.Length * settings.KeyHeads * positions;
        Grow(ref brainKeys, heads * settings.KeyDimension / 4);
        Grow(ref brainValues, heads * settings.ValueDimension / 4);
        var paged = new PagedCache(cache);
        ArrayView<FourBrains> keys = brainKeys!.View.AsContiguous().SubView(0, heads * settings.KeyDimension / 4), values = brainValues!.View.AsContiguous().SubView(0, heads * settings.ValueDimension / 4);
        toBrains ??= memory.Accelerator.LoadStreamKernel<ArrayView<FourBrains>, PagedCache, ArrayView<PrefillSequence>, int, int, int, int>(BrainCacheKernel.Run, new KernelSpecialization(256, null));
        toBrains(new KernelConfig((int)((keys.Length + 255) / 256), 256), keys, paged, table, positions, settings.KeyHeads, settings.KeyDimension / 4, paged.KeyStart);
        toBrains(new KernelConfig((int)((values.Length + 255) / 256), 256), values, paged, table, positions, settings.KeyHeads, settings.ValueDimension / 4, paged.ValueStart);
        kernel.Launch(new KernelConfig(new Index3D(tiles, settings.Heads, sequences.Length), new Index3D(32 * warps, 1, 1), SharedMemoryConfig.RequestDynamic<byte>(kernel.SharedBytes)),
            output, inputs, new BrainCache(keys, values, positions), table, new AttentionShape(settings));
        return true;
    }

    private (PrefillLaunch Launch, int SharedBytes)? Prefill(int key, int value, int warps)
    {
        if (prefill.TryGetValue((key, value, warps), out (PrefillLaunch, int) known))
            return known;
        (PrefillLaunch, int)? fresh = (key, value, warps) switch
        {
            (64, 64, _) => LoadPrefill<Dimension64>(warps),
            (96, 96, _) => LoadPrefill<Dimension96>(warps),
            (128, 128, _) => LoadPrefill<Dimension128>(warps),
            (256, 256, _) => LoadPrefill<Dimension256>(warps),
            _ => null,
        };
        if (fresh is { } kernel)
            prefill[(key, value, warps)] = kernel;
        return fresh;
    }

    private (PrefillLaunch, int) LoadPrefill<TDimension>(int warps)
        where TDimension : ISize => warps == 4 ? LoadPrefill<TDimension, FourWarps>() : LoadPrefill<TDimension, EightWarps>();

    private (PrefillLaunch, int) LoadPrefill<TDimension, TWarps>()
        where TDimension : ISize
        where TWarps : ISize =>
        (memory.Accelerator.LoadStreamKernel<RowsView, AttentionInputs, BrainCache, ArrayView<PrefillSequence>, AttentionShape>(
            PrefillKernel<TDimension, TDimension, TWarps>.Run, new KernelSpecialization(32 * TWarps.Value, PrefillGroups > 0 ? PrefillGroups : 8 / TWarps.Value)),
            PrefillKernel<TDimension, TDimension, TWarps>.SharedBytes);

    private DecodeScratch Scratch(int rows, int parts, int splits, int heads, int valueDimension)
    {
        long places = splits == 1 ? 1 : (long)rows * parts * splits;
        Grow(ref mixed, places * heads * valueDimension / 4);
        Grow(ref totals, places * heads);
        if (Grow(ref finished, (long)rows * parts))
            finished!.MemSetToZero(memory.Stream);
        return new DecodeScratch(mixed!.View.AsContiguous(), totals!.View.AsContiguous(), finished!.View.AsContiguous());
    }

    private bool Grow<T>(ref MemoryBuffer1D<T, Stride1D.Dense>? buffer, long length)
        where T : unmanaged
    {
        if (buffer is not null && buffer.Length >= length)
            return false;
        MemoryBuffer1D<T, Stride1D.Dense>? old = buffer;
        buffer = null;
        memory.Free(old);
        buffer = memory.Allocate<T>(length);
        return true;
    }

    private DecodeLaunch? Decode(int key, int value, int tiles, int warps, int groups)
    {
        if (decode.TryGetValue((key, value, tiles, warps, groups), out DecodeLaunch? known))
            return known;
        DecodeLaunch? fresh = (key, value, tiles) switch
        {
            (64, 64, 1) => Load<Dimension64, One>(warps, groups > 0 ? groups : 3),
            (64, 64, 2) => Load<Dimension64, Two>(warps, groups > 0 ? groups : 3),
            (96, 96, 1) => Load<Dimension96, One>(warps, groups > 0 ? groups : 3),
            (128, 128, 1) => Load<Dimension128, One>(warps, groups > 0 ? groups : 3),
            (128, 128, 2) => Load<Dimension128, Two>(warps, groups > 0 ? groups : 2),
            (256, 256, 1) => Load<Dimension256, One>(warps, groups > 0 ? groups : 2),
            _ => null,
        };
        if (fresh is not null)
            decode[(key, value, tiles, warps, groups)] = fresh;
        return fresh;
    }

    private DecodeLaunch Load<TDimension, TTiles>(int warps, int groups)
        where TDimension : ISize
        where TTiles : ISize => warps == 4 ? Load<TDimension, TDimension, TTiles, FourWarps>(groups) : Load<TDimension, TDimension, TTiles, EightWarps>(groups);

    private DecodeLaunch Load<TKey, TValue, TTiles, TWarps>(int groupsPerMultiprocessor)
        where TKey : ISize
        where TValue : ISize
        where TTiles : ISize
        where TWarps : ISize =>
        memory.Accelerator.LoadStreamKernel<RowsView, DecodeScratch, AttentionInputs, PagedCache, AttentionShape>(
            DecodeKernel<TKey, TValue, TTiles, TWarps>.Run, new KernelSpecialization(32 * TWarps.Value, groupsPerMultiprocessor));

    public void Dispose()
    {
        memory.Free(mixed);
        memory.Free(totals);
        memory.Free(finished);
        sequenceTable?.Dispose();
        memory.Free(brainKeys);
        memory.Free(brainValues);
    }
}
