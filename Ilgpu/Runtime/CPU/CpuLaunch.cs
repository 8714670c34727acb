namespace ILGPU.Runtime.CPU;

/// <summary>A kernel with its arguments, to be run for each thread.</summary>
internal abstract class CpuLaunch(string name, in KernelConfig config)
{
    private Exception? failure;

    /// <summary>The kernel's name for people.</summary>
    public string Name { get; } = name;

    /// <summary>Number of groups.</summary>
    public Index3D GridDim { get; } = config.GridDim;

    /// <summary>Threads of a group.</summary>
    public Index3D GroupDim { get; } = config.GroupDim;

    /// <summary>Bytes of dynamic shared memory.</summary>
    public int DynamicSharedBytes { get; } = config.SharedMemoryConfig.ArraySize;

    /// <summary>What went wrong first.</summary>
    public Exception? Failure => Volatile.Read(ref failure);

    /// <summary>Keeps the first failure.</summary>
    public void Fail(Exception exception) => Interlocked.CompareExchange(ref failure, exception, null);

    /// <summary>Runs the kernel for the current thread.</summary>
    public abstract void Invoke(CpuThread thread);
}

/// <summary>A launch of an explicitly grouped kernel.</summary>
internal sealed class ExplicitCpuLaunch<TArguments>(string name, in KernelConfig config, Delegate kernel, TArguments arguments)
    : CpuLaunch(name, config)
    where TArguments : struct, IKernelArguments
{
    private readonly TArguments arguments = arguments;

    public override void Invoke(CpuThread thread) => arguments.Invoke(kernel);
}

/// <summary>A launch of an implicitly grouped kernel: threads beyond the extent do nothing.</summary>
internal sealed class ImplicitCpuLaunch<TIndex, TArguments>(
    string name, in KernelConfig config, Delegate kernel, TIndex extent, TArguments arguments)
    : CpuLaunch(name, config)
    where TIndex : struct, IIndex
    where TArguments : struct, IKernelArguments
{
    private readonly TArguments arguments = arguments;

    public override void Invoke(CpuThread thread)
    {
        if (Extents.TryGetIndex(extent, Grid.LongGlobalIndex, out TIndex index))
        {
            arguments.Invoke(kernel, index);
        }
    }
}
