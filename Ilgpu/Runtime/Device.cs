namespace ILGPU.Runtime;

/// <summary>What a device is able to do.</summary>
public interface IDevice
{
    /// <summary>The name its maker gave it.</summary>
    string Name { get; }

    /// <summary>Bytes of memory.</summary>
    long MemorySize { get; }

    /// <summary>Most groups of a launch, per dimension.</summary>
    Index3D MaxGridSize { get; }

    /// <summary>Most threads of a group, per dimension.</summary>
    Index3D MaxGroupSize { get; }

    /// <summary>Most threads of a group.</summary>
    int MaxNumThreadsPerGroup { get; }

    /// <summary>Bytes of shared memory that a group can have.</summary>
    int MaxSharedMemoryPerGroup { get; }

    /// <summary>Bytes of constant memory.</summary>
    int MaxConstantMemory { get; }

    /// <summary>Threads of a warp.</summary>
    int WarpSize { get; }

    /// <summary>Number of multiprocessors.</summary>
    int NumMultiprocessors { get; }

    /// <summary>Threads that a multiprocessor holds at once.</summary>
    int MaxNumThreadsPerMultiprocessor { get; }

    /// <summary>Threads that the device holds at once.</summary>
    int MaxNumThreads { get; }

    /// <summary>Prints all of it.</summary>
    void PrintInformation(TextWriter writer);
}

/// <summary>A device that accelerators can be made on.</summary>
public abstract class Device : IDevice
{
    /// <summary>The kind of accelerator.</summary>
    public abstract AcceleratorType AcceleratorType { get; }

    /// <inheritdoc/>
    public string Name { get; protected set; } = "";

    /// <inheritdoc/>
    public long MemorySize { get; protected set; }

    /// <inheritdoc/>
    public Index3D MaxGridSize { get; protected set; }

    /// <inheritdoc/>
    public Index3D MaxGroupSize { get; protected set; }

    /// <inheritdoc/>
    public int MaxNumThreadsPerGroup { get; protected set; }

    /// <inheritdoc/>
    public int MaxSharedMemoryPerGroup { get; protected set; }

    /// <inheritdoc/>
    public int MaxConstantMemory { get; protected set; }

    /// <inheritdoc/>
    public int WarpSize { get; protected set; }

    /// <inheritdoc/>
    public int NumMultiprocessors { get; protected set; }

    /// <inheritdoc/>
    public int MaxNumThreadsPerMultiprocessor { get; protected set; }

    /// <inheritdoc/>
    public int MaxNumThreads => NumMultiprocessors * MaxNumThreadsPerMultiprocessor;

    /// <summary>Makes an accelerator on this device.</summary>
    public abstract Accelerator CreateAccelerator(Context context);

    /// <inheritdoc/>
    public virtual void PrintInformation(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        PrintHeader(writer);
        PrintGeneralInfo(writer);
    }

    /// <summary>Prints the name.</summary>
    protected virtual void PrintHeader(TextWriter writer) => writer.WriteLine($"Device: {Name} ({AcceleratorType})");

    /// <summary>Prints the limits.</summary>
    protected virtual void PrintGeneralInfo(TextWriter writer)
    {
        writer.WriteLine($"  memory: {MemorySize / (1 << 20)} MiB");
        writer.WriteLine($"  multiprocessors: {NumMultiprocessors}, threads of each: {MaxNumThreadsPerMultiprocessor}, warp: {WarpSize}");
        writer.WriteLine($"  largest grid: {MaxGridSize}, largest group: {MaxGroupSize}, threads of a group: {MaxNumThreadsPerGroup}");
        writer.WriteLine($"  shared memory of a group: {MaxSharedMemoryPerGroup} bytes, constant memory: {MaxConstantMemory} bytes");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} [{AcceleratorType}]";
}

/// <summary>Printing of devices.</summary>
public static class DeviceExtensions
{
    /// <summary>Prints what a device is able to do to standard output.</summary>
    public static void PrintInformation(this IDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        device.PrintInformation(Console.Out);
    }
}
