using ILGPU;
using ILGPU.Runtime;

namespace Managed.Tests.Ilgpu.Samples;

/// <summary>Matrices: product with tiles in shared memory, transposition between strides.</summary>
public static class MatrixSamples
{
    private const int Tile = 8;
    private const int M = 20, N = 13, K = 29;

    internal static IEnumerable<SampleCase> Cases =>
    [
        new("matrix multiply, tiles in shared memory", Multiply, ExpectedProduct, 1e-5),
        new("matrix multiply, implicitly grouped", MultiplyNaive, ExpectedProduct, 1e-5),
        new("transposition from one stride to another", Transpose, ExpectedTranspose),
    ];

    private static void TiledKernel(
        ArrayView2D<float, Stride2D.DenseX> a, ArrayView2D<float, Stride2D.DenseX> b, ArrayView2D<float, Stride2D.DenseX> c)
    {
        Index2D global = Grid.GlobalIndex.XY;
        int x = Group.IdxX;
        int y = Group.IdxY;
        ArrayView2D<float, Stride2D.DenseX> aTile = SharedMemory.Allocate2D<float, Stride2D.DenseX>(new Index2D(Tile, Tile), new Stride2D.DenseX(Tile));
        ArrayView2D<float, Stride2D.DenseX> bTile = SharedMemory.Allocate2D<float, Stride2D.DenseX>(new Index2D(Tile, Tile), new Stride2D.DenseX(Tile));
        float sum = 0;
        for (int i = 0; i < a.IntExtent.Y; i += Tile)
        {
            aTile[x, y] = global.X < a.IntExtent.X && y + i < a.IntExtent.Y ? a[global.X, y + i] : 0;
            bTile[x, y] = x + i < b.IntExtent.X && global.Y < b.IntExtent.Y ? b[x + i, global.Y] : 0;
            Group.Barrier();
            for (int k = 0; k < Tile; k++)
            {
                sum += aTile[new Index2D(x, k)] * bTile[new Index2D(k, y)];
            }
            Group.Barrier();
        }
        if (global.X < c.IntExtent.X && global.Y < c.IntExtent.Y)
        {
            c[global] = sum;
        }
    }

    private static void NaiveKernel(
        Index2D index, ArrayView2D<float, Stride2D.DenseX> a, ArrayView2D<float, Stride2D.DenseX> b, ArrayView2D<float, Stride2D.DenseX> c)
    {
        float sum = 0;
        for (int k = 0; k < a.IntExtent.Y; k++)
        {
            sum += a[new Index2D(index.X, k)] * b[new Index2D(k, index.Y)];
        }
        c[index] = sum;
    }

    private static void TransposeKernel(Index2D index, ArrayView2D<int, Stride2D.DenseY> input, ArrayView2D<int, Stride2D.DenseX> output)
        => output[index.Y, index.X] = input[index] + (1000 * index.X);

    private static (float[,] A, float[,] B) Inputs()
    {
        float[] values = SampleCase.Random((M * K) + (K * N), 1);
        float[,] a = new float[M, K];
        float[,] b = new float[K, N];
        Buffer.BlockCopy(values, 0, a, 0, M * K * 4);
        Buffer.BlockCopy(values, M * K * 4, b, 0, K * N * 4);
        return (a, b);
    }

    private static double[] Multiply(Accelerator accelerator)
    {
        (float[,] a, float[,] b) = Inputs();
        using MemoryBuffer2D<float, Stride2D.DenseX> aBuffer = accelerator.Allocate2DDenseX<float>(new Index2D(M, K));
        using MemoryBuffer2D<float, Stride2D.DenseX> bBuffer = accelerator.Allocate2DDenseX<float>(new Index2D(K, N));
        using MemoryBuffer2D<float, Stride2D.DenseX> cBuffer = accelerator.Allocate2DDenseX<float>(new Index2D(M, N));
        aBuffer.CopyFromCPU(a);
        bBuffer.CopyFromCPU(b);
        var kernel = accelerator.LoadStreamKernel<
            ArrayView2D<float, Stride2D.DenseX>, ArrayView2D<float, Stride2D.DenseX>, ArrayView2D<float, Stride2D.DenseX>>(TiledKernel);
        Index2D groupSize = new(Tile, Tile);
        Index2D groups = new((M + Tile - 1) / Tile, (N + Tile - 1) / Tile);
        kernel((groups, groupSize), aBuffer.View, bBuffer.View, cBuffer.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(cBuffer.GetAsArray2D().Cast<float>());
    }

    private static double[] MultiplyNaive(Accelerator accelerator)
    {
        (float[,] a, float[,] b) = Inputs();
        using MemoryBuffer2D<float, Stride2D.DenseX> aBuffer = accelerator.Allocate2DDenseX(a);
        using MemoryBuffer2D<float, Stride2D.DenseX> bBuffer = accelerator.Allocate2DDenseX(b);
        using MemoryBuffer2D<float, Stride2D.DenseX> cBuffer = accelerator.Allocate2DDenseX<float>(new Index2D(M, N));
        var kernel = accelerator.LoadAutoGroupedStreamKernel<
            Index2D, ArrayView2D<float, Stride2D.DenseX>, ArrayView2D<float, Stride2D.DenseX>, ArrayView2D<float, Stride2D.DenseX>>(NaiveKernel);
        kernel(cBuffer.Extent.ToIntIndex(), aBuffer.View, bBuffer.View, cBuffer.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(cBuffer.GetAsArray2D().Cast<float>());
    }

    private static double[] ExpectedProduct()
    {
        (float[,] a, float[,] b) = Inputs();
        float[,] c = new float[M, N];
        for (int i = 0; i < M; i++)
        {
            for (int j = 0; j < N; j++)
            {
                for (int k = 0; k < K; k++)
                {
                    c[i, j] += a[i, k] * b[k, j];
                }
            }
        }
        return SampleCase.Doubles(c.Cast<float>());
    }

    private static int[,] Numbers()
    {
        int[,] numbers = new int[M, N];
        for (int i = 0; i < M; i++)
        {
            for (int j = 0; j < N; j++)
            {
                numbers[i, j] = (i * 37) + j;
            }
        }
        return numbers;
    }

    private static double[] Transpose(Accelerator accelerator)
    {
        using MemoryBuffer2D<int, Stride2D.DenseY> input = accelerator.Allocate2DDenseY(Numbers());
        using MemoryBuffer2D<int, Stride2D.DenseX> output = accelerator.Allocate2DDenseX<int>(new Index2D(N, M));
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView2D<int, Stride2D.DenseY>, ArrayView2D<int, Stride2D.DenseX>>(TransposeKernel);
        kernel(input.IntExtent, input.View, output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray2D().Cast<int>());
    }

    private static double[] ExpectedTranspose()
    {
        int[,] numbers = Numbers();
        return SampleCase.Doubles(Enumerable.Range(0, N).SelectMany(j => Enumerable.Range(0, M).Select(i => numbers[i, j] + (1000 * i))));
    }
}
