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

    private static readonly Dictionary<ActivationKind, Gates> s_gates = new()
    {
        [ActivationKind.Silu] = new GatesOf<ActivationKernels.Silu>(),
        [ActivationKind.Gelu] = new GatesOf<ActivationKernels.Gelu>(),
        [ActivationKind.GeluTanh] = new GatesOf<ActivationKernels.GeluTanh>(),
        [ActivationKind.Relu] = new GatesOf<ActivationKernels.Relu>(),
    };

    private readonly Dictionary<Type, Delegate> kernels = [];
    private readonly Dictionary<MapKey, int> mapPlaces = [];
    private readonly int multiprocessors;
    private readonly bool hasWarpgroups;
    private MemoryBuffer1D<ulong, Stride1D.Dense>? maps;

    /// <summary>Launches of gated products with one non-linearity.</summary>
    private abstract class Gates
    {
        public abstract bool TryToBrain(MatrixKernels own, ArrayView<uint> hidden, WeightView gate, WeightView up, int tokens);

        public abstract bool TryToRows(MatrixKernels own, RowsView output, WeightView gate, WeightView up, int tokens);
    }

    private sealed class GatesOf<TFunction> : Gates
        where TFunction : struct, IActivationFunction
    {
        public override bool TryToBrain(MatrixKernels own, ArrayView<uint> hidden, WeightView gate, WeightView up, int tokens) =>
            own.TryGates(new GateToBrain<TFunction>(hidden, BrainPacking.Stride(gate.Rows)), gate, up, tokens);

        public override bool TryToRows(MatrixKernels own, RowsView output, WeightView gate, WeightView up, int tokens) =>
            own.TryGates(new GateToRows<TFunction>(output), gate, up, tokens);
    }

    /// <summary>The weights of a launch, and the sizes.</summary>
    private readonly record struct Factors(WeightView First, WeightView Second, WeightView Third, ProductShape Shape)
    {
        public Factors(WeightView only, int tokens)
            : this(only, only, only, new ProductShape(tokens, only.Columns, only.Rows, 0, 0))
        {
        }
    }

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
        if (hasWarpgroups && TryWarpgroups(epilogue, epilogue, epilogue, input, new Factors(weight, tokens)))
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

    /// <summary>Up to three products in one launch.</summary>
    private bool TryTogether(ReadOnlySpan<MatrixProduct> products, ArrayView<uint> input, int tokens)
    {
        if (!hasWarpgroups || products.Length is < 2 or > 3)
            return false;
        foreach (MatrixProduct product in products)
            if (product.Type != WeightType.BF16 || product.Adds)
                return false;
        MatrixProduct first = products[0], second = products[1], third = products[^1];
        var shape = new ProductShape(tokens, first.Weight.Columns, first.Weight.Rows, second.Weight.Rows, products.Length == 3 ? third.Weight.Rows : 0);
        return TryWarpgroups(Store(first), Store(second), Store(third), input, new Factors(first.Weight, second.Weight, third.Weight, shape));
    }

    private static StoreRows Store(in MatrixProduct product) => new(product.Output, product.Bias, product.HasBias ? 1 : 0);

    private bool TryGates<TEpilogue>(TEpilogue epilogue, WeightView gate, WeightView up, int tokens)
        where TEpilogue : struct, IMatrixEpilogue =>
        TryWarpgroups(epilogue, epilogue, epilogue, packed!.View.AsContiguous().Cast<uint>(),
            new Factors(gate, up, up, new ProductShape(tokens, gate.Columns, gate.Rows, 0, 0)));

    private bool TryWarpgroups<TEpilogue>(TEpilogue first, TEpilogue second, TEpilogue third, ArrayView<uint> input, in Factors factors)
        where TEpilogue : struct, IMatrixEpilogue => factors.Shape.Tokens switch
        {
            <= 16 => TryBatch<Batch16, TEpilogue>(first, second, third, input, factors),
            <= 32 => TryBatch<Batch32, TEpilogue>(first, second, third, input, factors),
            < WarpgroupTokens => TryBatch<Batch64, TEpilogue>(first, second, third, input, factors),
            _ => 10 * factors.Shape.Tiles(WarpgroupKernel.Tokens, WarpgroupKernel.Outputs<Warpgroups256, TEpilogue>()) >= 9 * multiprocessors
                ? TryTiles<Warpgroups256, TEpilogue>(first, second, third, input, factors)
                : TryTiles<Warpgroups128, TEpilogue>(first, second, third, input, factors),
        };

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

    private bool TryBatch<TTile, TEpilogue>(TEpilogue first, TEpilogue second, TEpilogue third, ArrayView<uint> input, in Factors factors)
        where TTile : struct, IBatchTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        if (!TryMaps(input, TTile.Tokens, factors, BatchKernel.Outputs, out Maps found))
            return false;
        if (!kernels.TryGetValue(typeof((TTile, TEpilogue)), out Delegate? kernel))
            kernels[typeof((TTile, TEpilogue))] = kernel =
                memory.Accelerator.LoadKernel<TEpilogue, TEpilogue, TEpilogue, ArrayView<ulong>, ArrayView<ulong>, ArrayView<ulong>, ArrayView<ulong>, ProductShape>(
                    BatchKernel.Run<TTile, TEpilogue>, new KernelSpecialization(BatchKernel.Threads, 1));
        var config = new KernelConfig(factors.Shape.Tiles(TTile.Tokens, BatchKernel.Outputs), BatchKernel.Threads,
            SharedMemoryConfig.RequestDynamic<byte>(BatchKernel.SharedBytes<TTile, TEpilogue>()));
        ((Action<AcceleratorStream, KernelConfig, TEpilogue, TEpilogue, TEpilogue, ArrayView<ulong>, ArrayView<ulong>, ArrayView<ulong>, ArrayView<ulong>, ProductShape>)kernel)(
            memory.Stream, config, first, second, third, found.Input, found.First, found.Second, found.Third, factors.Shape);
        return true;
    }

    private bool TryTiles<TTile, TEpilogue>(TEpilogue first, TEpilogue second, TEpilogue third, ArrayView<uint> input, in Factors factors)
        where TTile : struct, IWarpgroupTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        int outputs = WarpgroupKernel.Outputs<TTile, TEpilogue>();
        if (!TryMaps(input, WarpgroupKernel.Tokens, factors, outputs, out Maps found))
            return false;
        if (!kernels.TryGetValue(typeof((TTile, TEpilogue)), out Delegate? kernel))
            kernels[typeof((TTile, TEpilogue))] = kernel =
                memory.Accelerator.LoadKernel<TEpilogue, TEpilogue, TEpilogue, ArrayView<ulong>, ArrayView<ulong>, ArrayView<ulong>, ArrayView<ulong>, ProductShape>(
                    WarpgroupKernel.Run<TTile, TEpilogue>, new KernelSpecialization(WarpgroupKernel.Threads, 1));
        var config = new KernelConfig(Math.Min(factors.Shape.Tiles(WarpgroupKernel.Tokens, outputs), multiprocessors), WarpgroupKernel.Threads,
            SharedMemoryConfig.RequestDynamic<byte>(WarpgroupKernel.SharedBytes<TTile>()));
        ((Action<AcceleratorStream, KernelConfig, TEpilogue, TEpilogue, TEpilogue, ArrayView<ulong>, ArrayView<ulong>, ArrayView<ulong>, ArrayView<ulong>, ProductShape>)kernel)(
            memory.Stream, config, first, second, third, found.Input, found.First, found.Second, found.Third, factors.Shape);
        return true;
    }

    private readonly record struct Maps(ArrayView<ulong> Input, ArrayView<ulong> First, ArrayView<ulong> Second, ArrayView<ulong> Third);

    /// <summary>The maps of a launch's factors in boxes of so many rows.</summary>
    private bool TryMaps(ArrayView<uint> input, int inputRows, in Factors factors, int weightRows, out Maps found)
    {
        found = default;
        if (!TryInputMap(input, factors.Shape.Columns, inputRows, out ArrayView<ulong> rows) || !TryMap(factors.First, weightRows, out ArrayView<ulong> first)
            || !TryMap(factors.Second, weightRows, out ArrayView<ulong> second) || !TryMap(factors.Third, weightRows, out ArrayView<ulong> third))
            return false;
        found = new Maps(rows, first, second, third);
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
