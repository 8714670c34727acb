using Managed.Conversion;
using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Loader;

namespace Managed.Tests.Conversions;

/// <summary>float32 to blocks: as others round, or at least as close.</summary>
public unsafe class BlockQuantiserTests
{
    private static byte[] Quantise(WeightType type, float[] values)
    {
        var stored = new byte[BlockFormats.RowBytes(type, values.Length)];
        BlockQuantisers.Quantise(type, values, stored);
        return stored;
    }

    private static double RelativeError(WeightType type, float[] values)
    {
        var back = new float[values.Length];
        fixed (byte* stored = Quantise(type, values))
            BlockFormats.Dequantise(type, back, stored);
        double error = 0, size = 0;
        for (int i = 0; i < values.Length; i++)
            (error, size) = (error + Math.Pow(back[i] - values[i], 2), size + Math.Pow(values[i], 2));
        return Math.Sqrt(error / size);
    }

    private static float[] Normal(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }

    [TestCase("F16")]
    [TestCase("BF16")]
    [TestCase("Q8_0")]
    [TestCase("Q4_0")]
    public void Blocks_of_ggufs_own_quantiser_come_out_as_they_went_in(string type)
    {
        using GgufFile file = GgufFile.Open(SharedFolder.Require($"fixtures/gguf-blocks/{type}.gguf"));
        StoredTensor theirs = file.Tensors["x"];
        var values = new float[theirs.ElementCount];
        TensorFloats.Read(theirs, 0, values);
        Assert.That(Quantise(Enum.Parse<WeightType>(type), values).AsSpan().SequenceEqual(new ReadOnlySpan<byte>(theirs.Data, (int)theirs.ByteCount)), Is.True);
    }

    // normal data: an ideal uniform quantiser with 16 levels over 32 values has about 7 %
    [TestCase("Q8_0", 0.007)]
    [TestCase("Q4_0", 0.095)]
    [TestCase("Q4_K", 0.075)]
    public void Little_is_lost_of_normal_data(string type, double most) =>
        Assert.That(RelativeError(Enum.Parse<WeightType>(type), Normal(1 << 16, 5)), Is.LessThan(most));

    [Test]
    public void Values_that_a_block_can_hold_come_back([Values("Q8_0", "Q4_0", "Q4_K")] string type)
    {
        Assert.That(RelativeError(Enum.Parse<WeightType>(type), [.. Enumerable.Repeat(1f, 256)]), Is.LessThan(1e-3), "ones");
        var zeros = new float[256];
        fixed (byte* stored = Quantise(Enum.Parse<WeightType>(type), zeros))
            BlockFormats.Dequantise(Enum.Parse<WeightType>(type), zeros, stored);
        Assert.That(zeros, Is.All.Zero);
    }

    [Test]
    public void Offsets_are_kept_by_Q4_K([Values(0.5f, 5, -5)] float offset) =>
        Assert.That(RelativeError(WeightType.Q4_K, [.. Normal(1 << 14, 9).Select(value => value + offset)]), Is.LessThan(0.1));
}
