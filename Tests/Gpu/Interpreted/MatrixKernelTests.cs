using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Ilgpu.Extensions;
using Managed.Kernels.Gpu;
using Managed.Kernels.Gpu.Matrix;
using Managed.Tests.Ilgpu.Cuda;
using Managed.Tests.Ilgpu.Ptx;

namespace Managed.Tests.Gpu;

/// <summary>Products on tensor cores, as interpreted PTX.</summary>
public class MatrixKernelTests
{
    private static uint[] Brain(Random random, int rows, int columns, out double[,] values)
    {
        int stride = BrainPacking.Stride(columns);
        var words = new uint[rows * stride];
        values = new double[rows, columns];
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++)
            {
                uint bits = BitConverter.SingleToUInt32Bits((float)((random.NextDouble() * 2) - 1)) >> 16;
                words[(r * stride) + (c / 2)] |= bits << (16 * (c & 1));
                values[r, c] = BitConverter.UInt32BitsToSingle(bits << 16);
            }
        return words;
    }

    private static float[,] Run<TTile>(int tokens, int outputs, int columns, bool hasBias, out double[,] expected)
        where TTile : struct, IMatrixTile
    {
        var driver = new InterpretedCudaDriver();
        using var context = Context.Create().ToContext();
        using Accelerator accelerator = CudaDevice.GetDevices(driver).Single().CreateCudaAccelerator(context);
        var random = new Random((tokens * 7919) + (outputs * 31) + columns);
        uint[] x = Brain(random, tokens, columns, out double[,] xs), w = Brain(random, outputs, columns, out double[,] ws);
        float[] bias = [.. Enumerable.Range(0, outputs).Select(_ => random.NextSingle())];
        int stride = BrainPacking.Stride(columns), outputStride = outputs + 3;
        using var input = accelerator.Allocate1D(x);
        using var weights = accelerator.Allocate1D(w);
        using var biases = accelerator.Allocate1D(bias);
        float[] before = [.. Enumerable.Repeat(-77f, tokens * outputStride)];
        using var output = accelerator.Allocate1D(before);
        var weight = new WeightView(weights.View.BaseView, weights.View.BaseView, weights.View.BaseView, outputs, columns, stride, 0, 0);
        var epilogue = new StoreRows(new RowsView(output.View.BaseView, outputs, outputStride), biases.View.BaseView, hasBias ? 1 : 0);
        var kernel = accelerator.LoadStreamKernel<StoreRows, ArrayView<uint>, int, WeightView, int>(
            MatrixKernel.Run<TTile, StoreRows>, new KernelSpecialization(MatrixKernel.Threads<TTile>(), TTile.Resident));
        int groups = ((tokens + TTile.Tokens - 1) / TTile.Tokens) * ((outputs + TTile.Outputs - 1) / TTile.Outputs);
        kernel(new KernelConfig(groups, MatrixKernel.Threads<TTile>(), SharedMemoryConfig.RequestDynamic<byte>(MatrixKernel.SharedBytes<TTile>())),
            epilogue, input.View.BaseView, stride, weight, tokens);
        float[] all = output.GetAsArray1D();
        var result = new float[tokens, outputs];
        expected = new double[tokens, outputs];
        for (int t = 0; t < tokens; t++)
        {
            for (int o = 0; o < outputs; o++)
            {
                result[t, o] = all[(t * outputStride) + o];
                double sum = hasBias ? bias[o] : 0;
                for (int k = 0; k < columns; k++)
                    sum += xs[t, k] * ws[o, k];
                expected[t, o] = sum;
            }
            for (int o = outputs; o < outputStride; o++)
                Assert.That(all[(t * outputStride) + o], Is.EqualTo(-77f), "nothing is written beside the rows");
        }
        return result;
    }

    private static void Check<TTile>(int tokens, int outputs, int columns, bool hasBias = false)
        where TTile : struct, IMatrixTile
    {
        float[,] actual = Run<TTile>(tokens, outputs, columns, hasBias, out double[,] expected);
        double largest = 0;
        for (int t = 0; t < tokens; t++)
            for (int o = 0; o < outputs; o++)
                largest = Math.Max(largest, Math.Abs(actual[t, o] - expected[t, o]));
        Assert.That(largest, Is.LessThan(columns * 4e-7), $"{typeof(TTile).Name}, {tokens} tokens × {outputs} outputs × {columns} columns");
    }

    [Test]
    public void Whole_tiles_and_tails_are_the_sums_of_products()
    {
        Check<Tile16x32>(16, 32, 64);
        Check<Tile16x32>(3, 41, 200, hasBias: true);
        Check<Tile16x32>(37, 33, 8 * 64);
        Check<Tile16x64>(1, 64, 96);
        Check<Tile64x64>(65, 70, 160, hasBias: true);
        Check<Tile128x128>(129, 130, 72);
    }

    private static void CheckWarpgroups<TTile>(int tokens, int outputs, int columns, int groups)
        where TTile : struct, IWarpgroupTile
    {
        var driver = new InterpretedCudaDriver();
        using var context = Context.Create().ToContext();
        using Accelerator accelerator = CudaDevice.GetDevices(driver).Single().CreateCudaAccelerator(context);
        var random = new Random((tokens * 7919) + (outputs * 31) + columns);
        uint[] x = Brain(random, tokens, columns, out double[,] xs), w = Brain(random, outputs, columns, out double[,] ws);
        int stride = BrainPacking.Stride(columns);
        using var input = accelerator.Allocate1D(x);
        using var weights = accelerator.Allocate1D(w);
        using var output = accelerator.Allocate1D<float>(tokens * outputs);
        ulong[] maps = new ulong[2 * TensorMap.Words];
        Assert.That(TensorMap.TryEncode(maps, input.View.BaseView, tokens, columns, stride, WarpgroupKernel.Tokens));
        Assert.That(TensorMap.TryEncode(maps.AsSpan(TensorMap.Words), weights.View.BaseView, outputs, columns, stride, TTile.Outputs));
        using var mapsThere = accelerator.Allocate1D(maps);
        var epilogue = new StoreRows(new RowsView(output.View.BaseView, outputs, outputs), output.View.BaseView, 0);
        var kernel = accelerator.LoadStreamKernel<StoreRows, StoreRows, StoreRows, ArrayView<ulong>, ArrayView<ulong>, ArrayView<ulong>, ArrayView<ulong>, ProductShape>(
            WarpgroupKernel.Run<TTile, StoreRows>, new KernelSpecialization(WarpgroupKernel.Threads, 1));
        ArrayView<ulong> inputMap = mapsThere.View.SubView(0, TensorMap.Words).BaseView, weightMap = mapsThere.View.SubView(TensorMap.Words, TensorMap.Words).BaseView;
        kernel(new KernelConfig(groups, WarpgroupKernel.Threads, SharedMemoryConfig.RequestDynamic<byte>(WarpgroupKernel.SharedBytes<TTile>())),
            epilogue, epilogue, epilogue, inputMap, weightMap, weightMap, weightMap, new ProductShape(tokens, columns, outputs, 0, 0));
        float[] all = output.GetAsArray1D();
        double largest = 0;
        for (int t = 0; t < tokens; t++)
            for (int o = 0; o < outputs; o++)
            {
                double sum = 0;
                for (int k = 0; k < columns; k++)
                    sum += xs[t, k] * ws[o, k];
                largest = Math.Max(largest, Math.Abs(sum - all[(t * outputs) + o]));
            }
        Assert.That(largest, Is.LessThan(columns * 4e-7), $"{typeof(TTile).Name}, {tokens} tokens × {outputs} outputs × {columns} columns");
    }

    [Test]
    public void Warpgroups_multiply_what_the_copy_engine_fetches()
    {
        CheckWarpgroups<Warpgroups128>(130, 130, 72, 3);
        CheckWarpgroups<Warpgroups128>(5, 300, 520, 2);
        CheckWarpgroups<Warpgroups256>(66, 258, 328, 1);
    }
}
