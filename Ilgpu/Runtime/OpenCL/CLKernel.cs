using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.OpenCL;

namespace ILGPU.Runtime.OpenCL;

/// <summary>A kernel that is loaded on an OpenCL device.</summary>
public sealed unsafe class CLKernel : Kernel
{
    private const uint WorkGroupSize = 0x11B0;

    private readonly CLProgram program;

    private CLKernel(CLAccelerator accelerator, KernelDescription description, CLProgram program, string source)
        : base(accelerator, description)
    {
        this.program = program;
        Source = source;
        nuint most;
        int result = CLLibrary.GetKernelWorkGroupInfo(program.Kernel, accelerator.DeviceId, WorkGroupSize, (nuint)sizeof(nuint), &most, null);
        MaxGroupSize = result == 0 && most > 0 ? (int)Math.Min(most, (nuint)accelerator.MaxNumThreadsPerGroup) : accelerator.MaxNumThreadsPerGroup;
    }

    /// <summary>The generated OpenCL C.</summary>
    public string Source { get; }

    /// <summary>The driver's handle of the kernel.</summary>
    public nint KernelPtr => program.Kernel;

    internal override int MaxGroupSize { get; }

    /// <summary>Compiles the method to OpenCL C and has the driver build it.</summary>
    internal static CLKernel Load(CLAccelerator accelerator, KernelDescription description)
    {
        CompileTarget target = new(CompileBackend.OpenCL, OpenCLTarget.WarpSize);
        KernelFunction function = KernelCompiler.Build(
            new KernelRequest(description.Method, description.ImplicitlyGrouped, description.SpecialisedValues, target));
        string source = OpenCLEmitter.Emit(function, accelerator.Device.Info.Target);
        return new CLKernel(accelerator, description, accelerator.Programs.GetOrBuild(description.Name, function.Name, source), source)
        {
            Alignments = [.. function.Parameters.Select(parameter => parameter.RequiredAlignment)],
        };
    }

    internal override void LaunchInternal(
        AcceleratorStream stream, in KernelConfig config, ReadOnlySpan<long> slots, ReadOnlySpan<MemoryBuffer?> buffers)
    {
        CLStream queue = (CLStream)stream;
        nint* handles = stackalloc nint[slots.Length + 1];
        long* values = stackalloc long[slots.Length + 1];
        for (int i = 0; i < slots.Length; i++)
        {
            values[i] = slots[i];
            handles[i] = 0;
            if (buffers[i] is CLMemoryBuffer buffer)
            {
                handles[i] = buffer.Handle;
                values[i] -= buffer.NativePtr;
            }
        }
        queue.LastKernel = Name;
        CLLaunch.Launch(queue.CommandQueue, program, Name, (config.GridDim.X, config.GridDim.Y, config.GridDim.Z),
            (config.GroupDim.X, config.GroupDim.Y, config.GroupDim.Z), config.SharedMemoryConfig.ArraySize,
            new ReadOnlySpan<long>(values, slots.Length), new ReadOnlySpan<nint>(handles, slots.Length));
    }

    /// <summary>The program belongs to the accelerator's cache: kernels of the same source share it.</summary>
    protected override void DisposeAcceleratorObject(bool disposing)
    {
    }
}
