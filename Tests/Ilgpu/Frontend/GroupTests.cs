using ILGPU;
using ILGPU.Runtime;

using Managed.Ilgpu.Compiler.IR;
using Atomic = ILGPU.Atomic;

namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>Kernels as they are written for ILGPU: views, groups, shared memory, warps, atomics.</summary>
public class GroupTests
{
    private static (KernelFunction Kernel, KernelInterpreter Run) Launch(
        Delegate kernel, (int, int, int) grid, (int, int, int) group, object[] arguments, bool implicitlyGrouped = false, int dynamicSharedBytes = 0, object?[]? specialised = null)
    {
        KernelFunction function = Harness.Compile(kernel.Method, implicitlyGrouped: implicitlyGrouped, specialised: specialised ?? []);
        KernelInterpreter interpreter = new(function) { DynamicSharedBytes = dynamicSharedBytes };
        List<long> flat = [];
        foreach (object argument in arguments)
        {
            flat.AddRange(Harness.Leaves(interpreter, argument));
            if (argument is Array array)
            {
                flat.Add(array.Length);
            }
        }
        interpreter.Launch(grid, group, [.. flat]);
        return (function, interpreter);
    }

    /// <summary>Extents and strides behind a view's pointer and length.</summary>
    private static object[] Plane(Array memory, long width, long height, int stride) => [memory, width, height, stride];

    private static void Add(Index1D index, ArrayView<float> a, ArrayView<float> b, ArrayView<float> sum) => sum[index] = a[index] + b[index];

    [Test]
    public void An_implicitly_grouped_kernel_stops_at_its_extent()
    {
        float[] sum = new float[50];
        (KernelFunction kernel, _) = Launch(Add, (2, 1, 1), (32, 1, 1), [40, Values(50), Values(50), sum], implicitlyGrouped: true);
        Assert.That(sum, Is.EqualTo(Enumerable.Range(0, 50).Select(i => i < 40 ? 2f * i : 0)));
        Assert.That(kernel.Parameters.Select(p => p.Type.ToString()), Is.EqualTo(new[] { "i32", "ptr.global", "i64", "ptr.global", "i64", "ptr.global", "i64" }));
        Assert.That(kernel.Allocations, Is.Empty);
    }

    private static float[] Values(int count) => [.. Enumerable.Range(0, count).Select(i => (float)i)];

    private static void Dense(Index1D index, ArrayView1D<float, Stride1D.Dense> values, float factor)
    {
        values[index] *= factor;
        values[index.X] += values.Length + values.IntExtent.X;
    }

    [Test]
    public void One_dimensional_views_with_dense_stride()
    {
        float[] values = Values(10);
        (KernelFunction kernel, _) = Launch(Dense, (1, 1, 1), (16, 1, 1), [10, values, 10L, 3f], implicitlyGrouped: true);
        Assert.That(values, Is.EqualTo(Enumerable.Range(0, 10).Select(i => 3f * i + 20)));
        Assert.That(kernel.Allocations, Is.Empty, kernel.ToString());
    }

    private static void Transpose(Index2D index, ArrayView2D<int, Stride2D.DenseX> from, ArrayView2D<int, Stride2D.DenseY> to)
    {
        if (index.X < from.IntExtent.X && index.Y < from.IntExtent.Y)
        {
            to[index.X, index.Y] = from[index] * 10;
        }
    }

    [Test]
    public void Planes_with_strides()
    {
        int[] from = [.. Enumerable.Range(0, 12)], to = new int[12];
        Launch(Transpose, (1, 1, 1), (4, 4, 1), [4, 3, .. Plane(from, 4, 3, 4), .. Plane(to, 4, 3, 3)], implicitlyGrouped: true);
        Assert.That(to, Is.EqualTo(Enumerable.Range(0, 12).Select(i => 10 * (i / 3 + i % 3 * 4))));
    }

    private const int Tile = 4;

    private static void MultiplyTiled(ArrayView2D<float, Stride2D.DenseX> a, ArrayView2D<float, Stride2D.DenseX> b, ArrayView2D<float, Stride2D.DenseX> c)
    {
        Index2D global = Grid.GlobalIndex.XY;
        int x = Group.IdxX, y = Group.IdxY;
        ArrayView2D<float, Stride2D.DenseX> aTile = SharedMemory.Allocate2D<float, Stride2D.DenseX>(new Index2D(Tile, Tile), new Stride2D.DenseX(Tile));
        ArrayView2D<float, Stride2D.DenseX> bTile = SharedMemory.Allocate2D<float, Stride2D.DenseX>(new Index2D(Tile, Tile), new Stride2D.DenseX(Tile));
        float sum = 0;
        for (int i = 0; i < a.IntExtent.X; i += Tile)
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
        c[global] = sum;
    }

    [Test]
    public void Matrix_multiplication_with_tiles_in_shared_memory()
    {
        const int n = 8;
        float[] a = Values(n * n), b = [.. Values(n * n).Select(v => v % 5 - 2)], c = new float[n * n];
        (KernelFunction kernel, _) = Launch(MultiplyTiled, (2, 2, 1), (Tile, Tile, 1), [.. Plane(a, n, n, n), .. Plane(b, n, n, n), .. Plane(c, n, n, n)]);
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                float expected = Enumerable.Range(0, n).Sum(k => a[i + k * n] * b[k + j * n]);
                Assert.That(c[i + j * n], Is.EqualTo(expected), $"{i}, {j}");
            }
        }
        Assert.That(kernel.Allocations.Select(allocation => allocation.Bytes), Is.EqualTo(new[] { 64, 64 }));
        Assert.That(kernel.Allocations.Select(allocation => allocation.Type.Space), Is.All.EqualTo(AddressSpace.Shared));
    }

    private static void ReduceByWarps(ArrayView<double> output, ArrayView<double> input)
    {
        ArrayView<double> partial = SharedMemory.GetDynamic<double>();
        double sum = 0;
        for (long i = Grid.GlobalIndex.X; i < input.Length; i += Grid.DimX * Group.DimX)
        {
            sum += input[i];
        }
        for (int delta = Warp.WarpSize / 2; delta > 0; delta /= 2)
        {
            sum += Warp.ShuffleDown(sum, delta);
        }
        if (Warp.IsFirstLane)
        {
            partial[Warp.WarpIdx] = sum;
        }
        Group.Barrier();
        if (Group.IsFirstThread)
        {
            for (int i = 1; i < partial.IntLength; i++)
            {
                sum += partial[i];
            }
            Atomic.Add(ref output[0], sum);
        }
    }

    [Test]
    public void A_reduction_with_shuffles_dynamic_shared_memory_and_an_atomic()
    {
        double[] input = [.. Values(1000).Select(v => (double)v)], output = new double[1];
        Launch(ReduceByWarps, (3, 1, 1), (64, 1, 1), [output, input], dynamicSharedBytes: 16);
        Assert.That(output[0], Is.EqualTo(499500));
    }

    private static void Histogram(ArrayView<int> bins, ArrayView<byte> data)
    {
        ArrayView<int> local = SharedMemory.Allocate<int>(16);
        for (int i = Group.IdxX; i < local.IntLength; i += Group.DimX)
        {
            local[i] = 0;
        }
        Group.Barrier();
        for (int i = Grid.GlobalLinearIndex; i < data.IntLength; i += Grid.DimX * Group.DimX)
        {
            Atomic.Add(ref local[data[i] >> 4], 1);
        }
        Group.Barrier();
        for (int i = Group.IdxX; i < local.IntLength; i += Group.DimX)
        {
            Atomic.Add(ref bins[i], local[i]);
            Atomic.Max(ref bins[15], local[i]);
        }
    }

    [Test]
    public void A_histogram_with_atomics_in_shared_memory()
    {
        byte[] data = [.. Enumerable.Range(0, 500).Select(i => (byte)(i * 7 % 240))];
        int[] bins = new int[16], expected = new int[16];
        foreach (byte value in data)
        {
            expected[value >> 4]++;
        }
        Launch(Histogram, (1, 1, 1), (32, 1, 1), [bins, data]);
        Assert.That(bins[..15], Is.EqualTo(expected[..15]));
        Assert.That(bins[15], Is.EqualTo(expected.Max()));
    }

    private struct Pair
    {
        public float Value;
        public long Index;
    }

    private static void ArgMax(ArrayView<long> output, ArrayView<float> input)
    {
        int lane = Warp.LaneIdx;
        Pair best = new() { Value = input[lane], Index = lane };
        for (int mask = 1; mask < 32; mask <<= 1)
        {
            Pair other = Warp.ShuffleXor(best, mask);
            if (other.Value > best.Value)
            {
                best = other;
            }
        }
        bool any = Group.BarrierOr(best.Index == lane);
        int count = Group.BarrierPopCount(input[lane] > 0);
        bool all = Group.BarrierAnd(count > 0);
        long first = Warp.Shuffle(best.Index, 0, 32);
        if (lane == 0)
        {
            output[0] = best.Index;
            output[1] = count;
            output[2] = any && all ? 1 : 0;
            output[3] = first;
        }
    }

    [Test]
    public void Shuffles_of_structs()
    {
        float[] input = [.. Enumerable.Range(0, 32).Select(i => MathF.Sin(i))];
        long[] output = new long[4];
        (KernelFunction kernel, _) = Launch(ArgMax, (1, 1, 1), (32, 1, 1), [output, input]);
        Assert.That(output, Is.EqualTo(new long[] { 14, input.Count(x => x > 0), 1, 14 }));
        Assert.That(kernel.Allocations, Is.Empty, kernel.ToString());
    }

    private static void AtomicKinds(ArrayView<int> i, ArrayView<uint> u, ArrayView<long> l, ArrayView<float> f)
    {
        Atomic.Min(ref i[0], -Group.IdxX);
        Atomic.Max(ref u[0], uint.MaxValue - (uint)Group.IdxX);
        Atomic.Or(ref i[1], 1 << Group.IdxX);
        Atomic.Xor(ref u[1], 3u);
        Atomic.And(ref l[0], ~(1L << 40 + Group.IdxX));
        Atomic.Add(ref f[0], 0.5f);
        Atomic.Max(ref f[1], Group.IdxX * 1.5f);
        if (Atomic.CompareExchange(ref l[1], 0, Group.IdxX + 100) == 0)
        {
            Atomic.Exchange(ref f[2], 7f);
        }
        MemoryFence.DeviceLevel();
    }

    [Test]
    public void Atomics_of_every_kind()
    {
        int[] i = new int[2];
        uint[] u = new uint[2];
        long[] l = [-1, 0];
        float[] f = new float[3];
        Launch(AtomicKinds, (1, 1, 1), (8, 1, 1), [i, u, l, f]);
        Assert.That(i, Is.EqualTo(new[] { -7, 255 }));
        Assert.That(u, Is.EqualTo(new[] { uint.MaxValue, 0u }));
        Assert.That(l, Is.EqualTo(new[] { ~(0xffL << 40), 100 }));
        Assert.That(f, Is.EqualTo(new[] { 4f, 10.5f, 7f }));
    }

    private static void LocalArrays(Index1D index, ArrayView<int> output, SpecializedValue<int> count)
    {
        ArrayView<int> local = LocalMemory.Allocate<int>(4);
        for (int i = 0; i < 4; i++)
        {
            local[i] = index + i * count;
        }
        int sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += local[i % 4];
        }
        output[index] = sum;
    }

    [Test]
    public void Local_arrays_and_specialised_values()
    {
        int[] output = new int[3];
        (KernelFunction kernel, _) = Launch(LocalArrays, (1, 1, 1), (4, 1, 1), [3, output], implicitlyGrouped: true, specialised: [null, null, 3]);
        Assert.That(output, Is.EqualTo(Enumerable.Range(0, 3).Select(i => 3 * i + 9)));
        Assert.That(kernel.Parameters, Has.Count.EqualTo(3));
    }

    private static void SubViews(ArrayView<int> data, ArrayView<byte> bytes)
    {
        ArrayView<int> part = data.SubView(2, 5);
        part[0] = part.IntLength;
        ArrayView<byte> raw = part.SubView(1L).Cast<byte>();
        raw[1] = 7;
        bytes[0] = (byte)raw.Length;
        VariableView<int> variable = new(part.SubView(3, 1));
        variable.Value = -1;
        bytes[1] = part.IsValid ? (byte)1 : (byte)2;
    }

    [Test]
    public void Parts_of_views_and_casts()
    {
        int[] data = new int[8];
        byte[] bytes = new byte[2];
        Launch(SubViews, (1, 1, 1), (1, 1, 1), [data, bytes]);
        Assert.That(data, Is.EqualTo(new[] { 0, 0, 5, 7 << 8, 0, -1, 0, 0 }));
        Assert.That(bytes, Is.EqualTo(new byte[] { 16, 1 }));
    }
}
