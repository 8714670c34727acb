using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Kernels.Gpu;
using Managed.Kernels.Gpu.Vector;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Gpu;

/// <summary>The fast products for a few tokens, as PTX on the interpreter.</summary>
public class VectorKernelTests
{
    private static IEnumerable<WeightType> Types() => VectorFormat.Types;

    // Columns that are no multiple of what the kernels take at once, where the type lets them be.
    private static IEnumerable<(int Rows, int Columns)> Shapes(WeightType type)
    {
        int block = Math.Max(32, BlockFormats.Elements(type));
        return block == 32 ? [(16, 32), (35, 288), (5, 1280), (50, 544)] : [(16, block), (35, 3 * block)];
    }

    [Test]
    public void Products_are_those_of_plain_sums([ValueSource(nameof(Types))] object type, [Values(1, 3, 8)] int tokens)
    {
        using var scene = new VectorScene();
        foreach ((int rows, int columns) in Shapes((WeightType)type))
        {
            VectorScene.Matrix matrix = scene.Weight((WeightType)type, rows, columns);
            float[] x = scene.Random(tokens * columns), bias = scene.Random(rows), actual = scene.Product(matrix, x, bias);
            for (int t = 0; t < tokens; t++)
            {
                for (int r = 0; r < rows; r++)
                {
                    (double sum, double allowed) = matrix.Product(r, x.AsSpan(t * columns, columns));
                    Assert.That(actual[(t * rows) + r], Is.EqualTo(sum + bias[r]).Within(allowed + 1e-6), $"{rows} × {columns}, token {t}, row {r}");
                }
            }
        }
    }

    [Test]
    public void A_token_has_the_same_bits_alone_and_at_any_place_among_others([ValueSource(nameof(Types))] object type)
    {
        using var scene = new VectorScene();
        const int Rows = 20, Columns = 1024;
        VectorScene.Matrix matrix = scene.Weight((WeightType)type, Rows, Columns);
        int most = VectorFormat.For((WeightType)type)!.MostTokens;
        float[] x = scene.Random(most * Columns);
        float[] all = scene.Product(matrix, x);
        (int, int)[] some8 = [(0, 1), (7, 1), (2, 2), (5, 3), (3, 4), (1, 5), (0, 7)], some32 = [(0, 8), (31, 1), (2, 9), (4, 13), (16, 16), (7, 25)];
        foreach ((int first, int count) in most > 8 ? some8.Concat(some32) : some8)
        {
            float[] some = scene.Product(matrix, x[(first * Columns)..((first + count) * Columns)]);
            Assert.That(some, Is.EqualTo(all[(first * Rows)..((first + count) * Rows)]), $"tokens {first} to {first + count - 1}");
        }
    }

    [Test]
    public void Three_matrices_of_one_launch_give_the_bits_of_three_launches([Values(1, 6)] int tokens)
    {
        using var scene = new VectorScene();
        const int Columns = 512;
        VectorScene.Matrix[] matrices = [scene.Weight(WeightType.Q4_0, 40, Columns), scene.Weight(WeightType.Q4_0, 16, Columns), scene.Weight(WeightType.Q4_0, 7, Columns)];
        float[] x = scene.Random(tokens * Columns), bias = scene.Random(16);
        RowsView[] outputs = [.. matrices.Select(matrix => scene.Rows(new float[tokens * matrix.Weight.Rows], matrix.Weight.Rows))];
        ArrayView<Quad> input = scene.Kernels.Prepare(scene.Stored(x, Columns), tokens, WeightType.Q4_0);
        scene.Kernels.Run([scene.Projection(matrices[0], outputs[0]), scene.Projection(matrices[1], outputs[1], bias), scene.Projection(matrices[2], outputs[2])],
            WeightType.Q4_0, Columns, input, tokens, default(PlainEpilogue));
        for (int i = 0; i < 3; i++)
            Assert.That(scene.Read(outputs[i]), Is.EqualTo(scene.Product(matrices[i], x, i == 1 ? bias : null)), $"matrix {i}");
    }

    [Test]
    public void What_becomes_of_a_product_is_the_same_among_more_than_eight_tokens([Values(WeightType.Q8_0, WeightType.Q4_K)] object type)
    {
        using var scene = new VectorScene();
        const int Rows = 40, Columns = 512, Tokens = 21;
        VectorScene.Matrix gate = scene.Weight((WeightType)type, Rows, Columns), up = scene.Weight((WeightType)type, Rows, Columns);
        float[] x = scene.Random(Tokens * Columns), bias = scene.Random(Rows), residual = scene.Random(Tokens * Rows);
        (float[] Gated, float[] Added) Of(int first, int count)
        {
            RowsView gated = scene.Rows(new float[count * Rows], Rows), stream = scene.Rows(residual[(first * Rows)..((first + count) * Rows)], Rows);
            ArrayView<Quad> input = scene.Kernels.Prepare(scene.Stored(x[(first * Columns)..((first + count) * Columns)], Columns), count, (WeightType)type);
            scene.Kernels.Run([scene.Projection(gate, gated), scene.Projection(up, gated, bias)], (WeightType)type, Columns, input, count, default(GatedEpilogue<ActivationKernels.Silu>));
            scene.Kernels.Run([scene.Projection(gate, stream, bias)], (WeightType)type, Columns, input, count, new ResidualEpilogue(stream, 0.5f));
            return (scene.Read(gated), scene.Read(stream));
        }
        (float[] allGated, float[] allAdded) = Of(0, Tokens);
        for (int t = 0; t < Tokens; t++)
        {
            (float[] gated, float[] added) = Of(t, 1);
            Assert.That(gated, Is.EqualTo(allGated[(t * Rows)..((t + 1) * Rows)]), $"token {t}");
            Assert.That(added, Is.EqualTo(allAdded[(t * Rows)..((t + 1) * Rows)]), $"token {t}");
        }
    }

    [Test]
    public void Each_choice_of_an_expert_is_the_product_with_that_expert_s_rows([ValueSource(nameof(Types))] object type, [Values(1, 3)] int share)
    {
        using var scene = new VectorScene();
        const int Experts = 5, Rows = 23, Columns = 512;
        int[] experts = [4, 0, 2, 4, 1, 0];
        VectorScene.Matrix stack = scene.Weight((WeightType)type, Experts * Rows, Columns);
        float[] x = scene.Random(experts.Length / share * Columns), bias = scene.Random(Experts * Rows);
        RowsView output = scene.Rows(new float[experts.Length * (Rows + 2)], Rows + 2);
        ArrayView<Quad> input = scene.Kernels.PrepareApart(scene.Stored(x, Columns), experts.Length / share, (WeightType)type);
        using var chosen = scene.Accelerator.Allocate1D(experts);
        scene.Kernels.RunOfExperts([scene.Projection(stack, new RowsView(output.Values, Rows, Rows + 2), bias)], (WeightType)type, Columns, input,
            chosen.View.AsContiguous(), experts.Length, share, chosen: 3, default(PlainEpilogue));
        float[] result = scene.Read(output);
        for (int choice = 0; choice < experts.Length; choice++)
        {
            for (int r = 0; r < Rows; r++)
            {
                int row = (experts[choice] * Rows) + r;
                (double sum, double allowed) = stack.Product(row, x.AsSpan(choice / share * Columns, Columns));
                Assert.That(result[(choice * (Rows + 2)) + r], Is.EqualTo(sum + bias[row]).Within(allowed + 1e-6), $"choice {choice}, row {r}");
            }
            Assert.That(result[((choice + 1) * (Rows + 2)) - 1], Is.Zero, "nothing is written beside the rows");
        }
    }

    [Test]
    public void A_choice_has_the_same_bits_alone_and_among_others_on_a_small_device([Values(WeightType.BF16, WeightType.Q4_0)] object type)
    {
        var driver = new InterpretedCudaDriver();
        driver.Attributes[CudaDeviceAttribute.MultiprocessorCount] = 2; // then the number of a launch's groups decides into how many parts columns are split
        using var scene = new VectorScene(driver);
        const int Rows = 40, Columns = 2048, Chosen = 2;
        int[] experts = [1, 0, 2, 1, 0, 2, 2, 1, 1, 0];
        VectorScene.Matrix stack = scene.Weight((WeightType)type, 3 * Rows, Columns);
        float[] x = scene.Random(experts.Length * Columns);
        float[] Of(int first, int count)
        {
            RowsView output = scene.Rows(new float[count * Rows], Rows);
            ArrayView<Quad> input = scene.Kernels.PrepareApart(scene.Stored(x[(first * Columns)..((first + count) * Columns)], Columns), count, (WeightType)type);
            using var chosen = scene.Accelerator.Allocate1D(experts[first..(first + count)]);
            scene.Kernels.RunOfExperts([scene.Projection(stack, output)], (WeightType)type, Columns, input, chosen.View.AsContiguous(), count, 1, Chosen, default(PlainEpilogue));
            return scene.Read(output);
        }
        float[] all = Of(0, experts.Length);
        for (int choice = 0; choice < experts.Length; choice += Chosen)
            Assert.That(Of(choice, Chosen), Is.EqualTo(all[(choice * Rows)..((choice + Chosen) * Rows)]), $"choice {choice}");
    }

    [Test]
    public void A_residual_is_added_to_the_scaled_product([Values(WeightType.BF16, WeightType.Q8_0)] object type)
    {
        using var scene = new VectorScene();
        const int Rows = 24, Columns = 256, Tokens = 3;
        VectorScene.Matrix matrix = scene.Weight((WeightType)type, Rows, Columns);
        float[] x = scene.Random(Tokens * Columns), residual = scene.Random(Tokens * Rows), product = scene.Product(matrix, x);
        RowsView stream = scene.Rows(residual, Rows);
        ArrayView<Quad> input = scene.Kernels.Prepare(scene.Stored(x, Columns), Tokens, (WeightType)type);
        scene.Kernels.Run([scene.Projection(matrix, stream)], (WeightType)type, Columns, input, Tokens, new ResidualEpilogue(stream, 0.5f));
        Assert.That(scene.Read(stream), Is.EqualTo(product.Zip(residual, (p, r) => r + (0.5f * p))));
    }

    [Test]
    public void Gate_and_up_become_one_result([Values(WeightType.BF16, WeightType.Q4_0)] object type, [Values(2, 5)] int tokens)
    {
        using var scene = new VectorScene();
        const int Rows = 24, Columns = 288;
        VectorScene.Matrix gate = scene.Weight((WeightType)type, Rows, Columns), up = scene.Weight((WeightType)type, Rows, Columns);
        float[] x = scene.Random(tokens * Columns), bias = scene.Random(Rows), g = scene.Product(gate, x), u = scene.Product(up, x, bias);
        RowsView output = scene.Rows(new float[tokens * Rows], Rows);
        ArrayView<Quad> input = scene.Kernels.Prepare(scene.Stored(x, Columns), tokens, (WeightType)type);
        scene.Kernels.Run([scene.Projection(gate, output), scene.Projection(up, output, bias)], (WeightType)type, Columns, input, tokens,
            default(GatedEpilogue<ActivationKernels.ReluSquared>));
        Assert.That(scene.Read(output), Is.EqualTo(g.Zip(u, (a, b) => MathF.Max(a, 0) * MathF.Max(a, 0) * b)).AsCollection.Within(1e-5f), "two matrices share a group's registers, so that columns may be split otherwise");
        scene.Kernels.Run([scene.Projection(gate, output), scene.Projection(up, output, bias)], (WeightType)type, Columns, input, tokens,
            new ClampedSwigluEpilogue(0.5f));
        Assert.That(scene.Read(output), Is.EqualTo(g.Zip(u, (a, b) =>
            Math.Min(a, 0.5) / (1 + Math.Exp(-1.702 * Math.Min(a, 0.5))) * (Math.Clamp(b, -0.5, 0.5) + 1))).AsCollection.Within(1e-5f));
    }

    [Test]
    public void What_is_not_a_number_or_infinite_is_not_lost([ValueSource(nameof(Types))] object type, [Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float value)
    {
        using var scene = new VectorScene();
        const int Rows = 16, Columns = 512;
        VectorScene.Matrix matrix = scene.Weight((WeightType)type, Rows, Columns);
        float[] x = scene.Random(3 * Columns);
        x[Columns + 77] = value;
        float[] result = scene.Product(matrix, x);
        Assert.That(result[Rows..(2 * Rows)].Select(float.IsFinite), Has.None.True);
        Assert.That(result[..Rows].Concat(result[(2 * Rows)..]).Select(float.IsFinite), Has.None.False, "the other tokens do not see it");
    }

    [Test]
    public void Activations_of_any_size_keep_their_digits([ValueSource(nameof(Types))] object type, [Values(1e-20f, 1e-6f, 1e6f, 1e20f)] float scale)
    {
        using var scene = new VectorScene();
        const int Rows = 16, Columns = 256;
        VectorScene.Matrix matrix = scene.Weight((WeightType)type, Rows, Columns);
        float[] x = [.. scene.Random(Columns).Select(value => value * scale)], result = scene.Product(matrix, x);
        for (int r = 0; r < Rows; r++)
        {
            (double sum, double allowed) = matrix.Product(r, x);
            Assert.That(result[r], Is.EqualTo(sum).Within(allowed), $"row {r}");
        }
    }

    [Test]
    public void Other_devices_and_other_shapes_are_left_to_the_plain_kernels()
    {
        using var scene = new VectorScene();
        GpuWeight known = scene.Weight(WeightType.BF16, 16, 64).Weight;
        Assert.That(scene.Kernels.CanRun(known, 1), Is.True);
        Assert.That(scene.Kernels.CanRun(known, 8), Is.True);
        Assert.That(scene.Kernels.CanRun(known, 9), Is.False);
        Assert.That(scene.Kernels.CanRun(known, 0), Is.False);

        using Context context = Context.Create(builder => builder.Default());
        using Accelerator cpu = context.Devices.First(device => device.AcceleratorType == AcceleratorType.CPU).CreateAccelerator(context);
        using var kernels = new VectorKernels(new GpuMemory(cpu));
        Assert.That(kernels.CanRun(known, 1), Is.False);

        FakeCudaDriver old = new();
        (old.Attributes[CudaDeviceAttribute.ComputeCapabilityMajor], old.Attributes[CudaDeviceAttribute.ComputeCapabilityMinor]) = (7, 5);
        using var turing = new VectorScene(old);
        Assert.That(turing.Kernels.CanRun(turing.Weight(WeightType.BF16, 16, 64).Weight, 1), Is.False);
    }

    [Test]
    public void PTX_assembles_without_spills([ValueSource(nameof(Types))] object type) => Accelerators.AssertAssembles(
        $"{type}",
        driver =>
        {
            using var scene = new VectorScene(driver);
            VectorScene.Matrix matrix = scene.Weight((WeightType)type, 16, 256);
            foreach (int tokens in VectorFormat.For((WeightType)type)!.MostTokens > 8 ? new[] { 1, 8, 9 } : [1, 8])
            {
                RowsView output = scene.Rows(new float[16 * tokens], 16);
                ArrayView<Quad> input = scene.Kernels.Prepare(scene.Stored(scene.Random(256 * tokens), 256), tokens, (WeightType)type);
                VectorProjection projection = scene.Projection(matrix, output);
                scene.Kernels.Run([projection], (WeightType)type, 256, input, tokens, default(PlainEpilogue));
                scene.Kernels.Run([projection], (WeightType)type, 256, input, tokens, new ResidualEpilogue(output, 1));
                scene.Kernels.Run([projection, projection], (WeightType)type, 256, input, tokens, default(GatedEpilogue<ActivationKernels.Silu>));
            }
            RowsView choices = scene.Rows(new float[4 * 4], 4);
            using var experts = scene.Accelerator.Allocate1D([3, 0, 1, 3]);
            VectorProjection stack = scene.Projection(matrix, choices);
            ArrayView<Quad> apart = scene.Kernels.PrepareApart(scene.Stored(scene.Random(256 * 2), 256), 2, (WeightType)type);
            scene.Kernels.RunOfExperts([stack], (WeightType)type, 256, apart, experts.View.AsContiguous(), 4, 2, chosen: 2, default(PlainEpilogue));
            scene.Kernels.RunOfExperts([stack, stack], (WeightType)type, 256, apart, experts.View.AsContiguous(), 4, 2, chosen: 2, default(GatedEpilogue<ActivationKernels.Silu>));
        });
}
