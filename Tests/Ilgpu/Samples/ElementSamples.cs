using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Managed.Tests.Ilgpu.Samples;

/// <summary>One thread per element: Mandelbrot, mathematics, bits, specialised values, indices of all dimensions.</summary>
public static class ElementSamples
{
    private const int Width = 24, Height = 17, Iterations = 100;

    internal static IEnumerable<SampleCase> Cases =>
    [
        new("Mandelbrot", Mandelbrot, ExpectedMandelbrot),
        new("mathematical functions", Mathematics, ExpectedMathematics, 4e-7),
        new("bits and integers", Bits, ExpectedBits),
        new("specialised value", Specialised, () => [.. Enumerable.Range(0, 33).Select(i => (double)(i * 5) + 3)]),
        new("three dimensions", Cube, ExpectedCube),
        new("64-bit index", LongIndex, () => [.. Enumerable.Range(0, 50).Select(i => (double)((i * 3L) << 32))], BeyondPackage: true),
        new("loop with early exit and nested calls", Collatz, () => [.. Enumerable.Range(1, 60).Select(i => (double)CollatzSteps(i))]),
    ];

    private static void MandelbrotKernel(Index2D index, ArrayView2D<int, Stride2D.DenseX> output, int limit)
    {
        float cx = (index.X * 3f / Width) - 2f;
        float cy = (index.Y * 2f / Height) - 1f;
        float x = 0;
        float y = 0;
        int count = 0;
        while (count < limit && (x * x) + (y * y) < 4f)
        {
            float next = (x * x) - (y * y) + cx;
            y = (2f * x * y) + cy;
            x = next;
            count++;
        }
        output[index] = count;
    }

    private static double[] Mandelbrot(Accelerator accelerator)
    {
        using MemoryBuffer2D<int, Stride2D.DenseX> output = accelerator.Allocate2DDenseX<int>(new Index2D(Width, Height));
        accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView2D<int, Stride2D.DenseX>, int>(MandelbrotKernel)(
            new Index2D(Width, Height), output.View, Iterations);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray2D().Cast<int>());
    }

    private static double[] ExpectedMandelbrot()
    {
        List<double> expected = [];
        for (int i = 0; i < Width; i++)
        {
            for (int j = 0; j < Height; j++)
            {
                float cx = (i * 3f / Width) - 2f;
                float cy = (j * 2f / Height) - 1f;
                float x = 0, y = 0;
                int count = 0;
                while (count < Iterations && (x * x) + (y * y) < 4f)
                {
                    float next = (x * x) - (y * y) + cx;
                    y = (2f * x * y) + cy;
                    x = next;
                    count++;
                }
                expected.Add(count);
            }
        }
        return [.. expected];
    }

    private const int Functions = 14;

    private static void MathKernel(Index1D index, ArrayView<float> input, ArrayView<float> output)
    {
        float x = input[index];
        int at = index.X * Functions;
        output[at] = XMath.Exp(x);
        output[at + 1] = XMath.Log(x + 2);
        output[at + 2] = XMath.Sin(x * 10);
        output[at + 3] = XMath.Cos(x * 10);
        output[at + 4] = XMath.Tanh(x);
        output[at + 5] = XMath.Pow(x + 2, 1.7f);
        output[at + 6] = XMath.Sqrt(x + 1.5f);
        output[at + 7] = XMath.Rsqrt(x + 1.5f);
        output[at + 8] = XMath.Floor(x * 7);
        output[at + 9] = XMath.Max(x, 0.25f);
        output[at + 10] = XMath.Abs(x);
        output[at + 11] = XMath.Atan2(x, 0.5f);
        output[at + 12] = IntrinsicMath.Min(x, -0.25f);
        output[at + 13] = XMath.Log2(x + 3);
    }

    private static double[] Mathematics(Accelerator accelerator)
    {
        float[] values = SampleCase.Random(40, 5);
        using MemoryBuffer1D<float, Stride1D.Dense> input = accelerator.Allocate1D(values);
        using MemoryBuffer1D<float, Stride1D.Dense> output = accelerator.Allocate1D<float>(values.Length * Functions);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>>(MathKernel)(values.Length, input.View, output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }

    private static double[] ExpectedMathematics()
        => [.. SampleCase.Random(40, 5).SelectMany(x => new[]
        {
            Math.Exp(x), Math.Log(x + 2), Math.Sin(x * 10), Math.Cos(x * 10), Math.Tanh(x), Math.Pow(x + 2, 1.7f), Math.Sqrt(x + 1.5f),
            1 / Math.Sqrt(x + 1.5f), Math.Floor(x * 7), Math.Max(x, 0.25f), Math.Abs(x), Math.Atan2(x, 0.5f), Math.Min(x, -0.25f), Math.Log2(x + 3),
        })];

    private static void BitsKernel(Index1D index, ArrayView<int> output)
    {
        int x = (index.X * 2654435) + 12345;
        int at = index.X * 6;
        output[at] = XMath.PopCount(x);
        output[at + 1] = XMath.LeadingZeroCount((uint)x);
        output[at + 2] = XMath.TrailingZeroCount(x);
        output[at + 3] = (int)Interop.FloatAsInt((float)x);
        output[at + 4] = XMath.DivRoundUp(x, 1000);
        output[at + 5] = (int)Interop.IntAsFloat((uint)(0x3f800000 + (index.X << 23)));
    }

    private static double[] Bits(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> output = accelerator.Allocate1D<int>(20 * 6);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(BitsKernel)(20, output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }

    private static double[] ExpectedBits()
        => [.. Enumerable.Range(0, 20).SelectMany(i =>
        {
            int x = (i * 2654435) + 12345;
            return new double[]
            {
                int.PopCount(x), int.LeadingZeroCount(x), int.TrailingZeroCount(x), BitConverter.SingleToInt32Bits(x), (x + 999) / 1000, Math.Pow(2, i),
            };
        })];

    private static void SpecialisedKernel(Index1D index, ArrayView<int> output, SpecializedValue<int> factor, int addend)
        => output[index] = (index.X * factor) + addend;

    private static double[] Specialised(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> output = accelerator.Allocate1D<int>(33);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, SpecializedValue<int>, int>(SpecialisedKernel);
        kernel(33, output.View, SpecializedValue.New(4), 1);
        kernel(33, output.View, SpecializedValue.New(5), 3);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }

    private static void CubeKernel(Index3D index, ArrayView3D<int, Stride3D.DenseXY> output)
        => output[index] = index.X + (10 * index.Y) + (100 * index.Z);

    private static double[] Cube(Accelerator accelerator)
    {
        using MemoryBuffer3D<int, Stride3D.DenseXY> output = accelerator.Allocate3DDenseXY<int>(new LongIndex3D(5, 4, 3));
        accelerator.LoadAutoGroupedStreamKernel<Index3D, ArrayView3D<int, Stride3D.DenseXY>>(CubeKernel)(new Index3D(5, 4, 3), output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray3D().Cast<int>());
    }

    private static double[] ExpectedCube()
        => [.. from x in Enumerable.Range(0, 5) from y in Enumerable.Range(0, 4) from z in Enumerable.Range(0, 3) select (double)(x + (10 * y) + (100 * z))];

    private static void LongIndexKernel(LongIndex1D index, ArrayView<long> output) => output[index] = (index.X * 3) << 32;

    private static double[] LongIndex(Accelerator accelerator)
    {
        using MemoryBuffer1D<long, Stride1D.Dense> output = accelerator.Allocate1D<long>(50);
        accelerator.LoadAutoGroupedStreamKernel<LongIndex1D, ArrayView<long>>(LongIndexKernel)(50, output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }

    private static int CollatzSteps(int n)
    {
        for (int steps = 0; steps < 1000; steps++)
        {
            if (n == 1)
            {
                return steps;
            }
            n = Next(n);
        }
        return -1;
    }

    private static int Next(int n) => n % 2 == 0 ? n / 2 : (3 * n) + 1;

    private static void CollatzKernel(Index1D index, ArrayView<int> output) => output[index] = CollatzSteps(index.X + 1);

    private static double[] Collatz(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> output = accelerator.Allocate1D<int>(60);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(CollatzKernel)(60, output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }
}
