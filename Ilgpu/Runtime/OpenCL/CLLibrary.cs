using System.Runtime.InteropServices;

namespace ILGPU.Runtime.OpenCL;

/// <summary>
/// The entry points of the OpenCL loader (ICD), found at run time: where none is installed, <see cref="IsAvailable"/> is false and
/// nothing else happens. Functions of OpenCL 1.2 only; all handles are pointers.
/// </summary>
internal static unsafe class CLLibrary
{
    private static readonly IntPtr Handle = Load();

    public static bool IsAvailable => Handle != IntPtr.Zero;

    public static readonly delegate* unmanaged<uint, IntPtr*, uint*, int> GetPlatformIDs =
        (delegate* unmanaged<uint, IntPtr*, uint*, int>)Entry("clGetPlatformIDs");

    public static readonly delegate* unmanaged<IntPtr, uint, nuint, void*, nuint*, int> GetPlatformInfo =
        (delegate* unmanaged<IntPtr, uint, nuint, void*, nuint*, int>)Entry("clGetPlatformInfo");

    public static readonly delegate* unmanaged<IntPtr, ulong, uint, IntPtr*, uint*, int> GetDeviceIDs =
        (delegate* unmanaged<IntPtr, ulong, uint, IntPtr*, uint*, int>)Entry("clGetDeviceIDs");

    public static readonly delegate* unmanaged<IntPtr, uint, nuint, void*, nuint*, int> GetDeviceInfo =
        (delegate* unmanaged<IntPtr, uint, nuint, void*, nuint*, int>)Entry("clGetDeviceInfo");

    public static readonly delegate* unmanaged<IntPtr*, uint, IntPtr*, IntPtr, IntPtr, int*, IntPtr> CreateContext =
        (delegate* unmanaged<IntPtr*, uint, IntPtr*, IntPtr, IntPtr, int*, IntPtr>)Entry("clCreateContext");

    public static readonly delegate* unmanaged<IntPtr, int> ReleaseContext = (delegate* unmanaged<IntPtr, int>)Entry("clReleaseContext");

    public static readonly delegate* unmanaged<IntPtr, IntPtr, ulong, int*, IntPtr> CreateCommandQueue =
        (delegate* unmanaged<IntPtr, IntPtr, ulong, int*, IntPtr>)Entry("clCreateCommandQueue");

    public static readonly delegate* unmanaged<IntPtr, int> ReleaseCommandQueue = (delegate* unmanaged<IntPtr, int>)Entry("clReleaseCommandQueue");

    public static readonly delegate* unmanaged<IntPtr, int> Flush = (delegate* unmanaged<IntPtr, int>)Entry("clFlush");

    public static readonly delegate* unmanaged<IntPtr, int> Finish = (delegate* unmanaged<IntPtr, int>)Entry("clFinish");

    public static readonly delegate* unmanaged<IntPtr, ulong, nuint, void*, int*, IntPtr> CreateBuffer =
        (delegate* unmanaged<IntPtr, ulong, nuint, void*, int*, IntPtr>)Entry("clCreateBuffer");

    public static readonly delegate* unmanaged<IntPtr, int> ReleaseMemObject = (delegate* unmanaged<IntPtr, int>)Entry("clReleaseMemObject");

    /// <summary>queue, buffer, blocking, offset, bytes, host pointer, waits, event.</summary>
    public static readonly delegate* unmanaged<IntPtr, IntPtr, uint, nuint, nuint, void*, uint, IntPtr*, IntPtr*, int> EnqueueReadBuffer =
        (delegate* unmanaged<IntPtr, IntPtr, uint, nuint, nuint, void*, uint, IntPtr*, IntPtr*, int>)Entry("clEnqueueReadBuffer");

    /// <inheritdoc cref="EnqueueReadBuffer"/>
    public static readonly delegate* unmanaged<IntPtr, IntPtr, uint, nuint, nuint, void*, uint, IntPtr*, IntPtr*, int> EnqueueWriteBuffer =
        (delegate* unmanaged<IntPtr, IntPtr, uint, nuint, nuint, void*, uint, IntPtr*, IntPtr*, int>)Entry("clEnqueueWriteBuffer");

    /// <summary>queue, source, target, source offset, target offset, bytes, waits, event.</summary>
    public static readonly delegate* unmanaged<IntPtr, IntPtr, IntPtr, nuint, nuint, nuint, uint, IntPtr*, IntPtr*, int> EnqueueCopyBuffer =
        (delegate* unmanaged<IntPtr, IntPtr, IntPtr, nuint, nuint, nuint, uint, IntPtr*, IntPtr*, int>)Entry("clEnqueueCopyBuffer");

    /// <summary>queue, buffer, pattern, bytes of the pattern, offset, bytes, waits, event.</summary>
    public static readonly delegate* unmanaged<IntPtr, IntPtr, void*, nuint, nuint, nuint, uint, IntPtr*, IntPtr*, int> EnqueueFillBuffer =
        (delegate* unmanaged<IntPtr, IntPtr, void*, nuint, nuint, nuint, uint, IntPtr*, IntPtr*, int>)Entry("clEnqueueFillBuffer");

    /// <summary>queue, kernel, dimensions, offsets, threads, threads of a group, waits, event.</summary>
    public static readonly delegate* unmanaged<IntPtr, IntPtr, uint, nuint*, nuint*, nuint*, uint, IntPtr*, IntPtr*, int> EnqueueNDRangeKernel =
        (delegate* unmanaged<IntPtr, IntPtr, uint, nuint*, nuint*, nuint*, uint, IntPtr*, IntPtr*, int>)Entry("clEnqueueNDRangeKernel");

    /// <summary>queue, waits, event: the event comes when everything queued before has ended.</summary>
    public static readonly delegate* unmanaged<IntPtr, uint, IntPtr*, IntPtr*, int> EnqueueMarkerWithWaitList =
        (delegate* unmanaged<IntPtr, uint, IntPtr*, IntPtr*, int>)Entry("clEnqueueMarkerWithWaitList");

    public static readonly delegate* unmanaged<uint, IntPtr*, int> WaitForEvents = (delegate* unmanaged<uint, IntPtr*, int>)Entry("clWaitForEvents");

    public static readonly delegate* unmanaged<IntPtr, uint, nuint, void*, nuint*, int> GetEventProfilingInfo =
        (delegate* unmanaged<IntPtr, uint, nuint, void*, nuint*, int>)Entry("clGetEventProfilingInfo");

    public static readonly delegate* unmanaged<IntPtr, int> ReleaseEvent = (delegate* unmanaged<IntPtr, int>)Entry("clReleaseEvent");

    public static readonly delegate* unmanaged<IntPtr, uint, byte**, nuint*, int*, IntPtr> CreateProgramWithSource =
        (delegate* unmanaged<IntPtr, uint, byte**, nuint*, int*, IntPtr>)Entry("clCreateProgramWithSource");

    public static readonly delegate* unmanaged<IntPtr, uint, IntPtr*, nuint*, byte**, int*, int*, IntPtr> CreateProgramWithBinary =
        (delegate* unmanaged<IntPtr, uint, IntPtr*, nuint*, byte**, int*, int*, IntPtr>)Entry("clCreateProgramWithBinary");

    public static readonly delegate* unmanaged<IntPtr, uint, IntPtr*, byte*, IntPtr, IntPtr, int> BuildProgram =
        (delegate* unmanaged<IntPtr, uint, IntPtr*, byte*, IntPtr, IntPtr, int>)Entry("clBuildProgram");

    public static readonly delegate* unmanaged<IntPtr, IntPtr, uint, nuint, void*, nuint*, int> GetProgramBuildInfo =
        (delegate* unmanaged<IntPtr, IntPtr, uint, nuint, void*, nuint*, int>)Entry("clGetProgramBuildInfo");

    public static readonly delegate* unmanaged<IntPtr, uint, nuint, void*, nuint*, int> GetProgramInfo =
        (delegate* unmanaged<IntPtr, uint, nuint, void*, nuint*, int>)Entry("clGetProgramInfo");

    public static readonly delegate* unmanaged<IntPtr, int> ReleaseProgram = (delegate* unmanaged<IntPtr, int>)Entry("clReleaseProgram");

    public static readonly delegate* unmanaged<IntPtr, byte*, int*, IntPtr> CreateKernel = (delegate* unmanaged<IntPtr, byte*, int*, IntPtr>)Entry("clCreateKernel");

    public static readonly delegate* unmanaged<IntPtr, int> ReleaseKernel = (delegate* unmanaged<IntPtr, int>)Entry("clReleaseKernel");

    /// <summary>kernel, position, bytes, value (null: local memory of that size).</summary>
    public static readonly delegate* unmanaged<IntPtr, uint, nuint, void*, int> SetKernelArg =
        (delegate* unmanaged<IntPtr, uint, nuint, void*, int>)Entry("clSetKernelArg");

    public static readonly delegate* unmanaged<IntPtr, IntPtr, uint, nuint, void*, nuint*, int> GetKernelWorkGroupInfo =
        (delegate* unmanaged<IntPtr, IntPtr, uint, nuint, void*, nuint*, int>)Entry("clGetKernelWorkGroupInfo");

    private static IntPtr Load()
    {
        string[] names = OperatingSystem.IsWindows() ? ["OpenCL.dll"]
            : OperatingSystem.IsMacOS() ? ["/System/Library/Frameworks/OpenCL.framework/OpenCL"]
            : ["libOpenCL.so.1", "libOpenCL.so"];
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out IntPtr handle))
            {
                return handle;
            }
        }
        return IntPtr.Zero;
    }

    private static IntPtr Entry(string name) =>
        Handle != IntPtr.Zero && NativeLibrary.TryGetExport(Handle, name, out IntPtr address) ? address : IntPtr.Zero;
}
