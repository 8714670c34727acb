using System.Runtime.InteropServices;

namespace Managed.Kernels;

/// <summary>Zeroed native memory, 64-byte aligned; large buffers take physical memory only where they are touched.</summary>
internal sealed unsafe class CpuBuffer : DeviceBuffer
{
    private const int Alignment = 64;
    private void* allocation;

    public CpuBuffer(long length)
    {
        Length = length;
        // Room behind the end, so that a last partial vector may be read whole.
        allocation = NativeMemory.AllocZeroed((nuint)((length * sizeof(float)) + (2 * Alignment)));
        Data = (float*)(((nint)allocation + Alignment - 1) & ~(nint)(Alignment - 1));
    }

    public override long Length { get; }

    /// <summary>First element.</summary>
    public float* Data { get; private set; }

    public override void Dispose()
    {
        NativeMemory.Free(allocation);
        allocation = null;
        Data = null;
        GC.SuppressFinalize(this);
    }

    ~CpuBuffer() => NativeMemory.Free(allocation);
}

/// <summary>Rows as pointers.</summary>
internal static unsafe class RowPointers
{
    /// <summary>First element of a row.</summary>
    public static float* Row(this in Rows rows, int row) => ((CpuBuffer)rows.Buffer).Data + rows.Start + ((long)row * rows.Stride);

    public static float* Pointer(this DeviceBuffer? buffer) => buffer is CpuBuffer cpu ? cpu.Data : null;
}
