using ILGPU;
using ILGPU.Runtime;
using Managed.Ilgpu.Extensions;

namespace Managed.Kernels.Gpu.Matrix;

// Which kernel and tile a product gets. Speeds are an H200's, of bfloat16 weights.
internal sealed partial class MatrixKernels
{
    /// <summary>From so many tokens on the large tiles of warpgroups are worth it.</summary>
    private const int WarpgroupTokens = 65;

    /// <summary>Maps that fit into their buffer; further weights are multiplied without.</summary>
    private const int MostMaps = 4096;

    private static readonly Dictionary<ActivationKind, GateLauncher> s_gates = new()
    {
        [ActivationKind.Silu] = Gate<ActivationKernels.Silu>,
        [ActivationKind.Gelu] = Gate<ActivationKernels.Gelu>,
        [ActivationKind.GeluTanh] = Gate<ActivationKernels.GeluTanh>,
        [ActivationKind.Relu] = Gate<ActivationKernels.Relu>,
    };

    private readonly Dictionary<Type, Delegate> kernels = [];
    private readonly Dictionary<MapKey, int> mapPlaces = [];
    private readonly int multiprocessors;
    private readonly bool hasWarpgroups;
    private MemoryBuffer1D<ulong, Stride1D.Dense>? maps;

    private delegate bool GateLauncher(MatrixKernels own, ArrayView<uint> hidden, WeightView gate, WeightView up, int tokens);

    private readonly record struct MapKey(nint Address, long Rows, int Columns, int Stride, int BoxRows);

    private Action<AcceleratorStream, KernelConfig, ArrayView<Words>, RowsView, int, int> Packing
    {
        get
        {
            if (!kernels.TryGetValue(typeof(Words), out Delegate? kernel))
                kernels[typeof(Words)] = kernel = memory.Accelerator.LoadKernel<ArrayView<Words>, RowsView, int, int>(BrainPacking.Pack);
            return (Action<AcceleratorStream, KernelConfig, ArrayView<Words>, RowsView, int, int>)kernel;
        }
    }

    private void Launch<TEpilogue>(TEpilogue epilogue, ArrayView<uint> input, WeightView weight, int tokens)
        where TEpilogue : struct, IMatrixEpilogue
    {
        if (hasWarpgroups && TryWarpgroups(epilogue, input, weight, tokens))
            return;
        if (tokens <= 16)
            Warps<Tile16x32, TEpilogue>(epilogue, input, weight, tokens);
        else if (tokens <= 64)
            Warps<Tile32x32, TEpilogue>(epilogue, input, weight, tokens);
        else if (Tiles(tokens, 128) * Tiles(weight.Rows, 256) >= multiprocessors)
            Warps<Tile128x256, TEpilogue>(epilogue, input, weight, tokens);
        else if (Tiles(tokens, 128) * Tiles(weight.Rows, 128) >= multiprocessors)
            Warps<Tile128x128Wide, TEpilogue>(epilogue, input, weight, tokens);
        else
            Warps<Tile64x64, TEpilogue>(epilogue, input, weight, tokens);
    }

    private bool TryWarpgroups<TEpilogue>(TEpilogue epilogue, ArrayView<uint> input, WeightView weight, int tokens)
        where TEpilogue : struct, IMatrixEpilogue => tokens switch
        {
            <= 16 => TryBatch<Batch16, TEpilogue>(epilogue, input, weight, tokens),
            <= 32 => TryBatch<Batch32, TEpilogue>(epilogue, input, weight, tokens),
            < WarpgroupTokens => TryBatch<Batch64, TEpilogue>(epilogue, input, weight, tokens),
            _ => IsWide(tokens, weight.Rows, 256)
                ? TryTiles<Warpgroups256, TEpilogue>(epilogue, input, weight, weight, tokens)
                : TryTiles<Warpgroups128, TEpilogue>(epilogue, input, weight, weight, tokens),
        };

    /// <summary>Whether wide tiles keep nearly all multiprocessors busy.</summary>
    private bool IsWide(int tokens, int outputs, int tile) => 10 * Tiles(tokens, WarpgroupKernel.Tokens) * Tiles(outputs, tile) >= 9 * multiprocessors;

    private static bool Gate<TFunction>(MatrixKernels own, ArrayView<uint> hidden, WeightView gate, WeightView up, int tokens)
        where TFunction : struct, IActivationFunction
    {
        var epilogue = new GateToBrain<TFunction>(hidden, BrainPacking.Stride(gate.Rows));
        ArrayView<uint> input = own.packed!.View.AsContiguous().Cast<uint>();
        return own.IsWide(tokens, gate.Rows, 128)
            ? own.TryTiles<Warpgroups256, GateToBrain<TFunction>>(epilogue, input, gate, up, tokens)
            : own.TryTiles<Warpgroups128, GateToBrain<TFunction>>(epilogue, input, gate, up, tokens);
    }

    private static int Tiles(int size, int tile) => (size + tile - 1) / tile;

    private void Warps<TTile, TEpilogue>(TEpilogue epilogue, ArrayView<uint> input, WeightView weight, int tokens)
        where TTile : struct, IMatrixTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        int threads = MatrixKernel.Threads<TTile>();
        if (!kernels.TryGetValue(typeof((TTile, TEpilogue)), out Delegate? kernel))
            kernels[typeof((TTile, TEpilogue))] = kernel = memory.Accelerator.LoadKernel<TEpilogue, ArrayView<uint>, int, WeightView, int>(
                MatrixKernel.Run<TTile, TEpilogue>, new KernelSpecialization(threads, TTile.Resident));
        var config = new KernelConfig(Tiles(tokens, TTile.Tokens) * Tiles(weight.Rows, TTile.Outputs), threads,
            SharedMemoryConfig.RequestDynamic<byte>(MatrixKernel.SharedBytes<TTile>()));
        ((Action<AcceleratorStream, KernelConfig, TEpilogue, ArrayView<uint>, int, WeightView, int>)kernel)(
            memory.Stream, config, epilogue, input, BrainPacking.Stride(weight.Columns), weight, tokens);
    }

    private bool TryBatch<TTile, TEpilogue>(TEpilogue epilogue, ArrayView<uint> input, WeightView weight, int tokens)
        where TTile : struct, IBatchTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        if (!TryInputMap(input, weight.Columns, TTile.Tokens, out ArrayView<ulong> inputMap) || !TryMap(weight, BatchKernel.Outputs, out ArrayView<ulong> weightMap))
            return false;
        if (!kernels.TryGetValue(typeof((TTile, TEpilogue)), out Delegate? kernel))
            kernels[typeof((TTile, TEpilogue))] = kernel = memory.Accelerator.LoadKernel<TEpilogue, ArrayView<ulong>, ArrayView<ulong>, int, int, int>(
                BatchKernel.Run<TTile, TEpilogue>, new KernelSpecialization(BatchKernel.Threads, 1));
        var config = new KernelConfig(new Index2D(Tiles(weight.Rows, BatchKernel.Outputs), Tiles(tokens, TTile.Tokens)), new Index2D(BatchKernel.Threads, 1),
            SharedMemoryConfig.RequestDynamic<byte>(BatchKernel.SharedBytes<TTile>()));
        ((Action<AcceleratorStream, KernelConfig, TEpilogue, ArrayView<ulong>, ArrayView<ulong>, int, int, int>)kernel)(
            memory.Stream, config, epilogue, inputMap, weightMap, tokens, weight.Rows, weight.Columns);
        return true;
    }

    /// <param name="epilogue">Where sums go.</param>
    /// <param name="input">Packed rows.</param>
    /// <param name="weight">The weight.</param>
    /// <param name="second">The second one where the epilogue is gated, else the same.</param>
    /// <param name="tokens">Rows of the input.</param>
    private bool TryTiles<TTile, TEpilogue>(TEpilogue epilogue, ArrayView<uint> input, WeightView weight, WeightView second, int tokens)
        where TTile : struct, IWarpgroupTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        int outputs = WarpgroupKernel.Outputs<TTile, TEpilogue>();
        if (!TryInputMap(input, weight.Columns, WarpgroupKernel.Tokens, out ArrayView<ulong> inputMap)
            || !TryMap(weight, outputs, out ArrayView<ulong> weightMap) || !TryMap(second, outputs, out ArrayView<ulong> secondMap))
            return false;
        if (!kernels.TryGetValue(typeof((TTile, TEpilogue)), out Delegate? kernel))
            kernels[typeof((TTile, TEpilogue))] = kernel = memory.Accelerator.LoadKernel<TEpilogue, ArrayView<ulong>, ArrayView<ulong>, ArrayView<ulong>, int, int, int>(
                WarpgroupKernel.Run<TTile, TEpilogue>, new KernelSpecialization(WarpgroupKernel.Threads, 1));
        int tiles = Tiles(tokens, WarpgroupKernel.Tokens) * Tiles(weight.Rows, outputs);
        var config = new KernelConfig(Math.Min(tiles, multiprocessors), WarpgroupKernel.Threads, SharedMemoryConfig.RequestDynamic<byte>(WarpgroupKernel.SharedBytes<TTile>()));
        ((Action<AcceleratorStream, KernelConfig, TEpilogue, ArrayView<ulong>, ArrayView<ulong>, ArrayView<ulong>, int, int, int>)kernel)(
            memory.Stream, config, epilogue, inputMap, weightMap, secondMap, tokens, weight.Rows, weight.Columns);
        return true;
    }

    // Rows past the tokens are multiplied, too, and stored nowhere; so one map is good for any number of tokens.
    private bool TryInputMap(ArrayView<uint> input, int columns, int boxRows, out ArrayView<ulong> map)
    {
        int stride = BrainPacking.Stride(columns);
        return TryMap(input, input.Length / stride, columns, stride, boxRows, out map);
    }

    private bool TryMap(WeightView weight, int boxRows, out ArrayView<ulong> map) =>
        TryMap(weight.Quants, weight.Rows, weight.Columns, weight.QuantStride, boxRows, out map);

    /// <summary>The matrix's map on the device. A new one is written when it is first asked for, which must not be while launches are recorded.</summary>
    private bool TryMap(ArrayView<uint> matrix, long rows, int columns, int stride, int boxRows, out ArrayView<ulong> map)
    {
        var key = new MapKey(TensorMap.AddressOf(matrix), rows, columns, stride, boxRows);
        map = default;
        if (!mapPlaces.TryGetValue(key, out int place))
        {
            Span<ulong> words = stackalloc ulong[TensorMap.Words];
            if (memory.IsRecording || mapPlaces.Count == MostMaps || !TensorMap.TryEncode(words, matrix, rows, columns, stride, boxRows))
                return false;
            maps ??= memory.Allocate<ulong>(MostMaps * TensorMap.Words);
            place = mapPlaces[key] = mapPlaces.Count;
            memory.Upload<ulong>(maps.View.AsContiguous().SubView(place * TensorMap.Words, TensorMap.Words), words);
        }
        map = maps!.View.AsContiguous().SubView(place * TensorMap.Words, TensorMap.Words);
        return true;
    }
}
