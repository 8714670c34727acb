using ILGPU;
using ILGPU.Runtime;
using Managed.Kernels.Gpu.Experts;
using ExpertKernel = System.Action<ILGPU.Runtime.AcceleratorStream, ILGPU.KernelConfig, Managed.Kernels.Gpu.RowsView, ILGPU.ArrayView<float>, int, ILGPU.ArrayView<uint>, int, Managed.Kernels.Gpu.WeightView, int, Managed.Kernels.Gpu.Experts.ExpertTiles>;

namespace Managed.Kernels.Gpu.Matrix;

// Products of stacked experts' weights with the rows that chose them.
internal sealed partial class MatrixKernels
{
    /// <summary>Choices of a tile: what an expert gets on average decides. The bits are the same for each.</summary>
    public static int ExpertTileRows(int choices, int experts) => (choices / experts) switch
    {
        <= 16 => Tile16x32.Tokens,
        <= 32 => Tile32x32.Tokens,
        <= 96 => Tile64x64.Tokens,
        _ => Tile128x128.Tokens,
    };

    /// <summary>Whether a stack can be multiplied here with so many rows.</summary>
    public static bool TakesExperts(WeightType type, WeightView stack, int columns, int rows) =>
        Takes(type, stack, columns) && 4L * rows * BrainPacking.Stride(columns) <= int.MaxValue;

    /// <summary>output[choice] = its expert's rows of the stack · input[choice / Share] + bias.</summary>
    /// <param name="products">Stacks that <see cref="TakesExperts"/>, which share the input; an output's width is an expert's number of rows.</param>
    /// <param name="input">// [choices / Share, columns]</param>
    /// <param name="rows">Rows of the input.</param>
    /// <param name="choices">Choices.</param>
    /// <param name="experts">Experts of a stack.</param>
    /// <param name="tiles">The choices in tiles of <see cref="ExpertTileRows"/>.</param>
    /// <returns>False: nothing was done, for launches are recorded and memory is lacking.</returns>
    public bool TryMultiplyExperts(ReadOnlySpan<MatrixProduct> products, RowsView input, int rows, int choices, int experts, ExpertTiles tiles)
    {
        if (!Reserve(products, rows, input.Width))
            return false;
        Pack(input, rows);
        foreach (MatrixProduct product in products)
            MultiplyExperts(product, choices, experts, tiles);
        return true;
    }

    private void MultiplyExperts(in MatrixProduct product, int choices, int experts, ExpertTiles tiles)
    {
        if (product.Type == WeightType.BF16)
        {
            LaunchExperts(product, product.Weight, 0, choices, experts, tiles);
            return;
        }
        int outputs = product.Output.Width, together = Math.Max(1, PartRows(product.Weight.Columns) / outputs); // whole experts
        for (int first = 0; first < experts; first += together)
            LaunchExperts(product, Unpack(product, first * outputs, Math.Min(together, experts - first) * outputs), first, choices, experts, tiles);
    }

    private void LaunchExperts(in MatrixProduct product, WeightView weight, int first, int choices, int experts, ExpertTiles tiles)
    {
        int rows = ExpertTileRows(choices, experts);
        if (rows == Tile16x32.Tokens)
            LaunchExperts<Tile16x32>(product, weight, first, choices, experts, tiles);
        else if (rows == Tile32x32.Tokens)
            LaunchExperts<Tile32x32>(product, weight, first, choices, experts, tiles);
        else if (rows == Tile64x64.Tokens)
            LaunchExperts<Tile64x64>(product, weight, first, choices, experts, tiles);
        else
            LaunchExperts<Tile128x128>(product, weight, first, choices, experts, tiles);
    }

    private void LaunchExperts<TTile>(in MatrixProduct product, WeightView weight, int first, int choices, int experts, ExpertTiles tiles)
        where TTile : struct, IMatrixTile
    {
        int threads = MatrixKernel.Threads<TTile>();
        if (!kernels.TryGetValue(typeof((TTile, ExpertTile)), out Delegate? kernel))
            kernels[typeof((TTile, ExpertTile))] = kernel =
                memory.Accelerator.LoadKernel<RowsView, ArrayView<float>, int, ArrayView<uint>, int, WeightView, int, ExpertTiles>(
                    MatrixKernel.RunOfExperts<TTile>, new KernelSpecialization(threads, TTile.Resident));
        var config = new KernelConfig(
            new Index2D(Tiles(product.Output.Width, TTile.Outputs), ExpertTiles.Count(choices, TTile.Tokens, experts)), new Index2D(threads, 1),
            SharedMemoryConfig.RequestDynamic<byte>(MatrixKernel.SharedBytes<TTile>()));
        ((ExpertKernel)kernel)(memory.Stream, config, product.Output, product.Bias, product.HasBias ? 1 : 0,
            packed!.View.AsContiguous().Cast<uint>(), BrainPacking.Stride(weight.Columns), weight, first, tiles);
    }
}
