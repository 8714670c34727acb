using System.Runtime.Intrinsics;
using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Kernels.Linear;

namespace Managed.Tests.Devices;

/// <summary>Float16 weights that were found to be finite are read by a shorter way to the same bits.</summary>
public unsafe class FiniteHalfTests
{
    private const int Outputs = 19, Inputs = 576;

    private static float[] Steps(Scene scene, CpuWeight weight, int steps)
    {
        Rows input = scene.Random(1, Inputs), output = scene.Random(1, Outputs);
        var results = new List<float>();
        var fixedInput = scene.Read(input);
        for (int step = 0; step < steps; step++)
        {
            scene.Device.Linear([new Projection(output, weight)], input, Precision.Exact);
            results.AddRange(scene.Read(output));
        }
        Assert.That(scene.Read(input), Is.EqualTo(fixedInput));
        return [.. results];
    }

    private static void EveryStepIsAlike(float[] results)
    {
        int[] bits = [.. results.Select(BitConverter.SingleToInt32Bits)];
        for (int i = Outputs; i < bits.Length; i++)
            Assert.That(bits[i], Is.EqualTo(bits[i % Outputs]), $"output {i % Outputs} of step {i / Outputs}");
    }

    [Test]
    public void Finite_weights_of_any_size_keep_their_bits()
    {
        if (!FloatTile.IsSupported)
            Assert.Ignore("This machine has no registers of 512 bits: there is one way only.");
        using var scene = new Scene(new CpuDevice(2));
        var weight = (CpuWeight)scene.Weight(WeightType.F16, Outputs, Inputs);
        Fill(weight, i => (ushort)((i * 40503) & 0xBBFF)); // subnormal and normal ones, of either sign, none of the greatest exponent
        float[] results = Steps(scene, weight, CpuWeight.StepsBeforePacking + 3);
        Assert.That(weight.IsFiniteHalf);
        EveryStepIsAlike(results);
    }

    [TestCase(0x7C00, TestName = "An infinite weight stays infinite")]
    [TestCase(0xFC00, TestName = "A weight of minus infinity stays so")]
    [TestCase(0x7E01, TestName = "A weight that is not a number stays so")]
    public void A_special_weight_stays(int special)
    {
        using var scene = new Scene(new CpuDevice(2));
        var weight = (CpuWeight)scene.Weight(WeightType.F16, Outputs, Inputs);
        Fill(weight, i => i == (Outputs * Inputs) - 1 ? (ushort)special : (ushort)0x1234);
        float[] results = Steps(scene, weight, CpuWeight.StepsBeforePacking + 3);
        Assert.That(weight.IsFiniteHalf, Is.False);
        Assert.That(float.IsFinite(results[^1]), Is.False);
        EveryStepIsAlike(results);
    }

    [Test]
    public void Rows_with_a_special_scale_stay_as_they_are_stored([Values(WeightType.Q4_0, WeightType.Q4_1, WeightType.Q8_0)] object type, [Values(0x7C00, 0xFE01)] int special)
    {
        const int Tiled = 32;
        using var scene = new Scene(new CpuDevice(2));
        var weight = (CpuWeight)scene.Weight((WeightType)type, Tiled, Inputs);
        long row = BlockFormats.RowBytes(weight.Type, Inputs);
        *(ushort*)(weight.Data + ((Tiled - 1) * weight.RowBytes) + row - (row / (Inputs / 32))) = (ushort)special; // the scale of the last row's last block
        Rows input = scene.Random(1, Inputs), output = scene.Random(1, Tiled);
        for (int step = 0; step < CpuWeight.StepsBeforePacking + 3; step++)
        {
            scene.Device.Linear([new Projection(output, weight)], input, Precision.Fast);
            float[] results = scene.Read(output);
            Assert.That(results.Take(Tiled - 1), Is.All.Matches<float>(float.IsFinite));
            Assert.That(float.IsFinite(results[^1]), Is.False);
        }
        Assert.That(weight.Packed is null);
    }

    [Test]
    public void Halves_are_finite_until_one_is_not([Values(1, 31, 32, 33, 100)] int count)
    {
        var halves = new ushort[count];
        fixed (ushort* first = halves)
            for (int at = 0; at < count; at++)
            {
                halves[at] = 0xFBFF;
                Assert.That(HalfBits.AreFinite(first, count));
                halves[at] = 0xFE00;
                Assert.That(HalfBits.AreFinite(first, count), Is.False, $"{at}");
                halves[at] = 0;
            }
    }

    [Test]
    public void Every_half_of_any_kind_becomes_its_float32_in_a_wide_register_whatever_lies_below_it()
    {
        uint[] low = [0, 1, 0x8000, 0xFFFF];
        for (uint first = 0; first < 65536; first += 16)
        {
            Vector512<uint> high = Vector512<uint>.Zero;
            for (int i = 0; i < 16; i++)
                high = high.WithElement(i, ((first + (uint)i) << 16) | low[i % low.Length]);
            Vector512<float> any = HalfBits.HighToSingle(high), finite = HalfBits.FiniteHighToSingle(high);
            for (int i = 0; i < 16; i++)
            {
                Half half = BitConverter.UInt16BitsToHalf((ushort)(first + i));
                Assert.That(any[i], Is.EqualTo((float)half), $"{first + i:X4}");
                Assert.That(float.IsNegative(any[i]), Is.EqualTo(Half.IsNegative(half)), $"sign of {first + i:X4}");
                if (Half.IsFinite(half))
                    Assert.That(finite[i], Is.EqualTo((float)half), $"{first + i:X4}");
            }
        }
    }

    private static void Fill(CpuWeight weight, Func<int, ushort> value)
    {
        for (int row = 0; row < Outputs; row++)
            for (int column = 0; column < Inputs; column++)
                BitConverter.TryWriteBytes(new Span<byte>(weight.Data + (row * weight.RowBytes) + (column * sizeof(ushort)), sizeof(ushort)), value((row * Inputs) + column));
    }
}
