using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Kernels.Gpu.Attention;
using Managed.Tests.Ilgpu.Cuda;

namespace Managed.Tests.Gpu;

/// <summary>The kernel between projections and attention gives the bits of the plain kernels one after the other.</summary>
public class AttentionRopeStoreTests
{
    private const int Tokens = 5, Heads = 3, KeyHeads = 2, PagePositions = 16;

    private static readonly int[] s_positions = [14, 15, 16, 3, 4], s_sequenceOf = [0, 0, 0, 1, 1];

    [Test]
    public void It_gives_the_bits_of_norm_rope_and_store(
        [Values(RopePairing.Halves, RopePairing.Adjacent, RopePairing.AdjacentToHalves)] object pairing, [Values("no norm", "norm", "norm for each head")] string norm)
    {
        Run((RopePairing)pairing, norm, 40, 24, 4, 16);
        Run((RopePairing)pairing, norm, 128, 128, 0, 64);
    }

    [Test]
    public void Heads_of_more_elements_than_threads_are_normed_alike() => Run(RopePairing.Halves, "norm", 200, 8, 0, 100);

    [Test]
    public void Nothing_turns_where_there_is_no_rope() => Run(RopePairing.Halves, "no norm", 32, 32, 0, 0);

    private static void Run(RopePairing pairing, string norm, int dimension, int valueDimension, int first, int half)
    {
        using Context context = Context.Create().ToContext();
        using CudaAccelerator accelerator = CudaDevice.GetDevices(new InterpretedCudaDriver()).Single().CreateCudaAccelerator(context);
        var random = new Random(5);
        float[] Floats(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 4) - 2))];
        var layout = new CacheLayout(PagePositions, 3, 3 + (PagePositions * KeyHeads * dimension), KeyHeads, dimension, valueDimension);
        long pageLength = layout.Value(KeyHeads, 0);
        float[] queries = Floats(Tokens * Heads * dimension), keys = Floats(Tokens * KeyHeads * dimension), values = Floats(Tokens * KeyHeads * valueDimension);
        float[] angles = Floats(20 * 2 * half), queryGain = Floats(Heads * dimension), keyGain = Floats(KeyHeads * dimension);
        long[] pages = [2 * pageLength, 0, pageLength];
        NormSettings? Settings(int heads) => norm == "no norm" ? null
            : new NormSettings(NormKind.Rms, 1e-5f) { Segments = heads, GainPerSegment = norm == "norm for each head", Gain = new Absent(), GainOffset = 1 };

        (float[] Queries, float[] Cache) Results(bool fused)
        {
            using var queryMemory = accelerator.Allocate1D(queries);
            using var keyMemory = accelerator.Allocate1D(keys);
            using var valueMemory = accelerator.Allocate1D(values);
            using var angleMemory = accelerator.Allocate1D(angles.Length > 0 ? angles : [0]);
            using var queryGainMemory = accelerator.Allocate1D(queryGain);
            using var keyGainMemory = accelerator.Allocate1D(keyGain);
            using var memory = accelerator.Allocate1D(new float[3 * pageLength]);
            using var pageMemory = accelerator.Allocate1D(pages);
            using var firstPage = accelerator.Allocate1D([0, 2]);
            using var positions = accelerator.Allocate1D(s_positions);
            using var sequenceOf = accelerator.Allocate1D(s_sequenceOf);
            RowsView q = View(queryMemory, Heads * dimension), k = View(keyMemory, KeyHeads * dimension), v = View(valueMemory, KeyHeads * valueDimension);
            ArrayView<float> turns = angleMemory.View.AsContiguous(), gainOfQueries = queryGainMemory.View.AsContiguous(), gainOfKeys = keyGainMemory.View.AsContiguous();
            ArrayView<int> at = positions.View.AsContiguous(), of = sequenceOf.View.AsContiguous();
            var cache = new CacheView(memory.View.AsContiguous(), pageMemory.View.AsContiguous(), firstPage.View.AsContiguous(), layout);
            if (fused)
            {
                using var kernels = new AttentionKernelSet(new GpuMemory(accelerator));
                kernels.RopeAndStore(q, k, v, cache, at, of, turns, new HeadNorm(Settings(Heads), gainOfQueries), new HeadNorm(Settings(KeyHeads), gainOfKeys),
                    new RopeStoreShape(0, Tokens, Heads, KeyHeads, first, half, pairing));
            }
            else
            {
                var plain = new GpuKernels(accelerator);
                foreach ((RowsView vectors, int heads, ArrayView<float> gain) in new[] { (q, Heads, gainOfQueries), (k, KeyHeads, gainOfKeys) })
                {
                    if (Settings(heads) is { } settings)
                        plain.Norm(plain.NormGroups(Tokens * heads), vectors, vectors, gain, gain, new NormShape(settings, heads * dimension));
                    var shape = new RopeShape(0, heads, dimension, first, half);
                    int units = Tokens * heads * half;
                    if (half > 0 && pairing == RopePairing.Halves)
                        plain.RopeHalves(plain.Threads(units), vectors, at, turns, shape, units);
                    else if (half > 0 && pairing == RopePairing.Adjacent)
                        plain.RopeAdjacent(plain.Threads(units), vectors, at, turns, shape, units);
                    else if (half > 0)
                        plain.RopeAdjacentToHalves(plain.Groups(Tokens * heads), vectors, at, turns, shape);
                }
                plain.StoreKeyValue(plain.Threads(Tokens * (k.Width + v.Width)), cache, at, of, k, v, Tokens);
            }
            return (queryMemory.GetAsArray1D(), memory.GetAsArray1D());
        }

        (float[] Queries, float[] Cache) expected = Results(false), actual = Results(true);
        Assert.That(actual.Queries, Is.EqualTo(expected.Queries));
        Assert.That(actual.Cache, Is.EqualTo(expected.Cache));
    }

    private static RowsView View(MemoryBuffer1D<float, Stride1D.Dense> memory, int width) => new(memory.View.AsContiguous(), width, width);

    // Says that there is a gain; where it lies is given apart.
    private sealed class Absent : DeviceBuffer
    {
        public override long Length => 0;

        public override void Dispose()
        {
        }
    }
}
