namespace Managed.Tests.Ptx;

/// <summary>The example kernels give what plain C# gives.</summary>
public class PtxExampleTests
{
    private static PtxModule Load(string name) => PtxModule.Parse(File.ReadAllText(SharedFolder.Fixture($"ptx/{name}.ptx")));

    private static float[] Random(int seed, int count)
    {
        var random = new Random(seed);
        float[] values = new float[count];
        foreach (ref float value in values.AsSpan())
            value = (random.NextSingle() * 2) - 1;
        return values;
    }

    private static ushort ToBrain(float value) => (ushort)((BitConverter.SingleToUInt32Bits(value) + 0x7FFF + ((BitConverter.SingleToUInt32Bits(value) >> 16) & 1)) >> 16);

    private static ushort[] ToBrain(float[] values) => [.. values.Select(ToBrain)];

    private static float FromBrain(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    [TestCase(1)]
    [TestCase(256)]
    [TestCase(1000)]
    public void Vector_addition_is_exact(int n)
    {
        PtxModule module = Load("vector-add");
        var machine = new PtxMachine();
        float[] a = Random(1, n), b = Random(2, n);
        ulong c = machine.Allocate(n * 4);
        LaunchStatistics statistics = machine.Launch(module, "vector_add", (n + 255) / 256, 256, 0, [machine.Allocate<float>(a), machine.Allocate<float>(b), c, (ulong)n]);
        Assert.That(machine.Read<float>(c, n), Is.EqualTo(a.Zip(b, (x, y) => x + y)));
        Assert.That(statistics.GlobalBytesLoaded, Is.EqualTo(8L * n));
        Assert.That(statistics.GlobalBytesStored, Is.EqualTo(4L * n));
        Assert.That(statistics.GlobalSectors, Is.EqualTo(3L * ((n + 7) / 8)));
        Assert.That(statistics.Threads(InstructionClass.Float), Is.EqualTo(n));
    }

    [TestCase(1, 8)]
    [TestCase(7, 520)]
    [TestCase(16, 2048)]
    public void A_matrix_times_a_vector_agrees_to_rounding(int rows, int columns)
    {
        PtxModule module = Load("gemv-bf16");
        var machine = new PtxMachine();
        ushort[] w = ToBrain(Random(3, rows * columns)), x = ToBrain(Random(4, columns));
        ulong y = machine.Allocate(rows * 4);
        machine.Launch(module, "gemv_bf16", (rows + 3) / 4, 128, 0, [machine.Allocate<ushort>(w), machine.Allocate<ushort>(x), y, (ulong)rows, (ulong)columns]);
        float[] result = machine.Read<float>(y, rows);
        for (int row = 0; row < rows; row++)
        {
            double sum = 0, magnitude = 0;
            for (int k = 0; k < columns; k++)
            {
                double product = (double)FromBrain(w[(row * columns) + k]) * FromBrain(x[k]);
                sum += product;
                magnitude += Math.Abs(product);
            }
            Assert.That(result[row], Is.EqualTo(sum).Within(magnitude * columns * 6e-8));
        }
    }

    [TestCase(1, 4)]
    [TestCase(3, 1028)]
    public void Residual_addition_and_norm_agree_to_half_a_step(int rows, int width)
    {
        PtxModule module = Load("rmsnorm-add");
        var machine = new PtxMachine();
        float[] x = Random(5, rows * width), delta = Random(6, rows * width);
        ushort[] weight = ToBrain(Random(7, width));
        ulong state = machine.Allocate<float>(x), output = machine.Allocate(rows * width * 2);
        machine.Launch(module, "rmsnorm_add", rows, 256, 0,
            [state, machine.Allocate<float>(delta), machine.Allocate<ushort>(weight), output, (ulong)width, BitConverter.SingleToUInt32Bits(1e-6f)]);
        float[] sums = machine.Read<float>(state, rows * width);
        ushort[] normed = machine.Read<ushort>(output, rows * width);
        for (int row = 0; row < rows; row++)
        {
            double squares = 0;
            for (int i = 0; i < width; i++)
            {
                Assert.That(sums[(row * width) + i], Is.EqualTo(x[(row * width) + i] + delta[(row * width) + i]));
                squares += (double)sums[(row * width) + i] * sums[(row * width) + i];
            }
            double scale = 1 / Math.Sqrt((squares / width) + 1e-6);
            for (int i = 0; i < width; i++)
            {
                double exact = sums[(row * width) + i] * scale * FromBrain(weight[i]);
                Assert.That(FromBrain(normed[(row * width) + i]), Is.EqualTo(exact).Within((Math.Abs(exact) * 0.00391) + 1e-30));
            }
        }
    }

    [TestCase(1, 64, 32)]
    [TestCase(100, 128, 96)]
    public void A_product_by_tensor_cores_agrees_to_rounding(int m, int n, int k)
    {
        PtxModule module = Load("gemm-bf16-mma");
        var machine = new PtxMachine();
        ushort[] a = ToBrain(Random(8, m * k)), w = ToBrain(Random(9, n * k));
        ulong c = machine.Allocate(m * n * 4);
        LaunchStatistics statistics = machine.Launch(module, "gemm_bf16", (n / 64, (m + 63) / 64), 128, 0,
            [machine.Allocate<ushort>(a), machine.Allocate<ushort>(w), c, (ulong)m, (ulong)n, (ulong)k]);
        float[] result = machine.Read<float>(c, m * n);
        for (int row = 0; row < m; row++)
            for (int column = 0; column < n; column++)
            {
                double sum = 0;
                for (int i = 0; i < k; i++)
                    sum += (double)FromBrain(a[(row * k) + i]) * FromBrain(w[(column * k) + i]);
                Assert.That(result[(row * n) + column], Is.EqualTo(sum).Within(k * 6e-8));
            }
        // the swizzle leaves no bank conflicts: a request of 16 bytes a lane takes four passes, ldmatrix.x4 too
        Assert.That(statistics.SharedPasses, Is.EqualTo(4 * statistics.SharedRequests));
    }

    [TestCase("bar.sync        0;                      // nobody", "//", "race")]
    [TestCase("cp.async.wait_group 1;", "cp.async.wait_group 2;", "cp.async")]
    [TestCase("bar.sync        0;                      // ... and", "//", "race|cp.async|nobody")]
    public void A_missing_barrier_or_wait_in_the_product_is_reported(string line, string replacement, string expected)
    {
        string text = File.ReadAllText(SharedFolder.Fixture("ptx/gemm-bf16-mma.ptx"));
        Assert.That(text, Does.Contain(line));
        PtxModule module = PtxModule.Parse(text.Replace(line, replacement));
        var machine = new PtxMachine();
        ulong a = machine.Allocate<ushort>(new ushort[64 * 128]), w = machine.Allocate<ushort>(new ushort[64 * 128]), c = machine.Allocate(64 * 64 * 4);
        var exception = Assert.Throws<PtxException>(() => machine.Launch(module, "gemm_bf16", 1, 128, 0, [a, w, c, 64, 64, 128]));
        Assert.That(exception!.Message, Does.Match(expected));
    }

    [Test]
    public void A_product_of_a_warpgroup_agrees_to_rounding()
    {
        PtxModule module = PtxModule.Parse(Wgmma);
        var machine = new PtxMachine();
        ushort[] a = ToBrain(Random(10, 64 * 64)), w = ToBrain(Random(11, 64 * 64));
        ulong c = machine.Allocate(64 * 64 * 4);
        machine.Launch(module, "wgmma_bf16", 1, 128, 0, [machine.Allocate<ushort>(a), machine.Allocate<ushort>(w), c]);
        float[] result = machine.Read<float>(c, 64 * 64);
        for (int row = 0; row < 64; row++)
            for (int column = 0; column < 64; column++)
            {
                double sum = 0;
                for (int i = 0; i < 64; i++)
                    sum += (double)FromBrain(a[(row * 64) + i]) * FromBrain(w[(column * 64) + i]);
                Assert.That(result[(row * 64) + column], Is.EqualTo(sum).Within(64 * 6e-8));
            }
    }

    [TestCase("fence.proxy.async.shared::cta;", "fence.proxy.async")]
    [TestCase("wgmma.fence.sync.aligned;", "wgmma.fence must come")]
    [TestCase("wgmma.wait_group.sync.aligned 0;", "read before it was written")]
    [TestCase("bar.sync        0;", "data race|nobody")]
    public void A_missing_fence_or_wait_of_a_warpgroup_is_reported(string line, string expected)
    {
        Assert.That(Wgmma, Does.Contain(line));
        PtxModule module = PtxModule.Parse(Wgmma.Replace(line, "//"));
        var machine = new PtxMachine();
        ulong tile = machine.Allocate<ushort>(new ushort[64 * 64]), c = machine.Allocate(64 * 64 * 4);
        Assert.That(Assert.Throws<PtxException>(() => machine.Launch(module, "wgmma_bf16", 1, 128, 0, [tile, tile, c]))!.Message, Does.Match(expected));
    }

    [TestCase(0, 0)]
    [TestCase(64, 70)]
    public void A_tile_comes_by_tensor_map_and_what_lies_outside_is_zero(int column, int row)
    {
        PtxModule module = PtxModule.Parse(File.ReadAllText(SharedFolder.Fixture("ptx/tma-load.ptx")));
        var machine = new PtxMachine();
        const int rows = 100, columns = 128;
        ushort[] values = [.. Enumerable.Range(1, rows * columns).Select(i => (ushort)i)];
        ulong tensor = machine.Allocate<ushort>(values), output = machine.Allocate(64 * 64 * 2);
        byte[] parameters = new byte[144];
        new TensorMap(tensor, 2, [columns, rows], [columns * 2], [64, 64], 128).Encode().CopyTo(parameters, 0);
        BitConverter.TryWriteBytes(parameters.AsSpan(128), output);
        BitConverter.TryWriteBytes(parameters.AsSpan(136), column);
        BitConverter.TryWriteBytes(parameters.AsSpan(140), row);
        machine.LaunchWithBytes(module, "tma_load", 1, 128, 0, parameters);
        ushort[] tile = machine.Read<ushort>(output, 64 * 64);
        for (int i = 0; i < 64; i++)
            for (int j = 0; j < 64; j++)
                Assert.That(tile[(64 * i) + j], Is.EqualTo(row + i < rows ? values[((row + i) * columns) + column + j] : 0), $"row {i}, column {j}");
    }

    [Test]
    public void A_tile_that_is_not_waited_for_may_not_be_read()
    {
        string text = File.ReadAllText(SharedFolder.Fixture("ptx/tma-load.ptx")).Replace("@!%p2 bra       $wait;", "//").Replace("mbarrier.try_wait.parity.shared.b64 %p2", "//");
        var machine = new PtxMachine();
        byte[] parameters = new byte[144];
        new TensorMap(machine.Allocate(64 * 64 * 2), 2, [64, 64], [128], [64, 64], 128).Encode().CopyTo(parameters, 0);
        Assert.That(Assert.Throws<PtxException>(() => machine.LaunchWithBytes(PtxModule.Parse(text), "tma_load", 1, 128, 0, parameters))!.Message, Does.Contain("cp.async").Or.Contain("nobody"));
    }

    private static string Wgmma => File.ReadAllText(SharedFolder.Fixture("ptx/wgmma-bf16.ptx"));

    [Test]
    public void Blocks_of_a_cooperative_launch_meet()
    {
        PtxModule module = Load("grid-barrier");
        var machine = new PtxMachine();
        const int blocks = 9;
        ulong counter = machine.Allocate<uint>([0]), slots = machine.Allocate(blocks * 4), result = machine.Allocate(blocks * 4);
        machine.Launch(module, "grid_barrier", blocks, 64, 0, [counter, slots, result], new LaunchOptions { Cooperative = true, FindGlobalRaces = true });
        Assert.That(machine.Read<uint>(result, blocks), Is.EqualTo(Enumerable.Range(1, blocks).Select(i => (uint)(i % blocks))));
    }

    [Test]
    public void Waiting_for_a_block_that_never_runs_is_reported()
    {
        PtxModule module = Load("grid-barrier");
        var machine = new PtxMachine();
        ulong counter = machine.Allocate<uint>([0]), slots = machine.Allocate(8), result = machine.Allocate(8);
        var exception = Assert.Throws<PtxException>(() =>
            machine.Launch(module, "grid_barrier", 2, 64, 0, [counter, slots, result], new LaunchOptions { InstructionLimit = 100_000 }));
        Assert.That(exception!.Message, Does.Contain("cooperative"));
    }
}
