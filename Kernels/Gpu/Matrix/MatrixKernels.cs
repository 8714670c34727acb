using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Ilgpu.Extensions;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>One product: Output[t, o] = Σ_k w[o, k]·x[t, k] + bias[o], or that added to what lies there.</summary>
/// <param name="Output">Where it goes. // [tokens, weight.Rows]</param>
/// <param name="Type">What the weight's planes hold.</param>
/// <param name="Weight">The weight.</param>
/// <param name="Bias">A number for each output, where HasBias. // [weight.Rows]</param>
/// <param name="HasBias">Whether there is a bias.</param>
/// <param name="Adds">Whether Output keeps what it held: Output += Scale · (product).</param>
/// <param name="Scale">Used where Adds.</param>
internal readonly record struct MatrixProduct(
    RowsView Output, WeightType Type, WeightView Weight, ArrayView<float> Bias, bool HasBias, bool Adds = false, float Scale = 1);

/// <summary>
/// Linear layers of several tokens on the tensor cores of NVIDIA GPUs. The input is rounded to bfloat16, weights of other types than
/// bfloat16 are, too; sums are float32. An output's bits depend on its own row of the input and of the weight alone.
/// Nothing here waits for the device; memory grows only while nothing is recorded.
/// </summary>
internal sealed class MatrixKernels : IDisposable
{
    /// <summary>Maps that fit into their buffer; further weights are multiplied without.</summary>
    private const int MostMaps = 4096;

    /// <summary>Words of a weight's part that is unpacked at once.</summary>
    private const long MostUnpacked = 32L << 20;

    /// <summary>From so many tokens on warpgroups are worth their large tiles.</summary>
    private const int WarpgroupTokens = 65;

    private readonly GpuMemory memory;
    private readonly Func<WeightType, WeightKernels> formats;
    private readonly Dictionary<Type, Delegate> kernels = [];
    private readonly Dictionary<MapKey, int> mapPlaces = [];
    private readonly int multiprocessors;
    private readonly bool hasWarpgroups;
    private MemoryBuffer1D<Words, Stride1D.Dense>? packed, unpacked;
    private MemoryBuffer1D<ulong, Stride1D.Dense>? maps;

    private readonly record struct MapKey(nint Address, long Rows, int Columns, int Stride, int BoxRows);

    private MatrixKernels(GpuMemory memory, Func<WeightType, WeightKernels> formats, bool hasWarpgroups)
    {
        (this.memory, this.formats, this.hasWarpgroups) = (memory, formats, hasWarpgroups);
        multiprocessors = memory.Accelerator.NumMultiprocessors;
    }

    /// <summary>The kernels, or null where the device has no such instructions.</summary>
    /// <param name="memory">The device's memory.</param>
    /// <param name="formats">Kernels for a type of weight.</param>
    public static MatrixKernels? For(GpuMemory memory, Func<WeightType, WeightKernels> formats)
    {
#if ILGPU_PACKAGE
        return null; // inline assembly there has no lists of registers
#else
        return memory.Accelerator is CudaAccelerator { Architecture: { Major: >= 8 } architecture }
            ? new MatrixKernels(memory, formats, architecture is { Major: 9, Minor: 0 })
            : null;
#endif
    }

    /// <summary>Multiplies if all shapes are such as are worth it here and, while launches are recorded, if no memory is lacking.</summary>
    /// <param name="products">Products of the same input.</param>
    /// <param name="input">Its rows. // [tokens, columns]</param>
    /// <param name="tokens">Number of rows.</param>
    /// <returns>False: nothing was done, and the plain kernels have to.</returns>
    public bool TryMultiply(ReadOnlySpan<MatrixProduct> products, RowsView input, int tokens)
    {
        if (tokens < 2)
            return false;
        int columns = input.Width;
        foreach (MatrixProduct product in products)
            if (product.Weight.Columns != columns || product.Type is WeightType.F32 or WeightType.F16 || (product.Type == WeightType.BF16 && product.Weight.QuantStride % 4 != 0))
                return false;
        if (!Reserve(products, tokens, columns))
            return false;
        int pieces = BrainPacking.Stride(columns) / 4;
        Pack(memory.Stream, Line(tokens * pieces), packed!.View.AsContiguous(), input, pieces, tokens * pieces);
        foreach (MatrixProduct product in products)
            if (product.Type == WeightType.BF16)
                Multiply(product, 0, product.Weight, tokens);
            else
                MultiplyUnpacked(product, tokens);
        return true;
    }

    /// <summary>Makes room for an input and the largest weight, so that nothing grows later.</summary>
    /// <returns>False where there is not enough room and launches are being recorded.</returns>
    private bool Reserve(ReadOnlySpan<MatrixProduct> products, int tokens, int columns)
    {
        long pieces = BrainPacking.Stride(columns) / 4, weights = 0;
        foreach (MatrixProduct product in products)
            if (product.Type != WeightType.BF16)
                weights = Math.Max(weights, Math.Min(product.Weight.Rows, PartRows(columns)) * pieces);
        return Grow(ref packed, tokens * pieces) && Grow(ref unpacked, weights);
    }

    private bool Grow(ref MemoryBuffer1D<Words, Stride1D.Dense>? buffer, long length)
    {
        if (length <= (buffer?.Length ?? 0))
            return true;
        if (memory.IsRecording)
            return false;
        memory.Free(buffer);
        buffer = memory.Allocate<Words>(length + (length / 4));
        return true;
    }

    /// <summary>Rows of a weight that are unpacked at once; whole tiles.</summary>
    private static int PartRows(int columns) => (int)Math.Max(256, MostUnpacked / BrainPacking.Stride(columns) / 256 * 256);

    private void MultiplyUnpacked(in MatrixProduct product, int tokens)
    {
        int columns = product.Weight.Columns, stride = BrainPacking.Stride(columns), part = PartRows(columns);
        for (int first = 0; first < product.Weight.Rows; first += part)
        {
            int rows = Math.Min(part, product.Weight.Rows - first), pieces = stride / 4;
            formats(product.Type).Unpack(Line((long)rows * pieces), unpacked!.View.AsContiguous(), product.Weight, first, pieces, rows * pieces);
            ArrayView<uint> plane = unpacked.View.AsContiguous().Cast<uint>();
            Multiply(product, first, new WeightView(plane, plane, plane, rows, columns, stride, 0, 0), tokens);
        }
    }

    /// <summary>The outputs from `first` on.</summary>
    private void Multiply(in MatrixProduct product, int first, WeightView weight, int tokens)
    {
        RowsView output = product.Output;
        if (first > 0)
            output = new RowsView(output.Values.SubView(first), output.Width - first, output.Stride);
        ArrayView<float> bias = product.HasBias && first > 0 ? product.Bias.SubView(first) : product.Bias;
        if (product.Adds)
            Launch(new AddToRows(output, output, product.Scale, bias, product.HasBias ? 1 : 0), weight, tokens);
        else
            Launch(new StoreRows(output, bias, product.HasBias ? 1 : 0), weight, tokens);
    }

    private void Launch<TEpilogue>(TEpilogue epilogue, WeightView weight, int tokens)
        where TEpilogue : struct, IMatrixEpilogue
    {
        if (hasWarpgroups && tokens >= WarpgroupTokens)
        {
            bool isWide = Tiles(tokens, WarpgroupKernel.Tokens) * Tiles(weight.Rows, 256) >= multiprocessors;
            if (isWide ? TryWarpgroups<Warpgroups256Overlapped, TEpilogue>(epilogue, weight, tokens) : TryWarpgroups<Warpgroups128Overlapped, TEpilogue>(epilogue, weight, tokens))
                return;
        }
        if (tokens <= 16)
            Warps<Tile16x32, TEpilogue>(epilogue, weight, tokens);
        else if (tokens <= 32)
            Warps<Tile32x32, TEpilogue>(epilogue, weight, tokens);
        else if (tokens <= 64)
            Warps<Tile64x32, TEpilogue>(epilogue, weight, tokens);
        else if (Tiles(tokens, 128) * Tiles(weight.Rows, 256) >= multiprocessors)
            Warps<Tile128x256, TEpilogue>(epilogue, weight, tokens);
        else if (Tiles(tokens, 128) * Tiles(weight.Rows, 128) >= multiprocessors)
            Warps<Tile128x128, TEpilogue>(epilogue, weight, tokens);
        else
            Warps<Tile64x64, TEpilogue>(epilogue, weight, tokens);
    }

    private static int Tiles(int size, int tile) => (size + tile - 1) / tile;

    private void Warps<TTile, TEpilogue>(TEpilogue epilogue, WeightView weight, int tokens)
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
            memory.Stream, config, epilogue, packed!.View.AsContiguous().Cast<uint>(), BrainPacking.Stride(weight.Columns), weight, tokens);
    }

    private bool TryWarpgroups<TTile, TEpilogue>(TEpilogue epilogue, WeightView weight, int tokens)
        where TTile : struct, IWarpgroupTile
        where TEpilogue : struct, IMatrixEpilogue
    {
        ArrayView<uint> input = packed!.View.AsContiguous().Cast<uint>();
        int stride = BrainPacking.Stride(weight.Columns);
        // rows past the tokens are multiplied, too, and stored nowhere; so one map is good for any number of tokens
        if (!TryMap(input, input.Length / stride, weight.Columns, stride, WarpgroupKernel.Tokens, out ArrayView<ulong> inputMap)
            || !TryMap(weight.Quants, weight.Rows, weight.Columns, weight.QuantStride, TTile.Outputs, out ArrayView<ulong> weightMap))
            return false;
        if (!kernels.TryGetValue(typeof((TTile, TEpilogue)), out Delegate? kernel))
            kernels[typeof((TTile, TEpilogue))] = kernel = memory.Accelerator.LoadKernel<TEpilogue, ArrayView<ulong>, ArrayView<ulong>, int, int, int>(
                WarpgroupKernel.Run<TTile, TEpilogue>, new KernelSpecialization(WarpgroupKernel.Threads, 1));
        int tiles = Tiles(tokens, WarpgroupKernel.Tokens) * Tiles(weight.Rows, TTile.Outputs);
        var config = new KernelConfig(Math.Min(tiles, multiprocessors), WarpgroupKernel.Threads, SharedMemoryConfig.RequestDynamic<byte>(WarpgroupKernel.SharedBytes<TTile>()));
        ((Action<AcceleratorStream, KernelConfig, TEpilogue, ArrayView<ulong>, ArrayView<ulong>, int, int, int>)kernel)(
            memory.Stream, config, epilogue, inputMap, weightMap, tokens, weight.Rows, weight.Columns);
        return true;
    }

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

    private Action<AcceleratorStream, KernelConfig, ArrayView<Words>, RowsView, int, int> Pack
    {
        get
        {
            if (!kernels.TryGetValue(typeof(Words), out Delegate? kernel))
                kernels[typeof(Words)] = kernel = memory.Accelerator.LoadKernel<ArrayView<Words>, RowsView, int, int>(BrainPacking.Pack);
            return (Action<AcceleratorStream, KernelConfig, ArrayView<Words>, RowsView, int, int>)kernel;
        }
    }

    private static KernelConfig Line(long threads) => new((int)((threads + 255) / 256), 256);

    public void Dispose()
    {
        memory.Free(packed);
        memory.Free(unpacked);
        memory.Free(maps);
    }
}
