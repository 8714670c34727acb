using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Ptx;

namespace ILGPU.Runtime.Cuda;

/// <summary>A kernel that is loaded on a GPU.</summary>
public sealed class CudaKernel : Kernel
{
    private const int WarpSize = 32;

    private readonly CudaModule _module;
    private readonly bool _overlaps; // waits itself for the launch before it
    private int _dynamicSharedAllowed;
    private int _suggestedGroupSize;

    private CudaKernel(CudaAccelerator accelerator, KernelDescription description, CudaModule module)
        : base(accelerator, description)
    {
        _module = module;
        _overlaps = module.Ptx.Contains("griddepcontrol.wait", StringComparison.Ordinal);
    }

    /// <summary>The driver's handle of the module.</summary>
    public nint ModulePtr => _module.Handle;

    /// <summary>The driver's handle of the function.</summary>
    public nint FunctionPtr => _module.Function;

    /// <summary>The kernel's PTX.</summary>
    internal string Ptx => _module.Ptx;

    /// <summary>Registers of a thread.</summary>
    internal int Registers => _module.Registers;

    /// <summary>Bytes of local memory of a thread: spilled registers and arrays with computed indices.</summary>
    internal int LocalBytes => _module.LocalBytes;

    internal override int MaxGroupSize => _module.MaxGroupSize;

    /// <summary>The smallest group that lets the multiprocessors be as full as this kernel can make them.</summary>
    internal override int SuggestedGroupSize
    {
        get
        {
            if (_suggestedGroupSize == 0)
            {
                Cuda.Bind();
                Cuda.Check(Cuda.Driver.OccupancyMaxPotentialBlockSize(out _, out int groupSize, FunctionPtr, 0, 0), "cuOccupancyMaxPotentialBlockSize", Name);
                _suggestedGroupSize = groupSize;
            }
            return _suggestedGroupSize;
        }
    }

    private CudaAccelerator Cuda => (CudaAccelerator)Accelerator;

    /// <summary>Compiles the method to PTX and has the driver assemble it.</summary>
    internal static CudaKernel Load(CudaAccelerator accelerator, KernelDescription description)
    {
        CudaDevice device = accelerator.Device;
        CompileTarget target = new(CompileBackend.Ptx, WarpSize, ComputeCapability: device.ComputeCapability);
        KernelFunction function = KernelCompiler.Build(
            new KernelRequest(description.Method, description.ImplicitlyGrouped, description.SpecialisedValues, target));
        // an upper bound, not the size itself: the front end must not take it for a constant
        function.GroupSize = description.Specialization.MaxNumThreadsPerGroup ?? 0;
        function.MinGroupsPerMultiprocessor = description.Specialization.MinNumGroupsPerMultiprocessor ?? 0;
        string ptx = PtxEmitter.Emit(function, device.Target);
        return new CudaKernel(accelerator, description, CudaModule.Load(accelerator, description.Name, PtxEmitter.Identifier(function.Name), ptx))
        {
            Alignments = [.. function.Parameters.Select(parameter => parameter.RequiredAlignment)],
        };
    }

    internal override unsafe void LaunchInternal(
        AcceleratorStream stream, in KernelConfig config, ReadOnlySpan<long> slots, ReadOnlySpan<MemoryBuffer?> buffers)
    {
        CudaAccelerator accelerator = Cuda;
        CudaStream target = (CudaStream)stream;
        accelerator.Bind();
        int dynamicShared = config.SharedMemoryConfig.ArraySize;
        AllowDynamicShared(dynamicShared);
        (Index3D grid, Index3D group) = (config.GridDim, config.GroupDim);
        CudaLaunchShape shape = new((uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)group.X, (uint)group.Y, (uint)group.Z, (uint)dynamicShared, _overlaps);
        target.Remember(Name);
        fixed (long* values = slots)
        {
            void** parameters = stackalloc void*[Math.Max(slots.Length, 1)];
            for (int i = 0; i < slots.Length; i++)
            {
                parameters[i] = values + i;
            }
            CudaError error = accelerator.Driver.LaunchKernel(FunctionPtr, shape, target.StreamPtr, parameters);
            if (error != CudaError.CUDA_SUCCESS)
            {
                accelerator.Check(error, "cuLaunchKernel",
                    $"kernel {Name} with {grid} groups of {group} threads, {dynamicShared} bytes of dynamic shared memory, {Registers} registers a thread", target);
            }
        }
    }

    /// <inheritdoc/>
    protected override void DisposeAcceleratorObject(bool disposing) => _module.Unload();

    /// <summary>More than 48 KiB must be asked for once; the device says how much there can be.</summary>
    private void AllowDynamicShared(int bytes)
    {
        if (bytes <= _dynamicSharedAllowed || bytes + _module.StaticSharedBytes <= PtxEmitter.LargestStaticShared)
        {
            return;
        }
        int most = Cuda.MaxSharedMemoryPerGroup - _module.StaticSharedBytes;
        if (bytes > most)
        {
            throw new CudaException(CudaError.CUDA_ERROR_INVALID_VALUE,
                $"Kernel {Name}: {bytes} bytes of dynamic shared memory were asked for; {Cuda.Name} has {most} bytes for a group beside the kernel's own {_module.StaticSharedBytes}.");
        }
        Cuda.Check(Cuda.Driver.FuncSetAttribute(FunctionPtr, CudaFunctionAttribute.MaxDynamicSharedBytes, bytes), "cuFuncSetAttribute", $"kernel {Name}");
        _dynamicSharedAllowed = bytes;
    }
}
