using ILGPU;
using ILGPU.Runtime;
using Managed.Ilgpu.Extensions;

namespace Managed.Tests.Ilgpu.Samples;

/// <summary>Kinds of memory: dynamic shared, local, parts of views, casts, 16-bit numbers, volatile order, reads of what nobody writes.</summary>
public static class MemorySamples
{
    private const int Threads = 32;

    internal static IEnumerable<SampleCase> Cases =>
    [
        new("dynamic shared memory", Dynamic, () => [.. Enumerable.Range(0, 2 * Threads).Select(i => (double)((i / Threads * Threads) + (Threads - 1 - (i % Threads))))]),
        new("local memory: a sort in each thread", LocalSort, ExpectedLocalSort),
        new("parts of views and casts", SubViews, ExpectedSubViews),
        new("16-bit floating point", Halves, ExpectedHalves),
        new("one shared variable", SharedVariable, () => [.. Enumerable.Repeat((double)(Threads * (Threads - 1) / 2), Threads)]),
        new("reads of what nobody writes, from one of two views", ReadOnlyReads, () => [.. Enumerable.Range(0, Threads).Select(i => (4 * ((8.0 * (i / 2)) + (i % 2 == 0 ? 0 : 4000))) + 6 + (3 * i))]),
    ];

    private static void DynamicKernel(ArrayView<int> values)
    {
        ArrayView<int> shared = SharedMemory.GetDynamic<int>();
        shared[Group.IdxX] = values[Grid.GlobalIndex.X];
        Group.Barrier();
        values[Grid.GlobalIndex.X] = shared[Group.DimX - 1 - Group.IdxX];
    }

    private static double[] Dynamic(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> values = accelerator.Allocate1D(Enumerable.Range(0, 2 * Threads).ToArray());
        SharedMemoryConfig shared = SharedMemoryConfig.RequestDynamic<int>(Threads);
        accelerator.LoadStreamKernel<ArrayView<int>>(DynamicKernel)(new KernelConfig(2, Threads, shared), values.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(values.GetAsArray1D());
    }

    private static void SortKernel(Index1D index, ArrayView<int> input, ArrayView<int> output)
    {
        ArrayView<int> local = LocalMemory.Allocate<int>(8);
        for (int i = 0; i < 8; i++)
        {
            int value = input[(index.X * 8) + i];
            int at = i;
            while (at > 0 && local[at - 1] > value)
            {
                local[at] = local[at - 1];
                at--;
            }
            local[at] = value;
        }
        for (int i = 0; i < 8; i++)
        {
            output[(index.X * 8) + i] = local[i];
        }
    }

    private static int[] Shuffled() => [.. Enumerable.Range(0, 80).Select(i => i * 7919 % 263)];

    private static double[] LocalSort(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> input = accelerator.Allocate1D(Shuffled());
        using MemoryBuffer1D<int, Stride1D.Dense> output = accelerator.Allocate1D<int>(80);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, ArrayView<int>>(SortKernel)(10, input.View, output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }

    private static double[] ExpectedLocalSort() => [.. Shuffled().Chunk(8).SelectMany(chunk => chunk.Order()).Select(value => (double)value)];

    private static void SubViewKernel(Index1D index, ArrayView1D<int, Stride1D.Dense> input, ArrayView1D<int, Stride1D.General> strided, ArrayView<int> output)
    {
        ArrayView<int> part = input.BaseView.SubView(4, 8);
        ArrayView<byte> bytes = part.Cast<byte>();
        ArrayView1D<int, Stride1D.Dense> line = input.SubView(2, 8);
        ArrayView2D<int, Stride2D.DenseX> plane = input.As2DDenseXView(new LongIndex2D(4, 4));
        int at = index.X * 6;
        output[at] = part[index];
        output[at + 1] = bytes[index.X * 4];
        output[at + 2] = line[index];
        output[at + 3] = plane[index.X % 4, index.X / 4];
        output[at + 4] = strided[index];
        output[at + 5] = (int)bytes.Length + part.IntLength;
    }

    private static double[] SubViews(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> input = accelerator.Allocate1D(Enumerable.Range(100, 16).ToArray());
        using MemoryBuffer1D<int, Stride1D.Dense> output = accelerator.Allocate1D<int>(48);
        ArrayView1D<int, Stride1D.General> strided = new(input.View.BaseView, 8, new Stride1D.General(2));
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView1D<int, Stride1D.Dense>, ArrayView1D<int, Stride1D.General>, ArrayView<int>>(SubViewKernel)(
            8, input.View, strided, output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }

    private static double[] ExpectedSubViews()
        => [.. Enumerable.Range(0, 8).SelectMany(i => new double[] { 104 + i, 104 + i, 102 + i, 100 + i, 100 + (2 * i), 40 })];

    private static void HalfKernel(Index1D index, ArrayView<ILGPU.Half> input, ArrayView<ILGPU.Half> output, ArrayView<float> sums)
    {
        ILGPU.Half value = input[index];
        output[index] = (ILGPU.Half)((float)value * 1.5f);
        sums[index] = value + value;
    }

    private static double[] Halves(Accelerator accelerator)
    {
        ILGPU.Half[] values = [.. Enumerable.Range(0, 40).Select(i => (ILGPU.Half)((i - 20) * 0.375f))];
        using MemoryBuffer1D<ILGPU.Half, Stride1D.Dense> input = accelerator.Allocate1D(values);
        using MemoryBuffer1D<ILGPU.Half, Stride1D.Dense> output = accelerator.Allocate1D<ILGPU.Half>(40);
        using MemoryBuffer1D<float, Stride1D.Dense> sums = accelerator.Allocate1D<float>(40);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<ILGPU.Half>, ArrayView<ILGPU.Half>, ArrayView<float>>(HalfKernel)(
            40, input.View, output.View, sums.View);
        accelerator.Synchronize();
        return [.. output.GetAsArray1D().Select(value => (double)(float)value), .. SampleCase.Doubles(sums.GetAsArray1D())];
    }

    private static double[] ExpectedHalves()
    {
        float[] values = [.. Enumerable.Range(0, 40).Select(i => (float)(System.Half)((i - 20) * 0.375f))];
        return [.. values.Select(value => (double)(float)(System.Half)(value * 1.5f)), .. values.Select(value => (double)(float)(System.Half)(value + value))];
    }

    private static void SharedVariableKernel(ArrayView<int> output)
    {
        ref int sum = ref SharedMemory.Allocate<int>();
        if (Group.IsFirstThread)
        {
            sum = 0;
        }
        Group.Barrier();
        Atomic.Add(ref sum, Group.IdxX);
        Group.Barrier();
        output[Group.IdxX] = sum;
    }

    private static double[] SharedVariable(Accelerator accelerator)
    {
        using MemoryBuffer1D<int, Stride1D.Dense> output = accelerator.Allocate1D<int>(Threads);
        accelerator.LoadStreamKernel<ArrayView<int>>(SharedVariableKernel)((1, Threads), output.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }

    public struct FourNumbers
    {
        public int A, B, C, D;
    }

    internal static void ReadOnlyKernel(ArrayView<int> output, ArrayView<FourNumbers> even, ArrayView<FourNumbers> odd, ArrayView<int> more)
    {
        ArrayView<FourNumbers> from = Group.IdxX % 2 == 0 ? even : odd;
        FourNumbers four = ReadOnly.LoadOnce(ref from[2 * (Group.IdxX / 2)]);
        output[Group.IdxX] = four.A + four.B + four.C + four.D + ReadOnly.Load(ref more[Group.IdxX]) + (2 * ReadOnly.LoadOnceAhead(ref more[Group.IdxX]));
    }

    private static double[] ReadOnlyReads(Accelerator accelerator)
    {
        FourNumbers[] Numbers(int from) => [.. Enumerable.Range(0, Threads).Select(i => new FourNumbers { A = from + (4 * i), B = from + (4 * i) + 1, C = from + (4 * i) + 2, D = from + (4 * i) + 3 })];
        using MemoryBuffer1D<FourNumbers, Stride1D.Dense> even = accelerator.Allocate1D(Numbers(0)), odd = accelerator.Allocate1D(Numbers(4000));
        using MemoryBuffer1D<int, Stride1D.Dense> more = accelerator.Allocate1D(Enumerable.Range(0, Threads).ToArray()), output = accelerator.Allocate1D<int>(Threads);
        accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<FourNumbers>, ArrayView<FourNumbers>, ArrayView<int>>(ReadOnlyKernel)(
            (1, Threads), output.View, even.View, odd.View, more.View);
        accelerator.Synchronize();
        return SampleCase.Doubles(output.GetAsArray1D());
    }
}
