using System.Runtime.InteropServices;
using Managed.Kernels;
using Managed.Kernels.Blocks;
using Managed.Kernels.Linear;

namespace Managed.Tests.Devices;

/// <summary>Rows that were brought into tiles after some steps give what they gave before.</summary>
public unsafe class PackedTileTests
{
    private static readonly WeightType[] s_types = [WeightType.Q4_0, WeightType.Q4_1, WeightType.Q8_0, WeightType.Q4_K];

    private static CpuWeight Packed(Scene scene, WeightType type, int outputs, int inputs, int[]? order = null)
    {
        if (LinearKernels.Packing(type) is null)
            Assert.Ignore($"{type} is not packed on this machine: it lacks AVX-512, or AVX-VNNI for signed weights.");
        var weight = (CpuWeight)scene.Weight(type, outputs, inputs, order);
        Assert.That(weight.Packed == null, "a weight is packed before its time");
        return weight;
    }

    private static void Pack(Scene scene, CpuWeight weight, Precision precision = Precision.Fast)
    {
        Rows input = scene.Random(1, weight.Columns), output = scene.Random(1, weight.Rows);
        for (int step = 0; step <= CpuWeight.StepsBeforePacking; step++)
            scene.Device.Linear([new Projection(output, weight)], input, precision);
    }

    [Test]
    public void Packed_rows_give_the_bits_of_stored_rows([Values(1, 2, 3, 4, 5, 15, 18, 70)] int tokens, [Values] Precision precision)
    {
        foreach (WeightType type in s_types)
            foreach ((int outputs, int inputs) in new[] { (16, 256), (53, 256), (160, 768), (37, 5 * 256), (16, 3328) })
                foreach (bool permuted in new[] { false, true })
                {
                    using var scene = new Scene(new CpuDevice(2), seed: outputs + inputs);
                    int[]? order = permuted ? [.. Enumerable.Range(0, outputs).Select(i => outputs - 1 - i)] : null;
                    CpuWeight weight = Packed(scene, type, outputs, inputs, order);
                    Rows input = scene.Random(tokens, inputs), before = scene.Random(tokens, outputs), after = scene.Random(tokens, outputs);
                    DeviceBuffer bias = scene.Vector(outputs);
                    scene.Device.Linear([new Projection(before, weight, bias)], input, precision);
                    Pack(scene, weight, precision);
                    Assert.That(weight.Packed != null, $"{type} is not packed");
                    scene.Device.Linear([new Projection(after, weight, bias)], input, precision);
                    Assert.That(scene.Read(after), Is.EqualTo(scene.Read(before)), $"{type}, {outputs} × {inputs}, permuted: {permuted}");
                }
    }

    [Test]
    public void An_odd_number_of_blocks_and_shares_that_begin_inside_a_tile_change_nothing([Values(1, 3)] int tokens, [Values] Precision precision)
    {
        foreach (WeightType type in s_types.Where(type => BlockFormats.Elements(type) == 32))
        {
            using var scene = new Scene(new CpuDevice(3));
            CpuWeight first = Packed(scene, type, 24, 5 * 32), second = Packed(scene, type, 200, 5 * 32);
            Rows input = scene.Random(tokens, 5 * 32), before = scene.Random(tokens, 224), after = scene.Random(tokens, 224);
            scene.Device.Linear([new Projection(before.Columns(0, 24), first), new Projection(before.Columns(24, 200), second)], input, precision);
            Pack(scene, first);
            Pack(scene, second);
            scene.Device.Linear([new Projection(after.Columns(0, 24), first), new Projection(after.Columns(24, 200), second)], input, precision);
            Assert.That(scene.Read(after), Is.EqualTo(scene.Read(before)), $"{type}");
        }
    }

    [Test]
    public void A_packed_table_embeds_the_same_bits()
    {
        foreach (WeightType type in s_types)
        {
            using var scene = new Scene(new CpuDevice(2));
            CpuWeight table = Packed(scene, type, 21, 512);
            var plan = new StepPlan { Count = 21, Tokens = [.. Enumerable.Range(0, 21)], Positions = new int[21], SequenceOf = new int[21], SequenceCount = 1, SequenceStart = [0, 21] };
            Rows before = scene.Random(21, 512), after = scene.Random(21, 512);
            scene.Device.Embed(before, plan, table, 1);
            Pack(scene, table);
            scene.Device.Embed(after, plan, table, 1);
            Assert.That(scene.Read(after), Is.EqualTo(scene.Read(before)), $"{type}");
        }
    }

    [Test]
    public void Pages_of_a_mapped_file_come_back_with_what_they_held()
    {
        string path = Path.GetTempFileName();
        try
        {
            byte[] bytes = new byte[300_000];
            new Random(1).NextBytes(bytes);
            File.WriteAllBytes(path, bytes);
            using Managed.Loader.FileBytes file = Managed.Loader.FileBytes.Open(path);
            Assert.That(file.IsMapped);
            MappedPages.Release(file.Pointer + 1, file.Length - 1);
            Assert.That(file.Slice(0, bytes.Length).SequenceEqual(bytes));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Test]
    public void Memory_that_a_caller_lends_is_not_mapped()
    {
        byte* memory = (byte*)NativeMemory.AllocZeroed(16);
        using (Managed.Loader.FileBytes file = Managed.Loader.FileBytes.Borrow("lent", memory, 16))
            Assert.That(file.IsMapped, Is.False);
        NativeMemory.Free(memory);
    }
}
