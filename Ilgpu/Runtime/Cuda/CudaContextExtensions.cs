namespace ILGPU.Runtime.Cuda;

/// <summary>NVIDIA GPUs in a context.</summary>
public static class CudaContextExtensions
{
    /// <summary>Adds this machine's NVIDIA GPUs; none where there is no driver.</summary>
    public static Context.Builder Cuda(this Context.Builder builder) => builder.Cuda(_ => true);

    /// <summary>Adds this machine's NVIDIA GPUs that satisfy a condition.</summary>
    public static Context.Builder Cuda(this Context.Builder builder, Predicate<CudaDevice> predicate)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(CudaDevice.GetDevices(predicate));
    }

    /// <summary>One of the context's NVIDIA GPUs.</summary>
    public static CudaDevice GetCudaDevice(this Context context, int cudaDeviceIndex)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.GetDevice<CudaDevice>(cudaDeviceIndex);
    }

    /// <summary>The context's NVIDIA GPUs.</summary>
    public static Context.DeviceCollection<CudaDevice> GetCudaDevices(this Context context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.GetDevices<CudaDevice>();
    }

    /// <summary>Makes an accelerator on one of the context's NVIDIA GPUs.</summary>
    public static CudaAccelerator CreateCudaAccelerator(this Context context, int cudaDeviceIndex) =>
        context.GetCudaDevice(cudaDeviceIndex).CreateCudaAccelerator(context);
}
