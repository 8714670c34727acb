using System.Runtime.InteropServices;
using ILGPU.Runtime.OpenCL;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.OpenCL;

namespace Managed.Tests.Ilgpu.OpenCL;

/// <summary>Runs hand-built kernels on the first OpenCL device, below the public API. Tests are skipped where there is none.</summary>
internal sealed unsafe class OpenCLRunner : IDisposable
{
    private static readonly Lazy<OpenCLRunner?> Shared = new(() => CLDeviceInfo.All().FirstOrDefault() is CLDeviceInfo device ? new OpenCLRunner(device) : null);

    private readonly nint context;
    private readonly nint queue;

    private OpenCLRunner(CLDeviceInfo device)
    {
        Device = device;
        nint handle = device.Device;
        int error;
        context = CLLibrary.CreateContext(null, 1, &handle, 0, 0, &error);
        CLException.ThrowIfFailed(error, "make a context");
        queue = CLLibrary.CreateCommandQueue(context, handle, 0, &error);
        CLException.ThrowIfFailed(error, "make a queue");
    }

    public CLDeviceInfo Device { get; }

    public nint Context => context;

    public static OpenCLRunner Require()
    {
        RequireDevice(Shared.Value is not null);
        return Shared.Value!;
    }

    /// <summary>Skips the test, with the reason, where there is none.</summary>
    public static void RequireDevice(bool present)
    {
        if (!present)
        {
            Assert.Ignore("skipped: no OpenCL device is installed (Debian: pocl-opencl-icd).");
        }
    }

    /// <summary>Compiles and runs a kernel; arrays are written back.</summary>
    public void Run(KernelFunction kernel, int groups, int threads, params object[] arguments) => Run(kernel, groups, threads, 0, arguments);

    /// <inheritdoc cref="Run(KernelFunction, int, int, object[])"/>
    public void Run(KernelFunction kernel, int groups, int threads, int sharedBytes, object[] arguments)
    {
        string source = OpenCLEmitter.Emit(kernel, Device.Target);
        using CLProgram program = CLProgram.FromSource(context, Device, kernel.Name, kernel.Name, source);
        Run(program, groups, threads, sharedBytes, arguments);
    }

    /// <summary>Runs a built program; arrays are written back.</summary>
    public void Run(CLProgram program, int groups, int threads, params object[] arguments) => Run(program, groups, threads, 0, arguments);

    private void Run(CLProgram program, int groups, int threads, int sharedBytes, object[] arguments)
    {
        List<(Array Array, nint Buffer)> buffers = [];
        try
        {
            long[] slots = new long[arguments.Length];
            nint[] handles = new nint[arguments.Length];
            for (int i = 0; i < arguments.Length; i++)
            {
                slots[i] = arguments[i] switch
                {
                    Array => 0,
                    int number => (uint)number,
                    long number => number,
                    float number => BitConverter.SingleToUInt32Bits(number),
                    _ => throw new ArgumentException($"{arguments[i].GetType()} is not an argument."),
                };
                handles[i] = arguments[i] is Array array ? Upload(array, buffers) : 0;
            }
            CLLaunch.Launch(queue, program, program.Name, (groups, 1, 1), (threads, 1, 1), sharedBytes, slots, handles);
            foreach ((Array array, nint buffer) in buffers)
            {
                Span<byte> bytes = Bytes(array);
                fixed (byte* start = bytes)
                {
                    CLException.ThrowIfFailed(CLLibrary.EnqueueReadBuffer(queue, buffer, 1, 0, (nuint)bytes.Length, start, 0, null, null), "read");
                }
            }
        }
        finally
        {
            buffers.ForEach(entry => CLLibrary.ReleaseMemObject(entry.Buffer));
        }
    }

    public void Dispose()
    {
        CLLibrary.ReleaseCommandQueue(queue);
        CLLibrary.ReleaseContext(context);
    }

    private nint Upload(Array array, List<(Array, nint)> buffers)
    {
        int error;
        Span<byte> bytes = Bytes(array);
        fixed (byte* start = bytes)
        {
            nint buffer = CLLibrary.CreateBuffer(context, 1 | 32, (nuint)bytes.Length, start, &error);
            CLException.ThrowIfFailed(error, $"make a buffer of {bytes.Length} bytes");
            buffers.Add((array, buffer));
            return buffer;
        }
    }

    private static Span<byte> Bytes(Array array) => MemoryMarshal.CreateSpan(
        ref MemoryMarshal.GetArrayDataReference(array), array.Length * Marshal.SizeOf(array.GetType().GetElementType()!));
}
