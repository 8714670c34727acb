namespace ILGPU.Runtime.CPU;

/// <summary>The processor in a context.</summary>
public static class CPUContextExtensions
{
    /// <summary>Adds the processor in its default shape.</summary>
    public static Context.Builder DefaultCPU(this Context.Builder builder) => builder.CPU(CPUDevice.Default);

    /// <summary>Adds the processor in its default shape.</summary>
    public static Context.Builder CPU(this Context.Builder builder) => builder.CPU(CPUDevice.Default);

    /// <summary>Adds the processor in a known shape.</summary>
    public static Context.Builder CPU(this Context.Builder builder, CPUDeviceKind kind) => builder.CPU(CPUDevice.GetDevice(kind));

    /// <summary>Adds the processor in a shape.</summary>
    public static Context.Builder CPU(this Context.Builder builder, CPUDevice device)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add([device]);
    }

    /// <summary>Adds the processor in the known shapes that satisfy a condition.</summary>
    public static Context.Builder CPU(this Context.Builder builder, Predicate<CPUDevice> predicate)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(CPUDevice.All.Where(device => predicate(device)));
    }

    /// <summary>One of the context's processors.</summary>
    public static CPUDevice GetCPUDevice(this Context context, int cpuDeviceIndex)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.GetDevice<CPUDevice>(cpuDeviceIndex);
    }

    /// <summary>The context's processors.</summary>
    public static Context.DeviceCollection<CPUDevice> GetCPUDevices(this Context context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.GetDevices<CPUDevice>();
    }

    /// <summary>Makes an accelerator on one of the context's processors.</summary>
    public static CPUAccelerator CreateCPUAccelerator(this Context context, int cpuDeviceIndex)
        => context.GetCPUDevice(cpuDeviceIndex).CreateCPUAccelerator(context);

    /// <summary>Makes an accelerator on one of the context's processors.</summary>
    public static CPUAccelerator CreateCPUAccelerator(this Context context, int cpuDeviceIndex, CPUAcceleratorMode mode)
        => context.GetCPUDevice(cpuDeviceIndex).CreateCPUAccelerator(context, mode);
}
