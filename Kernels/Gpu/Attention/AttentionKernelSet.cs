using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>
/// Attention on NVIDIA GPUs from compute capability 8.0 on. What it refuses is left to <see cref="AttentionKernels"/>. Its scratch memory grows
/// when a call needs more: never while a graph is recorded, if the same call was made once before.
/// </summary>
internal sealed partial class AttentionKernelSet(GpuMemory memory) : IDisposable
{
    /// <summary>Groups of a multiprocessor that registers are measured for, where not the usual number; for measurements.</summary>
    public int Groups { get; init; }

    /// <summary>As <see cref="Groups"/>, of prefill.</summary>
    public int PrefillGroups { get; init; }

    /// <summary>Warps of a group of prefill without warpgroups, 4 or 8, where not chosen by the step; for measurements.</summary>
    public int PrefillWarps { get; init; }

    /// <summary>Warps of a group: 4 or 8; for measurements.</summary>
    public int Warps { get; init; } = 4;

    /// <summary>Tiles of eight heads of a group of decoding, where not chosen by the shape; for measurements.</summary>
    public int Tiles { get; init; }

    /// <summary>Whether to multiply by warpgroups; for measurements.</summary>
    public bool HasWarpgroups { get; init; } = ((CudaAccelerator)memory.Accelerator).Architecture == CudaArchitecture.SM_90;

    /// <summary>Whether to use what only later GPUs have; for measurements.</summary>
    public bool IsHopper { get; init; } = ((CudaAccelerator)memory.Accelerator).Architecture >= CudaArchitecture.SM_90;

    /// <summary>The kernels for a device, or null where it is none that they are for.</summary>
    public static AttentionKernelSet? For(GpuMemory memory) =>
        memory.Accelerator is CudaAccelerator { Architecture: var architecture } && architecture >= CudaArchitecture.SM_80 ? new AttentionKernelSet(memory) : null;

    private bool Grow<T>(ref MemoryBuffer1D<T, Stride1D.Dense>? buffer, long length)
        where T : unmanaged
    {
        if (buffer is not null && buffer.Length >= length)
            return false;
        MemoryBuffer1D<T, Stride1D.Dense>? old = buffer;
        buffer = null;
        memory.Free(old);
        buffer = memory.Allocate<T>(length);
        return true;
    }

    public void Dispose()
    {
        memory.Free(mixed);
        memory.Free(totals);
        memory.Free(finished);
        memory.Free(brainKeys);
        memory.Free(brainValues);
        sequenceTable?.Dispose();
    }
}
