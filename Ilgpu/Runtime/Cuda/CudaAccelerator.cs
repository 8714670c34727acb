using System.Diagnostics.CodeAnalysis;

namespace ILGPU.Runtime.Cuda;

/// <summary>
/// An NVIDIA GPU through the CUDA driver. It shares the device's primary context with whatever else uses the GPU in this process; the
/// context is made current on the calling thread before each call, so any thread may use the accelerator.
/// </summary>
public sealed partial class CudaAccelerator : Accelerator
{
    private readonly nint _context;

    /// <summary>What the device was lost by; every later call says so.</summary>
    private string? _lostBy;

    internal CudaAccelerator(Context context, CudaDevice device) : base(context, device)
    {
        Driver = device.Driver;
        CudaError error = Driver.PrimaryCtxRetain(out _context, device.Handle);
        if (error != CudaError.CUDA_SUCCESS)
        {
            throw new CudaException(error, $"{device.Name} cannot be used: {Driver.Describe(error)}");
        }
    }

    internal CudaDriver Driver { get; }

    /// <summary>The GPU.</summary>
    public new CudaDevice Device => (CudaDevice)base.Device;

    /// <summary>Its number among the machine's GPUs.</summary>
    public int DeviceId => Device.DeviceId;

    /// <summary>The CUDA release that the driver belongs to.</summary>
    public Version DriverVersion => Device.DriverVersion;

    /// <summary>The compute capability.</summary>
    public CudaArchitecture Architecture => Device.Architecture!.Value;

    /// <summary>Bytes of memory that are free.</summary>
    public long GetFreeMemory()
    {
        Bind();
        Check(Driver.MemGetInfo(out nuint free, out _), "cuMemGetInfo");
        return (long)free;
    }

    /// <summary>Makes the context current on this thread; refuses where the device is lost.</summary>
    internal void Bind()
    {
        if (_lostBy is not null)
        {
            throw new CudaException(CudaError.CUDA_ERROR_LAUNCH_FAILED,
                $"{Name} was lost: {_lostBy} The driver gives the GPU to this process no more: start the process again to use it.");
        }
        Check(Driver.CtxSetCurrent(_context), "cuCtxSetCurrent");
    }

    /// <summary>As <see cref="Bind"/>, but false where the device is lost: then there is nothing left to free.</summary>
    internal bool TryBind()
    {
        if (_lostBy is not null)
        {
            return false;
        }
        Bind();
        return true;
    }

    /// <summary>Throws where a call failed; after a failure inside a kernel the context is dead and the device counts as lost.</summary>
    /// <param name="error">What the call returned.</param>
    /// <param name="call">The call.</param>
    /// <param name="about">What it was about, e.g. the kernel.</param>
    /// <param name="stream">The stream whose kernels may have failed.</param>
    internal void Check(CudaError error, string call, string about = "", CudaStream? stream = null)
    {
        if (error != CudaError.CUDA_SUCCESS)
        {
            Fail(error, call, about, stream);
        }
    }

    /// <summary>Errors that leave nothing usable: 700 to 719 but the refusal of a launch.</summary>
    internal static bool IsSticky(CudaError error) =>
        error is CudaError.CUDA_ERROR_ECC_UNCORRECTABLE
            or (>= CudaError.CUDA_ERROR_ILLEGAL_ADDRESS and <= CudaError.CUDA_ERROR_LAUNCH_FAILED and not CudaError.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);

    [DoesNotReturn]
    private void Fail(CudaError error, string call, string about, CudaStream? stream)
    {
        string message = about.Length > 0 ? $"{Name}: {about}: {Driver.Describe(error)}" : $"{Name}: {call}: {Driver.Describe(error)}";
        if (IsSticky(error))
        {
            string recent = stream?.RecentKernels ?? "";
            message += recent.Length > 0 ? $" (seen in {call}; the last kernels launched: {recent})" : $" (seen in {call})";
            _lostBy = message;
        }
        throw new CudaException(error, message);
    }

    internal override AcceleratorStream CreateStreamInternal()
    {
        Bind();
        return new CudaStream(this);
    }

    internal override void SynchronizeInternal()
    {
        Bind();
        Check(Driver.CtxSynchronize(), "cuCtxSynchronize", stream: (CudaStream)DefaultStream);
    }

    internal override Kernel LoadKernelInternal(KernelDescription description)
    {
        Bind();
        using CaptureExemption exemption = ExemptFromCapture();
        return CudaKernel.Load(this, description);
    }

    internal override void DisposeInternal()
    {
        // nothing can be reported from here
        _ = Driver.CtxSetCurrent(_context);
        _ = Driver.PrimaryCtxRelease(Device.Handle);
    }
}
