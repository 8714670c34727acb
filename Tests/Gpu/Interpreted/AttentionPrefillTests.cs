using ILGPU;
using ILGPU.Runtime.Cuda;
using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Kernels.Gpu.Attention;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Gpu;

/// <summary>Attention of stretches of text in bfloat16, as PTX in the tests' interpreter, against the formula in double precision.</summary>
public class AttentionPrefillTests
{
    // Queries, keys, weights and values are rounded to 8 bits each; relative to a row's largest result.
    private const double Tolerance = 0.02;

    private static AttentionSettings Of(int heads, int keyHeads, int dimension) =>
        new() { Heads = heads, KeyHeads = keyHeads, KeyDimension = dimension, ValueDimension = dimension, Scale = 1f / MathF.Sqrt(dimension) };

    private static readonly Dictionary<string, (AttentionSettings Settings, (int Past, int Added)[] Sequences)> s_kinds = new()
    {
        ["first tokens"] = (Of(2, 1, 64), [(0, 70)]),
        ["more tokens of several texts"] = (Of(2, 2, 64), [(60, 9), (0, 1), (130, 70)]),
        ["96 elements"] = (Of(1, 1, 96), [(3, 20)]),
        ["128 elements"] = (Of(1, 1, 128), [(50, 20)]),
        ["256 elements"] = (Of(1, 1, 256), [(50, 20)]),
        ["many tiles of keys"] = (Of(1, 1, 64), [(600, 20)]),
        ["window"] = (Of(1, 1, 64) with { Window = 11 }, [(0, 5), (120, 20)]),
        ["window over tiles"] = (Of(1, 1, 64) with { Window = 100 }, [(120, 90)]),
        ["window of one"] = (Of(1, 1, 64) with { Window = 1 }, [(60, 10)]),
        ["alibi"] = (Of(2, 1, 64) with { AlibiSlopes = [0.25f, 0.01f] }, [(60, 10)]),
        ["sinks"] = (Of(2, 1, 64) with { Sinks = [2.5f, -3f] }, [(60, 10)]),
        ["soft cap"] = (Of(1, 1, 64) with { SoftCap = 1.5f }, [(60, 10)]),
    };

    private static IEnumerable<string> Kinds => s_kinds.Keys;

    [TestCaseSource(nameof(Kinds))]
    public void Rows_are_those_of_the_formula(string kind)
    {
        (AttentionSettings settings, (int Past, int Added)[] sequences) = s_kinds[kind];
        foreach (int warps in new[] { 0, 4, 8 })
        {
            using Context context = Context.Create().ToContext();
            using CudaAccelerator accelerator = Accelerators.OpenCuda(context, new InterpretedCudaDriver());
            using var kernels = new AttentionKernelSet(new GpuMemory(accelerator)) { PrefillWarps = warps };
            using var scene = new AttentionScene(accelerator, settings, sequences, 24);
            Assert.That(kernels.TryPrefill(scene.Output, scene.Inputs, scene.Cache, settings, scene.Sequences), Is.True);
            double most = Enumerable.Range(0, scene.Rows).Max(scene.Error);
            TestContext.Out.WriteLine($"{kind}, {warps} warps: {most:E2}");
            Assert.That(most, Is.LessThan(Tolerance));
        }
    }

    [Test]
    public void A_row_s_bits_are_the_same_in_any_step_and_any_size_of_group()
    {
        AttentionSettings settings = Of(2, 1, 64);
        using Context context = Context.Create().ToContext();
        using CudaAccelerator accelerator = Accelerators.OpenCuda(context, new InterpretedCudaDriver());
        using var kernels = new AttentionKernelSet(new GpuMemory(accelerator)) { PrefillWarps = 4 };
        using var wide = new AttentionKernelSet(new GpuMemory(accelerator)) { PrefillWarps = 8 };
        using var scene = new AttentionScene(accelerator, settings, [(50, 40), (3, 5)]);
        Assert.That(kernels.TryPrefill(scene.Output, scene.Inputs, scene.Cache, settings, scene.Sequences), Is.True);
        float[][] together = [.. Enumerable.Range(0, 40).Select(scene.Read)];
        // the same text in three steps
        foreach ((int first, int count) in new[] { (0, 1), (1, 20), (21, 19) })
            Assert.That(wide.TryPrefill(scene.Output, scene.Inputs, scene.Cache, settings, [new PrefillSequence(first, 50 + first, count)]), Is.True);
        Assert.That(Enumerable.Range(0, 40).Select(scene.Read), Is.EqualTo(together));
    }

    /// <summary>No number of warps stands for warpgroups, where the device has them.</summary>
    [Test]
    public void It_assembles_without_spills([Values(64, 96, 128, 256)] int dimension, [Values(0, 4, 8)] int warps, [Values] bool extras) => Accelerators.AssertAssembles(
        $"prefill {dimension}, {warps} warps{(extras ? ", extras" : "")}",
        driver =>
        {
            using Context context = Context.Create().ToContext();
            using CudaAccelerator accelerator = Accelerators.OpenCuda(context, driver);
            using var kernels = new AttentionKernelSet(new GpuMemory(accelerator)) { PrefillWarps = warps };
            AttentionSettings settings = Of(1, 1, dimension) with { AlibiSlopes = extras ? [0.5f] : null };
            using var scene = new AttentionScene(accelerator, settings, [(3, 100)]);
            Assert.That(kernels.TryPrefill(scene.Output, scene.Inputs, scene.Cache, settings, scene.Sequences), Is.True);
        });

    [Test]
    public void A_row_s_bits_are_the_same_in_any_step_on_warpgroups()
    {
        AttentionSettings settings = Of(2, 1, 128);
        using Context context = Context.Create().ToContext();
        using CudaAccelerator accelerator = Accelerators.OpenCuda(context, new InterpretedCudaDriver());
        using var kernels = new AttentionKernelSet(new GpuMemory(accelerator));
        Assert.That(kernels.HasWarpgroups, Is.True);
        using var scene = new AttentionScene(accelerator, settings, [(100, 40), (3, 5)]);
        Assert.That(kernels.TryPrefill(scene.Output, scene.Inputs, scene.Cache, settings, scene.Sequences), Is.True);
        float[][] together = [.. Enumerable.Range(0, 40).Select(scene.Read)];
        foreach ((int first, int count) in new[] { (0, 1), (1, 29), (30, 10) })
            Assert.That(kernels.TryPrefill(scene.Output, scene.Inputs, scene.Cache, settings, [new PrefillSequence(first, 100 + first, count)]), Is.True);
        Assert.That(Enumerable.Range(0, 40).Select(scene.Read), Is.EqualTo(together));
    }

}
