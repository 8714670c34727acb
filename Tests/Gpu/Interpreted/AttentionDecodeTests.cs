using ILGPU;
using ILGPU.Runtime.Cuda;
using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Kernels.Gpu.Attention;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Gpu;

/// <summary>Attention of few queries, split over groups, as PTX in the tests' interpreter, against the formula in double precision.</summary>
public class AttentionDecodeTests
{
    // Of the products of queries and keys, weights and values 2⁻¹⁶ is left out; relative to a row's largest result.
    private const double Tolerance = 3e-5;

    private static AttentionSettings Of(int heads, int keyHeads, int dimension) =>
        new() { Heads = heads, KeyHeads = keyHeads, KeyDimension = dimension, ValueDimension = dimension, Scale = 1f / MathF.Sqrt(dimension) };

    private static readonly (int Past, int Added)[] s_lengths = [(0, 1), (6, 2), (127, 1), (128, 1), (300, 1)];

    private static readonly Dictionary<string, (AttentionSettings Settings, (int Past, int Added)[] Sequences)> s_kinds = new()
    {
        ["a head for each key head"] = (Of(2, 2, 64), s_lengths),
        ["three heads for each key head"] = (Of(6, 2, 64), s_lengths),
        ["eight heads"] = (Of(8, 1, 128), s_lengths),
        ["two tiles of heads"] = (Of(11, 1, 64), s_lengths),
        ["two groups for a key head"] = (Of(20, 1, 64), s_lengths),
        ["96 elements"] = (Of(2, 1, 96), [(140, 1)]),
        ["256 elements"] = (Of(2, 1, 256), [(140, 1)]),
        ["window"] = (Of(2, 1, 64) with { Window = 11 }, [(0, 1), (9, 3), (131, 1), (300, 1)]),
        ["window over splits"] = (Of(2, 1, 64) with { Window = 200 }, [(250, 1), (383, 2)]),
        ["window of one"] = (Of(2, 1, 64) with { Window = 1 }, [(5, 1), (128, 1)]),
        ["alibi"] = (Of(2, 1, 64) with { AlibiSlopes = [0.25f, 0.01f] }, s_lengths),
        ["sinks"] = (Of(2, 1, 64) with { Sinks = [2.5f, -3f] }, s_lengths),
        ["soft cap"] = (Of(2, 1, 64) with { SoftCap = 1.5f }, s_lengths),
    };

    private static IEnumerable<string> Kinds => s_kinds.Keys;

    [TestCaseSource(nameof(Kinds))]
    public void Rows_are_those_of_the_formula(string kind)
    {
        (AttentionSettings settings, (int Past, int Added)[] sequences) = s_kinds[kind];
        using Context context = Context.Create().ToContext();
        using CudaAccelerator accelerator = Accelerators.OpenCuda(context, new InterpretedCudaDriver());
        using var scene = new AttentionScene(accelerator, settings, sequences, 24);
        float[][]? first = null;
        foreach (int tiles in settings.Heads / settings.KeyHeads > 8 ? new[] { 1, 2 } : [0])
        {
            using var kernels = new AttentionKernelSet(new GpuMemory(accelerator)) { Tiles = tiles };
            for (int round = 0; round < 2; round++) // the second finds the scratch as the first left it
            {
                Assert.That(kernels.TryDecode(scene.Output, scene.Inputs, scene.Cache, settings, scene.Rows, scene.Longest), Is.True);
                for (int row = 0; row < scene.Rows; row++)
                    Assert.That(scene.Error(row), Is.LessThan(Tolerance), $"row {row}");
                float[][] rows = [.. Enumerable.Range(0, scene.Rows).Select(scene.Read)];
                first ??= rows;
                Assert.That(rows, Is.EqualTo(first));
            }
        }
    }

    [Test]
    public void A_row_s_bits_are_the_same_in_any_batch_and_for_any_bound()
    {
        AttentionSettings settings = Of(4, 2, 64);
        using Context context = Context.Create().ToContext();
        using CudaAccelerator accelerator = Accelerators.OpenCuda(context, new InterpretedCudaDriver());
        using var kernels = new AttentionKernelSet(new GpuMemory(accelerator));
        using var scene = new AttentionScene(accelerator, settings, [(150, 1), (20, 3), (290, 1)]);
        Assert.That(kernels.TryDecode(scene.Output, scene.Inputs, scene.Cache, settings, scene.Rows, scene.Longest), Is.True);
        float[] together = scene.Read(0);
        Assert.That(kernels.TryDecode(scene.Output, scene.Inputs, scene.Cache, settings, 1, 1000), Is.True);
        Assert.That(scene.Read(0), Is.EqualTo(together));
    }

    [Test]
    public void Shapes_without_a_kernel_are_refused()
    {
        AttentionSettings settings = Of(2, 2, 40);
        using Context context = Context.Create().ToContext();
        using CudaAccelerator accelerator = Accelerators.OpenCuda(context, new InterpretedCudaDriver());
        using var kernels = new AttentionKernelSet(new GpuMemory(accelerator));
        using var scene = new AttentionScene(accelerator, settings, [(3, 1)]);
        Assert.That(kernels.TryDecode(scene.Output, scene.Inputs, scene.Cache, settings, scene.Rows, scene.Longest), Is.False);
    }

    [TestCase(64, 1)]
    [TestCase(64, 16)]
    [TestCase(96, 4)]
    [TestCase(128, 4)]
    [TestCase(128, 16)]
    [TestCase(256, 8)]
    public void It_assembles_without_spills(int dimension, int heads) => Accelerators.AssertAssembles(
        $"decode {dimension}, {heads} heads",
        driver =>
        {
            using Context context = Context.Create().ToContext();
            using CudaAccelerator accelerator = Accelerators.OpenCuda(context, driver);
            using var kernels = new AttentionKernelSet(new GpuMemory(accelerator)) { Tiles = heads > 8 ? 2 : 1 };
            AttentionSettings settings = Of(heads, 1, dimension);
            using var scene = new AttentionScene(accelerator, settings, [(3, 1)]);
            RowsView queries = scene.Inputs.Queries;
            var turns = new TurnsFirst(queries, queries, scene.Cache, queries.Values, default, default, new RopeStoreShape(0, 1, heads, 1, 0, dimension / 2, RopePairing.Halves));
            Assert.That(kernels.TryDecode(scene.Output, scene.Inputs, scene.Cache, settings, scene.Rows, scene.Longest), Is.True);
            Assert.That(kernels.TryDecode(scene.Output, scene.Inputs, scene.Cache, settings, scene.Rows, scene.Longest, turns), Is.True);
        });
}
