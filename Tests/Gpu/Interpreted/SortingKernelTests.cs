using ILGPU;
using ILGPU.Runtime.Cuda;
using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Kernels.Gpu.Edits;
using Managed.Kernels.Gpu.Vector;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Gpu;

/// <summary>Products that sort, and norm, their activations themselves: the bits of a launch of its own before them.</summary>
public class SortingKernelTests
{
    private static IEnumerable<WeightType> Types() => VectorFormat.Types;

    // Whether there is a gain is told by the settings; its values are given beside them.
    private static NormShape Norm(VectorScene scene, int columns, bool withGain)
    {
        using var gain = new GpuBuffer(scene.Device, 8);
        return new NormShape(new NormSettings(NormKind.Rms, 1e-5f) { Gain = withGain ? gain : null, GainOffset = 0.25f }, columns, isAligned: true);
    }

    [Test]
    public void Rows_as_they_lie_give_the_bits_of_sorted_ones([ValueSource(nameof(Types))] object type, [Values(1, 2)] int tokens, [Values(256, 1280)] int columns) =>
        CompareStored((WeightType)type, 40, tokens, columns);

    [Test]
    public void So_do_more_columns_than_all_warps_take_at_once([Values(WeightType.BF16, WeightType.F16, WeightType.Q8_0, WeightType.Q4_0, WeightType.Q5_K)] object type) =>
        CompareStored((WeightType)type, 9, 2, 8192);

    private static void CompareStored(WeightType type, int rows, int tokens, int columns)
    {
        using var scene = new VectorScene();
        VectorScene.Matrix one = scene.Weight(type, rows, columns), other = scene.Weight(type, 7, columns), up = scene.Weight(type, rows, columns);
        float[] x = scene.Random(tokens * columns), bias = scene.Random(rows), residual = scene.Random(tokens * rows);
        float[][] Of(bool sorts)
        {
            RowsView input = scene.Rows(x, columns), plain = scene.Rows(new float[tokens * rows], rows), little = scene.Rows(new float[tokens * 7], 7);
            RowsView added = scene.Rows(residual, rows), gated = scene.Rows(new float[tokens * rows], rows);
            ArrayView<Quad> sorted = scene.Kernels.Prepare(new StoredRows(input, isAligned: true), tokens, type);
            Run([scene.Projection(one, plain, bias), scene.Projection(other, little)], default(PlainEpilogue));
            Run([scene.Projection(one, added)], new ResidualEpilogue(added, 0.5f));
            Run([scene.Projection(one, gated), scene.Projection(up, gated, bias)], default(GatedEpilogue<ActivationKernels.Silu>));
            return [scene.Read(plain), scene.Read(little), scene.Read(added), scene.Read(gated)];

            void Run<TEpilogue>(VectorProjection[] projections, TEpilogue epilogue)
                where TEpilogue : struct, IVectorEpilogue
            {
                if (sorts)
                    scene.Kernels.RunSorting(projections, type, columns, new StoredRows(input, isAligned: true), tokens, epilogue);
                else
                    scene.Kernels.Run(projections, type, columns, sorted, tokens, epilogue);
            }
        }
        Assert.That(Of(sorts: true), Is.EqualTo(Of(sorts: false)));
    }

    [Test]
    public void Rows_of_any_width_and_place_give_the_bits_of_sorted_ones([Values(WeightType.F32, WeightType.F16, WeightType.BF16, WeightType.Q8_0, WeightType.Q4_0)] object type, [Values(32, 288, 1312)] int columns)
    {
        using var scene = new VectorScene();
        VectorScene.Matrix matrix = scene.Weight((WeightType)type, 20, columns);
        float[] x = scene.Random((2 * columns) + 3);
        RowsView output = scene.Rows(new float[40], 20), all = scene.Rows(x, x.Length), input = new(all.Values.SubView(1, (2 * columns) + 1), columns, columns + 1);
        scene.Kernels.RunSorting([scene.Projection(matrix, output)], (WeightType)type, columns, new StoredRows(input, isAligned: false), 2, default(PlainEpilogue));
        float[] packed = [.. x[1..(columns + 1)], .. x[(columns + 2)..((2 * columns) + 2)]];
        Assert.That(scene.Read(output), Is.EqualTo(scene.Product(matrix, packed)));
    }

    [Test]
    public void Normed_rows_give_the_norm_s_results_and_the_bits_of_their_products(
        [ValueSource(nameof(Types))] object type, [Values(1, 2)] int tokens) => CompareNormed((WeightType)type, tokens, 2304, withGain: true);

    [Test]
    public void So_they_do_without_a_gain_and_in_few_columns([Values(WeightType.F32, WeightType.BF16, WeightType.Q8_0)] object type, [Values(256, 4352)] int columns) =>
        CompareNormed((WeightType)type, 2, columns, withGain: false);

    private static void CompareNormed(WeightType type, int tokens, int columns, bool withGain)
    {
        using var scene = new VectorScene();
        const int Rows = 24;
        VectorScene.Matrix matrix = scene.Weight(type, Rows, columns), up = scene.Weight(type, Rows, columns);
        NormShape shape = Norm(scene, columns, withGain);
        ArrayView<float> gain = scene.Upload(scene.Random(columns));
        float[] x = scene.Random(tokens * columns);
        float[][] Of(bool sorts)
        {
            RowsView input = scene.Rows(x, columns), normed = scene.Rows(new float[tokens * columns], columns);
            RowsView plain = scene.Rows(new float[tokens * Rows], Rows), gated = scene.Rows(new float[tokens * Rows], Rows);
            VectorProjection[] one = [scene.Projection(matrix, plain)], both = [scene.Projection(matrix, gated), scene.Projection(up, gated)];
            if (sorts)
            {
                var source = new NormedRows<NoEdit>(normed, input, gain, gain, shape, default);
                scene.Kernels.RunSorting(one, type, columns, source, tokens, default(PlainEpilogue));
                scene.Kernels.RunSorting(both, type, columns, source, tokens, default(GatedEpilogue<ActivationKernels.Silu>));
            }
            else
            {
                scene.Kernels.PrepareNormed(normed, input, gain, gain, shape, tokens, VectorFormat.For(type)!.TakesBytes, default(NoPrologue));
                ArrayView<Quad> planes = scene.Kernels.Planes(columns, tokens);
                scene.Kernels.Run(one, type, columns, planes, tokens, default(PlainEpilogue));
                scene.Kernels.Run(both, type, columns, planes, tokens, default(GatedEpilogue<ActivationKernels.Silu>));
            }
            return [scene.Read(normed), scene.Read(plain), scene.Read(gated)];
        }
        Assert.That(Of(sorts: true), Is.EqualTo(Of(sorts: false)));
    }

    [Test]
    public void Few_groups_of_one_or_two_tokens_sort_and_others_do_not()
    {
        var driver = new FakeCudaDriver();
        driver.Attributes[CudaDeviceAttribute.MultiprocessorCount] = 100;
        using var scene = new VectorScene(driver);
        RowsView output = scene.Rows(new float[1], 1);
        VectorProjection half = scene.Projection(scene.Weight(WeightType.Q4_0, 3200, 32), output), little = scene.Projection(scene.Weight(WeightType.Q4_0, 1, 32), output);
        Assert.That(scene.Kernels.Sorts<PlainEpilogue>([half, half], 1), Is.True);
        Assert.That(scene.Kernels.Sorts<PlainEpilogue>([half, half], 2), Is.True);
        Assert.That(scene.Kernels.Sorts<PlainEpilogue>([half, half], 3), Is.False);
        Assert.That(scene.Kernels.Sorts<PlainEpilogue>([half, half, little], 1), Is.False);
        VectorProjection whole = scene.Projection(scene.Weight(WeightType.Q4_0, 6400, 32), output);
        Assert.That(scene.Kernels.Sorts<GatedEpilogue<ActivationKernels.Silu>>([whole, whole], 1), Is.True, "a group has rows of both");
    }

    [Test]
    public void PTX_assembles_without_spills([ValueSource(nameof(Types))] object type) => Accelerators.AssertAssembles(
        $"sorting {type}",
        driver =>
        {
            using var scene = new VectorScene(driver);
            VectorScene.Matrix matrix = scene.Weight((WeightType)type, 16, 256);
            RowsView output = scene.Rows(new float[16], 16), input = scene.Rows(new float[256], 256);
            VectorProjection projection = scene.Projection(matrix, output);
            All(new StoredRows(input, isAligned: true));
            NormShape shape = Norm(scene, 256, withGain: true);
            All(new NormedRows<NoEdit>(input, input, input.Values, input.Values, shape, default));
            All(new NormedRows<AddsInNorm>(input, input, input.Values, input.Values, shape, new AddsInNorm(default, default, default, input)));

            void All<TSource>(TSource source)
                where TSource : struct, IActivationSource
            {
                scene.Kernels.RunSorting([projection], (WeightType)type, 256, source, 1, default(PlainEpilogue));
                scene.Kernels.RunSorting([projection], (WeightType)type, 256, source, 1, new ResidualEpilogue(output, 1));
                scene.Kernels.RunSorting([projection, projection], (WeightType)type, 256, source, 1, default(GatedEpilogue<ActivationKernels.Silu>));
            }
        });
}
