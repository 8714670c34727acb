using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Kernels.Gpu;
using Managed.Kernels.Gpu.Experts;
using Managed.Kernels.Gpu.Matrix;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Gpu;

/// <summary>Linear layers on tensor cores, as interpreted PTX, against sums of the rounded factors.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed unsafe class MatrixKernelsTests : IDisposable
{
    private readonly Context context = Context.Create().ToContext();
    private readonly Accelerator accelerator;
    private readonly GpuMemory memory;
    private readonly MatrixKernels kernels;
    private readonly Dictionary<WeightType, WeightKernels> formats = [];
    private readonly Random random = new(7);

    public MatrixKernelsTests()
    {
        accelerator = CudaDevice.GetDevices(new InterpretedCudaDriver()).Single().CreateCudaAccelerator(context);
        memory = new GpuMemory(accelerator);
        kernels = Kernels(mostUnpacked: 32 << 20);
    }

    private MatrixKernels Kernels(long mostUnpacked) =>
        MatrixKernels.For(memory, type => formats.TryGetValue(type, out WeightKernels? known) ? known : formats[type] = WeightKernels.For(type, accelerator), mostUnpacked)!;

    public void Dispose()
    {
        kernels.Dispose();
        accelerator.Dispose();
        context.Dispose();
    }

    private float Next() => (random.NextSingle() * 2) - 1;

    private static float Round(float value) => BitConverter.UInt32BitsToSingle((uint)HalfBits.ToBrain(value) << 16);

    private GpuWeight Weight(WeightType type, int rows, int columns, out float[] rounded)
    {
        int rowBytes = (int)BlockFormats.RowBytes(type, columns), blockBytes = (int)BlockFormats.RowBytes(type, BlockFormats.Elements(type));
        byte[] stored = new byte[rowBytes * rows];
        random.NextBytes(stored);
        for (int at = 0; at < stored.Length; at += blockBytes)
            if (type == WeightType.BF16)
                MemoryMarshal.Write(stored.AsSpan(at), HalfBits.ToBrain(Next()));
            else
                MemoryMarshal.Write(stored.AsSpan(at + (type == WeightType.Q6_K ? 208 : 0)), (System.Half)(0.02f * Next()));
        rounded = new float[rows * columns];
        fixed (byte* data = stored)
        {
            for (int r = 0; r < rows; r++)
                BlockFormats.Dequantise(type, rounded.AsSpan(r * columns, columns), data + (r * rowBytes));
            for (int i = 0; i < rounded.Length; i++)
                rounded[i] = Round(rounded[i]);
            return new GpuWeight(memory, new WeightSource { Data = data, Type = type, Rows = rows, Columns = columns });
        }
    }

    private MemoryBuffer1D<float, Stride1D.Dense> Rows(int count, int stride, out float[] values)
    {
        values = [.. Enumerable.Range(0, count * stride).Select(_ => Next())];
        return accelerator.Allocate1D(values);
    }

    [Test]
    public void Outputs_are_the_sums_of_products_of_rounded_factors_whatever_the_type_and_the_number_of_tokens(
        [Values("BF16", "Q8_0", "Q4_0", "Q6_K")] string storedType, [Values(2, 33, 70)] int tokens)
    {
        var type = Enum.Parse<WeightType>(storedType);
        const int columns = 256, outputs = 50, inputStride = columns + 5, outputStride = outputs + 2;
        using GpuWeight weight = Weight(type, outputs, columns, out float[] w);
        using GpuWeight second = Weight(WeightType.BF16, outputs, columns, out float[] v);
        using var input = Rows(tokens, inputStride, out float[] x);
        using var output = Rows(tokens, outputStride, out float[] _);
        using var sums = Rows(tokens, outputStride, out float[] before);
        using var biases = Rows(1, outputs, out float[] bias);
        MatrixProduct[] products =
        [
            new(new RowsView(output.View.BaseView, outputs, outputStride), type, weight.View, biases.View.BaseView, true),
            new(new RowsView(sums.View.BaseView, outputs, outputStride), WeightType.BF16, second.View, biases.View.BaseView, false, Adds: true, Scale: 0.5f),
        ];
        Assert.That(kernels.TryMultiply(products, new RowsView(input.View.BaseView, columns, inputStride), tokens));
        float[] plain = output.GetAsArray1D(), added = sums.GetAsArray1D();
        for (int t = 0; t < tokens; t++)
            for (int o = 0; o < outputs; o++)
            {
                double product = 0, other = 0, size = 0;
                for (int k = 0; k < columns; k++)
                {
                    double factor = Round(x[(t * inputStride) + k]);
                    product += factor * w[(o * columns) + k];
                    other += factor * v[(o * columns) + k];
                    size += Math.Abs(factor * w[(o * columns) + k]);
                }
                int at = (t * outputStride) + o;
                Assert.That(plain[at], Is.EqualTo(product + bias[o]).Within((1 + size) * 1e-6), $"token {t}, output {o}");
                Assert.That(added[at], Is.EqualTo(before[at] + (0.5 * other)).Within(1e-4), $"token {t}, output {o}");
            }
    }

    [Test]
    public void A_row_has_the_same_bits_whatever_the_number_of_rows()
    {
        const int columns = 200, outputs = 40, most = 60;
        using GpuWeight weight = Weight(WeightType.BF16, outputs, columns, out _);
        using var input = Rows(most, columns, out _);
        using var output = accelerator.Allocate1D<float>(most * outputs);
        float[]? expected = null;
        foreach (int tokens in new[] { 2, 17, 40, most })
        {
            MatrixProduct product = new(new RowsView(output.View.BaseView, outputs, outputs), WeightType.BF16, weight.View, output.View.BaseView, false);
            Assert.That(kernels.TryMultiply([product], new RowsView(input.View.BaseView, columns, columns), tokens));
            float[] rows = output.GetAsArray1D()[..(2 * outputs)];
            Assert.That(rows, Is.EqualTo(expected ??= rows), $"{tokens} tokens");
        }
    }

    [Test]
    public void A_gated_MLP_has_the_bits_of_its_steps([Values(2, 20, 67)] int tokens)
    {
        const int columns = 72, width = 136, outputs = 24;
        using GpuWeight gate = Weight(WeightType.BF16, width, columns, out _), up = Weight(WeightType.BF16, width, columns, out _), down = Weight(WeightType.BF16, outputs, width, out _);
        using var input = Rows(tokens, columns, out _);
        using var gates = accelerator.Allocate1D<float>(tokens * width);
        using var ups = accelerator.Allocate1D<float>(tokens * width);
        using var single = Rows(tokens, outputs, out float[] before);
        using var whole = accelerator.Allocate1D(before);
        var x = new RowsView(input.View.BaseView, columns, columns);
        RowsView g = new(gates.View.BaseView, width, width), u = new(ups.View.BaseView, width, width);
        Assert.That(kernels.TryMultiply([Product(g, gate), Product(u, up)], x, tokens));
        var activation = ActivationKernels.Load(ActivationKind.Silu, accelerator);
        activation(new KernelConfig(((tokens * width) + 255) / 256, 256), g, g, u, 1, tokens);
        float[] hidden = gates.GetAsArray1D();
        Assert.That(kernels.TryGate(u, (WeightType.BF16, gate.View), (WeightType.BF16, up.View), ActivationKind.Silu, x, tokens));
        Assert.That(ups.GetAsArray1D(), Is.EqualTo(hidden));
        Assert.That(kernels.TryMultiply([Product(new RowsView(single.View.BaseView, outputs, outputs), down) with { Adds = true }], g, tokens));
        Assert.That(kernels.TryGatedMlp(Product(new RowsView(whole.View.BaseView, outputs, outputs), down) with { Adds = true },
            (WeightType.BF16, gate.View), (WeightType.BF16, up.View), ActivationKind.Silu, x, tokens));
        Assert.That(whole.GetAsArray1D(), Is.EqualTo(single.GetAsArray1D()).And.Not.EqualTo(before));
    }

    [Test]
    public void Products_of_one_launch_have_the_bits_of_single_ones([Values(2, 20, 131)] int tokens, [Values(2, 3)] int count)
    {
        const int columns = 136;
        int[] outputs = [200, 70, 64];
        using var input = Rows(tokens, columns, out _);
        var x = new RowsView(input.View.BaseView, columns, columns);
        GpuWeight[] weights = [.. outputs[..count].Select(rows => Weight(WeightType.BF16, rows, columns, out _))];
        MemoryBuffer1D<float, Stride1D.Dense>[] results = [.. outputs[..count].Select(rows => accelerator.Allocate1D<float>(tokens * rows))];
        using var biases = Rows(1, 200, out _);
        MatrixProduct[] products = [.. weights.Select((weight, i) =>
            new MatrixProduct(new RowsView(results[i].View.BaseView, outputs[i], outputs[i]), WeightType.BF16, weight.View, biases.View.BaseView, i == 1))];
        foreach (MatrixProduct product in products)
            Assert.That(kernels.TryMultiply([product], x, tokens));
        float[][] single = [.. results.Select(result => result.GetAsArray1D())];
        foreach (MemoryBuffer1D<float, Stride1D.Dense> result in results)
            result.MemSetToZero();
        Assert.That(kernels.TryMultiply(products, x, tokens));
        Assert.That(results.Select(result => result.GetAsArray1D()), Is.EqualTo(single));
        foreach (IDisposable owned in weights.Concat<IDisposable>(results))
            owned.Dispose();
    }

    [Test]
    public void A_weight_that_is_unpacked_in_parts_gives_the_bits_of_the_whole([Values(2, 33)] int tokens)
    {
        const int columns = 64, outputs = 700;
        using GpuWeight weight = Weight(WeightType.Q8_0, outputs, columns, out _);
        using MatrixKernels inParts = Kernels(mostUnpacked: 0);
        using var input = Rows(tokens, columns, out _);
        using var biases = Rows(1, outputs, out _);
        using var whole = accelerator.Allocate1D<float>(tokens * outputs);
        using var parts = accelerator.Allocate1D<float>(tokens * outputs);
        MatrixProduct Into(MemoryBuffer1D<float, Stride1D.Dense> output) =>
            new(new RowsView(output.View.BaseView, outputs, outputs), WeightType.Q8_0, weight.View, biases.View.BaseView, true);
        Assert.That(kernels.TryMultiply([Into(whole)], new RowsView(input.View.BaseView, columns, columns), tokens));
        Assert.That(inParts.TryMultiply([Into(parts)], new RowsView(input.View.BaseView, columns, columns), tokens));
        Assert.That(parts.GetAsArray1D(), Is.EqualTo(whole.GetAsArray1D()));
    }

    /// <summary>Every size of tile; stacks unpacked whole and a few experts at a time; experts that nobody chose.</summary>
    [Test]
    public void Choices_of_experts_are_products_with_their_expert_s_rows(
        [Values("BF16", "Q8_0")] string storedType, [Values(5, 100, 250, 500)] int choices, [Values(1, 5)] int share, [Values(0, 32 << 20)] long mostUnpacked)
    {
        var type = Enum.Parse<WeightType>(storedType);
        const int columns = 96, outputs = 150, experts = 5, outputStride = outputs + 2;
        using MatrixKernels own = Kernels(mostUnpacked);
        using GpuWeight stack = Weight(type, experts * outputs, columns, out float[] w);
        using var input = Rows(choices / share, columns, out float[] x);
        using var output = Rows(choices, outputStride, out float[] before);
        using var biases = Rows(1, experts * outputs, out float[] bias);
        int[] chosen = [.. Enumerable.Range(0, choices).Select(_ => random.Next(experts) is int e && e == 3 ? 4 : random.Next(3))];
        int rowsOfTile = MatrixKernels.ExpertTileRows(choices, experts);
        using var chosenThere = accelerator.Allocate1D(chosen);
        using var sorted = accelerator.Allocate1D<int>(choices);
        using var table = accelerator.Allocate1D([.. Enumerable.Repeat(new ExpertTile { Expert = 4, Begin = 0, Count = 1 }, ExpertTiles.Count(choices, rowsOfTile, experts))]); // of a step before
        accelerator.LoadStreamKernel<ArrayView<ExpertTile>, ArrayView<int>, ArrayView<int>, int, int>(SortChoicesKernel.Run)(
            new KernelConfig(experts, 64), table.View.AsContiguous(), sorted.View.AsContiguous(), chosenThere.View.AsContiguous(), choices, rowsOfTile);
        int[] order = sorted.GetAsArray1D();
        Assert.That(order, Is.EqualTo(Enumerable.Range(0, choices).OrderBy(i => chosen[i])));
        ExpertTile[] cut = [.. table.GetAsArray1D().Where(tile => tile.Count > 0)];
        Assert.That(cut.SelectMany(tile => Enumerable.Range(tile.Begin, tile.Count)), Is.EqualTo(Enumerable.Range(0, choices)), "each choice is in one tile");
        Assert.That(cut.SelectMany(tile => Enumerable.Range(tile.Begin, tile.Count).Select(place => chosen[order[place]] == tile.Expert)), Has.None.False);
        Assert.That(cut.Select(tile => tile.Count), Has.All.LessThanOrEqualTo(rowsOfTile));

        MatrixProduct product = new(new RowsView(output.View.BaseView, outputs, outputStride), type, stack.View, biases.View.BaseView, true);
        Assert.That(own.TryMultiplyExperts([product], new RowsView(input.View.BaseView, columns, columns), choices / share, choices, experts,
            new ExpertTiles(table.View.AsContiguous(), sorted.View.AsContiguous(), share)));
        float[] result = output.GetAsArray1D();
        for (int choice = 0; choice < choices; choice++)
        {
            for (int o = 0; o < outputs; o++)
            {
                int row = (chosen[choice] * outputs) + o;
                double sum = bias[row], size = 1;
                for (int k = 0; k < columns; k++)
                {
                    double term = Round(x[(choice / share * columns) + k]) * (double)w[(row * columns) + k];
                    sum += term;
                    size += Math.Abs(term);
                }
                if (!(Math.Abs(result[(choice * outputStride) + o] - sum) <= size * 1e-6))
                    Assert.Fail($"choice {choice} of expert {chosen[choice]}, output {o}: {result[(choice * outputStride) + o]}, expected {sum}");
            }
            Assert.That(result[((choice * outputStride) + outputs)..((choice + 1) * outputStride)], Is.EqualTo(before[((choice * outputStride) + outputs)..((choice + 1) * outputStride)]), "nothing is written beside the rows");
        }
    }

    private static MatrixProduct Product(RowsView output, GpuWeight weight) => new(output, weight.Type, weight.View, output.Values, false);

    [Test]
    public void What_would_lose_more_than_a_rounding_is_refused()
    {
        using GpuWeight weight = Weight(WeightType.BF16, 8, 32, out _);
        using var rows = Rows(2, 32, out _);
        MatrixProduct product = new(new RowsView(rows.View.BaseView, 8, 32), WeightType.F32, weight.View, rows.View.BaseView, false);
        Assert.That(kernels.TryMultiply([product], new RowsView(rows.View.BaseView, 32, 32), 2), Is.False, "float32 weights");
    }

    [Test]
    public void Nothing_grows_while_launches_are_recorded()
    {
        using GpuWeight weight = Weight(WeightType.BF16, 8, 32, out _);
        using var rows = Rows(4, 32, out _);
        MatrixProduct product = new(new RowsView(rows.View.BaseView, 8, 32), WeightType.BF16, weight.View, rows.View.BaseView, false);
        memory.IsRecording = true;
        Assert.That(kernels.TryMultiply([product], new RowsView(rows.View.BaseView, 32, 32), 4), Is.False);
        memory.IsRecording = false;
        Assert.That(kernels.TryMultiply([product], new RowsView(rows.View.BaseView, 32, 32), 4));
        memory.IsRecording = true;
        Assert.That(kernels.TryMultiply([product], new RowsView(rows.View.BaseView, 32, 32), 4));
        memory.IsRecording = false;
    }
}
