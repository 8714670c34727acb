using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Tests.Devices;

namespace Managed.Tests.Gpu;

/// <summary>What a device keeps for the host is what was there when it was asked, however late it arrives.</summary>
public class KeepTests
{
    [Test]
    public void Rows_are_kept_as_they_are_whatever_becomes_of_them_later(
        [Values(Accelerators.Cpu, Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator, [Values(0, 3)] int gap)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        AssertKept(device, gap);
    }

    internal static void AssertKept(IDevice device, int gap)
    {
        const int count = 7, width = 6, times = 21; // more than are under way at a time
        int[] chosen = [5, 0, 1];
        using var scene = new Scene(device);
        Rows rows = scene.Random(count, width, gap);
        float[] before = scene.Read(rows);
        before[^1] = device.Span(rows.Buffer, rows.Start + (6 * rows.Stride) + 5, 1)[0] = -0f;
        var (whole, some) = (new Memory<float>[times], new Memory<float>[times]);
        for (int time = 0; time < times; time++)
        {
            device.Keep(whole[time] = device.RentHost(count * width), rows);
            device.Keep(some[time] = device.RentHost(chosen.Length * width), rows, chosen);
            device.Scale(rows, rows, 2f);
        }
        device.Synchronize();
        for (int time = 0; time < times; time++)
        {
            float[] then = [.. before.Select(value => value * (1 << time))];
            Assert.That(whole[time].ToArray(), Is.EqualTo(then), $"{time}");
            Assert.That(some[time].ToArray(), Is.EqualTo(chosen.SelectMany(row => then[(row * width)..((row + 1) * width)])), $"{time}");
        }
        Assert.That(BitConverter.SingleToInt32Bits(whole[0].Span[^1]), Is.EqualTo(int.MinValue), "the sign of a zero, too");
    }

    [Test]
    public void What_the_host_has_written_is_kept_and_what_was_prepared_stays([Values(Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator)
    {
        using GpuDevice device = Accelerators.Open(accelerator);
        using DeviceBuffer buffer = device.Upload([1, 2, 3, 4]);
        Memory<float> kept = device.RentHost(4);
        device.Span(buffer, 1, 2)[1] = 30;
        device.Keep(kept, new Rows(buffer, 2, 2));
        device.Synchronize();
        Assert.That(kept.ToArray(), Is.EqualTo(new float[] { 1, 2, 30, 4 }));
    }

    [Test]
    public void More_than_one_copy_takes_goes_in_pieces([Values(Accelerators.OpenCL, Accelerators.Ptx, Accelerators.Cuda)] string accelerator, [Values] bool isChosen)
    {
        if (isChosen && accelerator == Accelerators.Ptx)
            Assert.Ignore("skipped: five million threads are many for the interpreter.");
        using GpuDevice device = Accelerators.Open(accelerator);
        const int count = 40, width = 131_072;
        float[] values = [.. Enumerable.Range(0, count * width).Select(i => (float)i)];
        using DeviceBuffer buffer = device.Upload(values);
        Memory<float> kept = device.RentHost(count * width);
        var rows = new Rows(buffer, count, width);
        if (isChosen)
            device.Keep(kept, rows, [.. Enumerable.Range(0, count).Reverse()]);
        else
            device.Keep(kept, rows);
        device.Scale(rows.Slice(count - 1, 1), rows.Slice(0, 1), 0f);
        device.Synchronize();
        int wrong = 0;
        for (int row = 0; row < count; row++)
            wrong += kept.Span.Slice(row * width, width).SequenceEqual(values.AsSpan((isChosen ? count - 1 - row : row) * width, width)) ? 0 : 1;
        Assert.That(wrong, Is.Zero);
    }
}
