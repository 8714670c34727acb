using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Kernels.Gpu.Attention;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Gpu;

/// <summary>Attention that norms and turns heads and stores keys and values itself: the bits of a launch of its own before it.</summary>
public class AttentionTurnTests
{
    private static readonly (int Past, int Added)[] s_sequences = [(0, 1), (6, 1), (127, 1), (128, 1), (300, 1)];

    [TestCase(2, 2, 64, 0)]
    [TestCase(6, 2, 64, 0)]
    [TestCase(8, 1, 128, 0)]
    [TestCase(20, 1, 64, 0)]
    [TestCase(20, 1, 64, 11)]
    [TestCase(2, 1, 96, 0)]
    [TestCase(2, 1, 256, 0)]
    public void Results_and_cache_have_the_same_bits(int heads, int keyHeads, int dimension, int window)
    {
        AttentionSettings settings = Of(heads, keyHeads, dimension) with { Window = window };
        Compare(settings, RopePairing.Halves, withNorm: true, first: 0, half: dimension / 2);
        Compare(settings, RopePairing.Adjacent, withNorm: false, first: 8, half: 16);
    }

    [Test]
    public void So_have_they_for_every_pairing_and_where_nothing_turns([Values(RopePairing.Halves, RopePairing.Adjacent, RopePairing.AdjacentToHalves)] object pairing, [Values] bool withNorm)
    {
        AttentionSettings settings = Of(4, 2, 64);
        Compare(settings, (RopePairing)pairing, withNorm, first: 0, half: 32);
        Compare(settings, (RopePairing)pairing, withNorm, first: 0, half: 0);
    }

    private static AttentionSettings Of(int heads, int keyHeads, int dimension) =>
        new() { Heads = heads, KeyHeads = keyHeads, KeyDimension = dimension, ValueDimension = dimension, Scale = 1f / MathF.Sqrt(dimension) };

    private static void Compare(AttentionSettings settings, RopePairing pairing, bool withNorm, int first, int half)
    {
        using Context context = Context.Create().ToContext();
        using CudaAccelerator accelerator = Accelerators.OpenCuda(context, new InterpretedCudaDriver());
        (uint[] rows, uint[] cache) = Run(accelerator, settings, pairing, withNorm, first, half, together: false);
        (uint[] rowsTogether, uint[] cacheTogether) = Run(accelerator, settings, pairing, withNorm, first, half, together: true);
        Assert.That(cacheTogether, Is.EqualTo(cache));
        Assert.That(rowsTogether, Is.EqualTo(rows));
    }

    private static (uint[] Rows, uint[] Cache) Run(
        CudaAccelerator accelerator, AttentionSettings settings, RopePairing pairing, bool withNorm, int first, int half, bool together)
    {
        var random = new Random(11);
        float[] Floats(int count) => [.. Enumerable.Range(0, Math.Max(1, count)).Select(_ => (float)((random.NextDouble() * 4) - 2))];
        using var scene = new AttentionScene(accelerator, settings, s_sequences, 24);
        var memory = new GpuMemory(accelerator);
        using var kernels = new AttentionKernelSet(memory);
        int width = settings.KeyHeads * settings.KeyDimension;
        using var keyMemory = accelerator.Allocate1D(Floats(scene.Rows * width));
        using var valueMemory = accelerator.Allocate1D(Floats(scene.Rows * width));
        using var angleMemory = accelerator.Allocate1D(Floats(301 * 2 * half));
        using var queryGain = accelerator.Allocate1D(Floats(settings.Heads * settings.KeyDimension));
        using var keyGain = accelerator.Allocate1D(Floats(width));
        using var someGain = new GpuBuffer(memory, 8); // says that there is a gain; where it lies is given apart
        NormSettings? Norm(int heads) => withNorm ? new NormSettings(NormKind.Rms, 1e-5f) { Segments = heads, GainPerSegment = true, Gain = someGain, GainOffset = 1 } : null;
        RowsView keys = new(keyMemory.View.AsContiguous(), width, width), values = new(valueMemory.View.AsContiguous(), width, width);
        ArrayView<float> angles = angleMemory.View.AsContiguous();
        HeadNorm queryNorm = new(Norm(settings.Heads), queryGain.View.AsContiguous()), keyNorm = new(Norm(settings.KeyHeads), keyGain.View.AsContiguous());
        var shape = new RopeStoreShape(0, scene.Rows, settings.Heads, settings.KeyHeads, first, half, pairing);
        AttentionInputs inputs = scene.Inputs;
        if (together)
        {
            var prologue = new TurnsFirst(keys, values, scene.Cache, angles, queryNorm, keyNorm, shape);
            Assert.That(kernels.TryDecode(scene.Output, inputs, scene.Cache, settings, scene.Rows, scene.Longest, prologue), Is.True);
        }
        else
        {
            kernels.RopeAndStore(inputs.Queries, keys, values, scene.Cache, inputs.Positions, inputs.SequenceOf, angles, queryNorm, keyNorm, shape);
            Assert.That(kernels.TryDecode(scene.Output, inputs, scene.Cache, settings, scene.Rows, scene.Longest), Is.True);
        }
        float[] cache = new float[scene.Cache.Memory.Length];
        scene.Cache.Memory.CopyToCPU(cache);
        return ([.. Enumerable.Range(0, scene.Rows).SelectMany(row => Bits(scene.Read(row)))], Bits(cache));
    }

    private static uint[] Bits(float[] values) => MemoryMarshal.Cast<float, uint>(values).ToArray();
}
