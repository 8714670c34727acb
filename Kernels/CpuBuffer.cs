using System.Runtime.InteropServices;

namespace Managed.Kernels;

/// <summary>Zeroed native memory, 64-byte aligned; large buffers take physical memory only where they are touched.</summary>
internal sealed unsafe class CpuBuffer : DeviceBuffer
{
    private const int Alignment = 64;
    private readonly CpuDevice? user;
    private void* allocation;

    /// <param name="length">Elements.</param>
    /// <param name="user">The device whose queued operations may still be using the memory when it is given up; null: nobody.</param>
    public CpuBuffer(long length, CpuDevice? user = null)
    {
        this.user = user;
        Length = length;
        // Room behind the end, so that a last partial vector may be read whole.
        allocation = NativeMemory.AllocZeroed((nuint)((length * sizeof(float)) + (2 * Alignment)));
        Data = (float*)(((nint)allocation + Alignment - 1) & ~(nint)(Alignment - 1));
    }

    public override long Length { get; }

    /// <summary>First element.</summary>
    public float* Data { get; private set; }

    /// <summary>The buffer, or one of twice the length in its place where it is too short: what grows with every token need not be new each time.</summary>
    public static CpuBuffer AtLeast(ref CpuBuffer? buffer, long length)
    {
        if (buffer is null || buffer.Length < length)
        {
            buffer?.Dispose();
            buffer = new CpuBuffer(2 * length);
        }
        return buffer;
    }

    public override void Dispose()
    {
        user?.Synchronize();
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

    /// <summary>A row's elements.</summary>
    public static Span<float> Values(this in Rows rows, int row) => new(rows.Row(row), rows.Width);

    public static float* Pointer(this DeviceBuffer? buffer) => buffer is CpuBuffer cpu ? cpu.Data : null;
}
