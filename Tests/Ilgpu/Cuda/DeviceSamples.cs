using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Managed.Tests.Ilgpu.Cuda;

/// <summary>Kernels as users of the programming model write them; each sample runs on any accelerator and gives its result's bytes.</summary>
internal static class DeviceSamples
{
    /// <param name="Name">What it is.</param>
    /// <param name="Run">Runs it.</param>
    internal sealed record Sample(string Name, Func<Accelerator, byte[]> Run)
    {
        public override string ToString() => Name;
    }

    public static readonly Sample[] All =
    [
        new("vector add", VectorAdd),
        new("matrix multiply, tiled in shared memory", MatrixMultiply),
        new("reduction by warp shuffles", Reduce),
        new("scan of a group", Scan),
        new("histogram with atomics in shared memory", HistogramOf),
        new("Mandelbrot", MandelbrotSet),
        new("n-body with structures", Bodies),
        new("static abstract members", StaticAbstract),
        new("dynamic shared memory", Dynamic),
        new("local arrays and a switch", LocalArray),
        new("64-bit and mixed arithmetic", Mixed),
        new("exponentials and logarithms", Transcendental),
        new("planes and strides", Transpose),
        new("early return, nested loops, calls", Collatz),
        new("halves", HalfSums),
        new("specialised values", Specialised),
    ];

    private static byte[] Bytes<T>(T[] values) where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private static float[] Floats(int count, int seed = 1)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 4) - 2)];
    }

    private static void AddKernel(Index1D i, ArrayView<float> sum, ArrayView<float> a, ArrayView<float> b) => sum[i] = a[i] + b[i];

    private static byte[] VectorAdd(Accelerator accelerator)
    {
        using var a = accelerator.Allocate1D(Floats(1000));
        using var b = accelerator.Allocate1D(Floats(1000, 2));
        using var sum = accelerator.Allocate1D<float>(1000);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>, ArrayView<float>>(AddKernel)(
            1000, sum.View.BaseView, a.View.BaseView, b.View.BaseView);
        return Bytes(sum.GetAsArray1D());
    }

    private const int Tile = 8;

    private static void TiledKernel(
        ArrayView2D<float, Stride2D.DenseX> a, ArrayView2D<float, Stride2D.DenseX> b, ArrayView2D<float, Stride2D.DenseX> c)
    {
        var tileA = SharedMemory.Allocate2D<float, Stride2D.DenseX>(new Index2D(Tile, Tile), new Stride2D.DenseX(Tile));
        var tileB = SharedMemory.Allocate2D<float, Stride2D.DenseX>(new Index2D(Tile, Tile), new Stride2D.DenseX(Tile));
        Index2D at = new(Grid.GlobalIndex.X, Grid.GlobalIndex.Y);
        (int x, int y) = (Group.IdxX, Group.IdxY);
        float sum = 0;
        for (int start = 0; start < a.IntExtent.Y; start += Tile)
        {
            tileA[x, y] = at.X < a.IntExtent.X && start + y < a.IntExtent.Y ? a[at.X, start + y] : 0;
            tileB[x, y] = start + x < b.IntExtent.X && at.Y < b.IntExtent.Y ? b[start + x, at.Y] : 0;
            Group.Barrier();
            for (int k = 0; k < Tile; k++)
            {
                sum += tileA[new Index2D(x, k)] * tileB[new Index2D(k, y)];
            }
            Group.Barrier();
        }
        if (at.X < c.IntExtent.X && at.Y < c.IntExtent.Y)
        {
            c[at] = sum;
        }
    }

    private static byte[] MatrixMultiply(Accelerator accelerator)
    {
        float[,] left = new float[19, 21], right = new float[21, 13];
        float[] values = Floats((19 * 21) + (21 * 13));
        Buffer.BlockCopy(values, 0, left, 0, 19 * 21 * 4);
        Buffer.BlockCopy(values, 19 * 21 * 4, right, 0, 21 * 13 * 4);
        using var a = accelerator.Allocate2DDenseX<float>(new Index2D(19, 21));
        using var b = accelerator.Allocate2DDenseX<float>(new Index2D(21, 13));
        using var c = accelerator.Allocate2DDenseX<float>(new Index2D(19, 13));
        a.CopyFromCPU(left);
        b.CopyFromCPU(right);
        accelerator.LoadStreamKernel<ArrayView2D<float, Stride2D.DenseX>, ArrayView2D<float, Stride2D.DenseX>, ArrayView2D<float, Stride2D.DenseX>>(TiledKernel)(
            new KernelConfig(new Index2D(3, 2), new Index2D(Tile, Tile)), a.View, b.View, c.View);
        return Bytes(c.GetAsArray2D().Cast<float>().ToArray());
    }

    private static void ReduceKernel(ArrayView<float> sums, ArrayView<float> values)
    {
        ArrayView<float> shared = SharedMemory.Allocate<float>(32);
        float sum = 0;
        for (int i = Grid.GlobalIndex.X; i < values.IntLength; i += Grid.DimX * Group.DimX)
        {
            sum += values[i];
        }
        for (int offset = Warp.WarpSize / 2; offset > 0; offset /= 2)
        {
            sum += Warp.ShuffleXor(sum, offset);
        }
        if (Warp.IsFirstLane)
        {
            shared[Warp.WarpIdx] = sum;
        }
        Group.Barrier();
        if (Group.IdxX == 0)
        {
            float total = 0;
            for (int i = 0; i < Group.DimX / Warp.WarpSize; i++)
            {
                total += shared[i];
            }
            sums[Grid.IdxX] = total;
        }
    }

    private static byte[] Reduce(Accelerator accelerator)
    {
        using var values = accelerator.Allocate1D(Floats(1234));
        using var sums = accelerator.Allocate1D<float>(3);
        accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>>(ReduceKernel)((3, 128), sums.View.BaseView, values.View.BaseView);
        return Bytes(sums.GetAsArray1D());
    }

    private static void ScanKernel(ArrayView<int> values)
    {
        int value = values[Group.IdxX];
        for (int delta = 1; delta < Warp.WarpSize; delta *= 2)
        {
            int below = Warp.ShuffleUp(value, delta);
            value += Warp.LaneIdx >= delta ? below : 0;
        }
        ArrayView<int> totals = SharedMemory.Allocate<int>(32);
        if (Warp.IsLastLane)
        {
            totals[Warp.WarpIdx] = value;
        }
        Group.Barrier();
        for (int i = 0; i < Warp.WarpIdx; i++)
        {
            value += totals[i];
        }
        values[Group.IdxX] = value;
    }

    private static byte[] Scan(Accelerator accelerator)
    {
        using var values = accelerator.Allocate1D(Enumerable.Range(0, 96).Select(i => (i * i) % 7).ToArray());
        accelerator.LoadStreamKernel<ArrayView<int>>(ScanKernel)((1, 96), values.View.BaseView);
        return Bytes(values.GetAsArray1D());
    }

    private static void HistogramKernel(ArrayView<int> counts, ArrayView<byte> values)
    {
        ArrayView<int> shared = SharedMemory.Allocate<int>(16);
        if (Group.IdxX < 16)
        {
            shared[Group.IdxX] = 0;
        }
        Group.Barrier();
        for (int i = Grid.GlobalIndex.X; i < values.Length; i += Grid.DimX * Group.DimX)
        {
            Atomic.Add(ref shared[values[i] >> 4], 1);
        }
        Group.Barrier();
        if (Group.IdxX < 16)
        {
            Atomic.Add(ref counts[Group.IdxX], shared[Group.IdxX]);
            Atomic.Max(ref counts[16], shared[Group.IdxX]);
        }
    }

    private static byte[] HistogramOf(Accelerator accelerator)
    {
        byte[] bytes = new byte[2000];
        new Random(4).NextBytes(bytes);
        using var values = accelerator.Allocate1D(bytes);
        using var counts = accelerator.Allocate1D<int>(17);
        counts.MemSetToZero();
        accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<byte>>(HistogramKernel)((4, 64), counts.View.BaseView, values.View.BaseView);
        return Bytes(counts.GetAsArray1D());
    }

    private static void MandelbrotKernel(Index2D at, ArrayView2D<byte, Stride2D.DenseX> image, int most)
    {
        (float x0, float y0) = ((at.X / 20f) - 2, (at.Y / 20f) - 1);
        (float x, float y) = (0, 0);
        int steps = 0;
        while ((x * x) + (y * y) < 4 && steps < most)
        {
            (x, y) = ((x * x) - (y * y) + x0, (2 * x * y) + y0);
            steps++;
        }
        image[at] = (byte)steps;
    }

    private static byte[] MandelbrotSet(Accelerator accelerator)
    {
        using var image = accelerator.Allocate2DDenseX<byte>(new Index2D(60, 40));
        accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView2D<byte, Stride2D.DenseX>, int>(MandelbrotKernel)(new Index2D(60, 40), image.View, 100);
        return [.. image.GetAsArray2D().Cast<byte>()];
    }

    private struct Body
    {
        public float X, Y, Z, Mass;
        public double Energy;
    }

    private static (float X, float Y, float Z) Force(in Body from, in Body to)
    {
        (float x, float y, float z) = (to.X - from.X, to.Y - from.Y, to.Z - from.Z);
        float squared = (x * x) + (y * y) + (z * z) + 0.01f;
        float strength = to.Mass / (squared * MathF.Sqrt(squared));
        return (x * strength, y * strength, z * strength);
    }

    private static void BodyKernel(Index1D i, ArrayView<Body> after, ArrayView<Body> before, float time)
    {
        Body body = before[i];
        (float x, float y, float z) = (0, 0, 0);
        for (int j = 0; j < before.IntLength; j++)
        {
            if (j == i)
            {
                continue;
            }
            (float X, float Y, float Z) force = Force(body, before[j]);
            (x, y, z) = (x + force.X, y + force.Y, z + force.Z);
        }
        body.X += x * time;
        body.Y += y * time;
        body.Z += z * time;
        body.Energy += (double)x * x / body.Mass;
        after[i] = body;
    }

    private static byte[] Bodies(Accelerator accelerator)
    {
        float[] values = Floats(40 * 4);
        using var before = accelerator.Allocate1D(Enumerable.Range(0, 40)
            .Select(i => new Body { X = values[4 * i], Y = values[(4 * i) + 1], Z = values[(4 * i) + 2], Mass = 3 + values[(4 * i) + 3] }).ToArray());
        using var after = accelerator.Allocate1D<Body>(40);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<Body>, ArrayView<Body>, float>(BodyKernel)(
            40, after.View.BaseView, before.View.BaseView, 0.5f);
        return Bytes(after.GetAsArray1D());
    }

    private interface IOperation<T>
    {
        static abstract T Identity { get; }

        static abstract T Apply(T left, T right);
    }

    private readonly struct Maximum : IOperation<float>
    {
        public static float Identity => float.NegativeInfinity;

        public static float Apply(float left, float right) => MathF.Max(left, right);
    }

    private readonly struct Product : IOperation<long>
    {
        public static long Identity => 1;

        public static long Apply(long left, long right) => left * right;
    }

    private static void FoldKernel<T, TOperation>(Index1D i, ArrayView<T> results, ArrayView<T> values)
        where T : unmanaged
        where TOperation : struct, IOperation<T>
    {
        T result = TOperation.Identity;
        for (int j = 0; j <= i; j++)
        {
            result = TOperation.Apply(result, values[j]);
        }
        results[i] = result;
    }

    private static byte[] StaticAbstract(Accelerator accelerator)
    {
        return [.. Fold<float, Maximum>(accelerator, Floats(33)), .. Fold<long, Product>(accelerator, [.. Enumerable.Range(3, 33).Select(i => (long)i)])];

        static byte[] Fold<T, TOperation>(Accelerator accelerator, T[] input)
            where T : unmanaged
            where TOperation : struct, IOperation<T>
        {
            using var values = accelerator.Allocate1D(input);
            using var results = accelerator.Allocate1D<T>(input.Length);
            accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<T>, ArrayView<T>>(FoldKernel<T, TOperation>)(
                input.Length, results.View.BaseView, values.View.BaseView);
            return Bytes(results.GetAsArray1D());
        }
    }

    private static void DynamicKernel(ArrayView<short> values)
    {
        ArrayView<short> shared = SharedMemory.GetDynamic<short>();
        shared[Group.IdxX] = values[Grid.GlobalIndex.X];
        Group.Barrier();
        values[Grid.GlobalIndex.X] = (short)(shared[Group.DimX - 1 - Group.IdxX] + shared.Length);
    }

    private static byte[] Dynamic(Accelerator accelerator)
    {
        using var values = accelerator.Allocate1D(Enumerable.Range(-60, 120).Select(i => (short)(i * 500)).ToArray());
        accelerator.LoadStreamKernel<ArrayView<short>>(DynamicKernel)(
            new KernelConfig(2, 60, SharedMemoryConfig.RequestDynamic<short>(60)), values.View.BaseView);
        return Bytes(values.GetAsArray1D());
    }

    private static void LocalArrayKernel(Index1D i, ArrayView<int> values)
    {
        ArrayView<int> stack = LocalMemory.Allocate<int>(8);
        for (int k = 0; k < 8; k++)
        {
            stack[k] = (i * 7 + k * 13) % 11;
        }
        int result = 0;
        for (int k = 0; k < 20; k++)
        {
            int at = (k + values[i]) & 7;
            switch (stack[at])
            {
                case 0: result += 1; break;
                case 1: result ^= at; break;
                case 2: stack[(at + 1) & 7]++; break;
                case 3: result -= 5; break;
                case 4:
                case 5: result <<= 1; break;
                case 9: stack[at] = 2; break;
                default: result += stack[at]; break;
            }
        }
        values[i] = result;
    }

    private static byte[] LocalArray(Accelerator accelerator)
    {
        using var values = accelerator.Allocate1D(Enumerable.Range(0, 77).ToArray());
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(LocalArrayKernel)(77, values.View.BaseView);
        return Bytes(values.GetAsArray1D());
    }

    private static void MixedKernel(Index1D i, ArrayView<long> results, ArrayView<double> doubles, uint factor, byte small, bool flag)
    {
        double value = doubles[i];
        long wide = (long)value;
        ulong unsigned = (ulong)(value * factor);
        int narrow = (int)value;
        results[i] = flag
            ? wide ^ (long)(unsigned >> 3) ^ (narrow % 7) ^ (sbyte)small ^ Math.Abs(wide >> 1) ^ (long)(value % 3.7 * 1000)
            : (wide / 3) + (long)(unsigned % 1000003) + (uint)narrow + Math.Min(small, narrow) + System.Numerics.BitOperations.LeadingZeroCount((ulong)wide);
    }

    private static byte[] Mixed(Accelerator accelerator)
    {
        double[] input = [0, -0.0, 1.5, -1.5, 1e10, -1e10, 1e20, -1e20, double.NaN, double.PositiveInfinity, 123456.789, -98765.4321, 2147483648, -2147483649];
        using var doubles = accelerator.Allocate1D(input);
        using var results = accelerator.Allocate1D<long>(input.Length);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<long>, ArrayView<double>, uint, byte, bool>(MixedKernel);
        kernel(input.Length, results.View.BaseView, doubles.View.BaseView, 3_000_000_000, 200, true);
        byte[] first = Bytes(results.GetAsArray1D());
        kernel(input.Length, results.View.BaseView, doubles.View.BaseView, 17, 255, false);
        return [.. first, .. Bytes(results.GetAsArray1D())];
    }

    private static void MathKernel(Index1D i, ArrayView<float> results, ArrayView<float> values)
    {
        float x = values[i];
        results[8 * i] = XMath.Exp(x);
        results[(8 * i) + 1] = XMath.Log(XMath.Abs(x) + 0.1f);
        results[(8 * i) + 2] = XMath.Sin(x * 10);
        results[(8 * i) + 3] = XMath.Cos(x * 100);
        results[(8 * i) + 4] = XMath.Tanh(x);
        results[(8 * i) + 5] = XMath.Pow(MathF.Abs(x), 1.7f);
        results[(8 * i) + 6] = MathF.Floor(x * 3) + MathF.Round(x * 5) + MathF.Truncate(x * 7) + MathF.Ceiling(x);
        results[(8 * i) + 7] = MathF.FusedMultiplyAdd(x, x, 1 / x) + MathF.CopySign(2, x) + (x % 0.3f);
    }

    private static byte[] Transcendental(Accelerator accelerator)
    {
        using var values = accelerator.Allocate1D(Floats(100));
        using var results = accelerator.Allocate1D<float>(800);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<float>>(MathKernel)(100, results.View.BaseView, values.View.BaseView);
        return Bytes(results.GetAsArray1D());
    }

    private static void TransposeKernel(Index2D at, ArrayView2D<int, Stride2D.DenseY> to, ArrayView2D<int, Stride2D.DenseX> from) =>
        to[at.Y, at.X] = from[at] * 2;

    private static byte[] Transpose(Accelerator accelerator)
    {
        int[,] input = new int[11, 17];
        Buffer.BlockCopy(Enumerable.Range(0, 11 * 17).ToArray(), 0, input, 0, 11 * 17 * 4);
        using var from = accelerator.Allocate2DDenseX<int>(new Index2D(11, 17));
        using var to = accelerator.Allocate2DDenseY<int>(new Index2D(17, 11));
        from.CopyFromCPU(input);
        accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView2D<int, Stride2D.DenseY>, ArrayView2D<int, Stride2D.DenseX>>(TransposeKernel)(
            new Index2D(11, 17), to.View, from.View);
        return Bytes(to.GetAsArray2D().Cast<int>().ToArray());
    }

    private static void CollatzKernel(Index1D i, ArrayView<int> steps)
    {
        if (i % 5 == 4)
        {
            steps[i] = -1;
            return;
        }
        int most = 0;
        for (int start = 1; start <= i + 1; start++)
        {
            int count = 0;
            for (long n = start; n != 1; n = n % 2 == 0 ? n / 2 : (3 * n) + 1)
            {
                if (++count > 100)
                {
                    break;
                }
            }
            most = Math.Max(most, count);
        }
        steps[i] = most;
    }

    private static byte[] Collatz(Accelerator accelerator)
    {
        using var steps = accelerator.Allocate1D<int>(40);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(CollatzKernel)(40, steps.View.BaseView);
        return Bytes(steps.GetAsArray1D());
    }

    private static void HalfKernel(Index1D i, ArrayView<ILGPU.Half> results, ArrayView<ILGPU.Half> values, float scale) =>
        results[i] = (ILGPU.Half)(((float)values[i] * scale) + (float)values[(i + 1) % values.IntLength]);

    private static byte[] HalfSums(Accelerator accelerator)
    {
        using var values = accelerator.Allocate1D(Floats(64).Select(value => (ILGPU.Half)(value * 1000)).ToArray());
        using var results = accelerator.Allocate1D<ILGPU.Half>(64);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<ILGPU.Half>, ArrayView<ILGPU.Half>, float>(HalfKernel)(
            64, results.View.BaseView, values.View.BaseView, 3.25f);
        return Bytes(results.GetAsArray1D());
    }

    private static void SpecialisedKernel(Index1D i, ArrayView<int> results, SpecializedValue<int> factor) => results[i] = (i * factor) + (i / factor.Value);

    private static byte[] Specialised(Accelerator accelerator)
    {
        using var results = accelerator.Allocate1D<int>(50);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, SpecializedValue<int>>(SpecialisedKernel)(50, results.View.BaseView, SpecializedValue.New(7));
        return Bytes(results.GetAsArray1D());
    }
}
