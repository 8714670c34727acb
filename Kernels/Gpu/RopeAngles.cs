using ILGPU;
using ILGPU.Runtime;

namespace Managed.Kernels.Gpu;

/// <summary>Cosines and sines of a rope table in a device's memory, by position. Grows by doubling.</summary>
internal sealed class RopeAngles(GpuMemory device, RopeTable table) : IDisposable
{
    private MemoryBuffer1D<float, Stride1D.Dense>? memory;
    private int positions;

    /// <summary>For each position the cosines of its pairs, then their sines; reaching at least to `position`.</summary>
    public ArrayView<float> Reaching(int position)
    {
        if (position >= positions)
            Fill(Math.Max(Math.Max(position + 1, 64), 2 * positions));
        return memory!.View.AsContiguous();
    }

    private void Fill(int count)
    {
        int half = table.InverseFrequencies.Length;
        var angles = new float[2L * half * count];
        for (int p = 0; p < count; p++)
            for (int i = 0; i < half; i++)
                (angles[(2L * half * p) + i], angles[(2L * half * p) + half + i]) = Rope.Angle(table, p, i);
        device.Free(memory);
        memory = device.Allocate<float>(angles.Length);
        device.Upload<float>(memory.View.AsContiguous(), angles);
        positions = count;
    }

    public void Dispose() => device.Free(memory);
}
