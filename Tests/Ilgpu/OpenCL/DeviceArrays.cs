using ILGPU;
using ILGPU.Runtime;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>Arrays to and from any accelerator, through its lowest layer.</summary>
internal static unsafe class DeviceArrays
{
    public static MemoryBuffer1D<T, Stride1D.Dense> Upload<T>(Accelerator accelerator, T[] values)
        where T : unmanaged
    {
        MemoryBuffer1D<T, Stride1D.Dense> buffer = accelerator.Allocate1D<T>(values.Length);
        fixed (T* start = values)
        {
            Transfers.FromHost(accelerator.DefaultStream, (nint)start, buffer.AsRawArrayView());
            accelerator.Synchronize();
        }
        return buffer;
    }

    public static T[] Download<T>(MemoryBuffer1D<T, Stride1D.Dense> buffer)
        where T : unmanaged
    {
        T[] values = new T[buffer.Length];
        buffer.Accelerator.Synchronize();
        fixed (T* start = values)
        {
            Transfers.ToHost(buffer.Accelerator.DefaultStream, buffer.AsRawArrayView(), (nint)start);
            buffer.Accelerator.Synchronize();
        }
        return values;
    }
}
