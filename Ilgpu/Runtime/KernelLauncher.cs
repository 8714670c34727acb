using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU.Runtime.CPU;

namespace ILGPU.Runtime;

/// <summary>The arguments of a launch, in the order of the kernel's parameters (the index of implicitly grouped kernels apart).</summary>
internal interface IKernelArguments
{
    /// <summary>Calls an explicitly grouped kernel.</summary>
    void Invoke(Delegate kernel);

    /// <summary>Calls an implicitly grouped kernel.</summary>
    void Invoke<TIndex>(Delegate kernel, TIndex index)
        where TIndex : struct, IIndex;

    /// <summary>Hands each argument to a visitor.</summary>
    void Visit<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IArgumentVisitor, allows ref struct;
}

/// <summary>Goes through the arguments of a launch.</summary>
internal interface IArgumentVisitor
{
    /// <summary>The next argument.</summary>
    void Argument<T>(ref T value)
        where T : struct;
}

/// <summary>A loaded kernel as one call of a Load…Kernel method gave it: takes arguments apart and launches.</summary>
internal sealed class KernelLauncher
{
    private readonly Accelerator accelerator;
    private readonly Delegate action;
    private readonly MethodInfo method;
    private readonly bool implicitlyGrouped;
    private readonly int groupSize;
    private readonly KernelSpecialization specialization;
    private readonly int slotCount;
    private readonly bool hasSpecialised;
    private readonly Kernel? kernel;
    private (long[] Key, Kernel Kernel)[] specialised = [];

    [ThreadStatic]
    private static MemoryBuffer?[]? bufferScratch;

    /// <summary>For a kernel on an accelerator.</summary>
    /// <param name="accelerator">Where.</param>
    /// <param name="action">The kernel.</param>
    /// <param name="implicitlyGrouped">Whether its first parameter is the thread's index.</param>
    /// <param name="groupSize">Threads of a group of an implicitly grouped kernel; 0 leaves the choice to the accelerator.</param>
    /// <param name="specialization">What may be assumed of its launches.</param>
    public KernelLauncher(Accelerator accelerator, Delegate action, bool implicitlyGrouped, int groupSize, KernelSpecialization specialization)
    {
        ArgumentNullException.ThrowIfNull(accelerator);
        ArgumentNullException.ThrowIfNull(action);
        this.accelerator = accelerator;
        this.action = action;
        this.implicitlyGrouped = implicitlyGrouped;
        this.groupSize = groupSize;
        this.specialization = specialization;
        method = action.Method;
        if (action.Target is { } target && ArgumentLayout.Fields(target.GetType()).Length > 0)
        {
            throw new NotSupportedException($"The kernel {method.Name} captures variables of the method around it: pass them as arguments.");
        }
        if (!specialization.IsCompatibleWith(accelerator))
        {
            throw new NotSupportedException(
                $"The kernel {method.Name} wants groups of {specialization.MaxNumThreadsPerGroup} threads; {accelerator.Name} has at most {accelerator.MaxNumThreadsPerGroup}.");
        }
        if (groupSize > accelerator.MaxNumThreadsPerGroup || groupSize < 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(groupSize), groupSize, $"{accelerator.Name} has groups of 1 to {accelerator.MaxNumThreadsPerGroup} threads.");
        }
        Type[] parameters = [.. method.GetParameters().Select(parameter => parameter.ParameterType)];
        slotCount = implicitlyGrouped ? 3 : 0;
        for (int i = implicitlyGrouped ? 1 : 0; i < parameters.Length; i++)
        {
            bool isSpecialised = typeof(ISpecialized).IsAssignableFrom(parameters[i]);
            hasSpecialised |= isSpecialised;
            slotCount += isSpecialised ? 0 : ArgumentLayout.Find(parameters[i]).Length;
        }
        if (!hasSpecialised)
        {
            kernel = accelerator.GetOrLoadKernel(new(method, implicitlyGrouped, new object?[parameters.Length], specialization));
        }
    }

    /// <summary>Launches an explicitly grouped kernel.</summary>
    public void Launch<TArguments>(AcceleratorStream stream, in KernelConfig config, TArguments arguments)
        where TArguments : struct, IKernelArguments
    {
        Kernel target = hasSpecialised ? Specialise(ref arguments) : kernel!;
        Check(stream, config, target);
        if (accelerator is CPUAccelerator cpu)
        {
            Run(cpu, new ExplicitCpuLaunch<TArguments>(target.Name, config, action, arguments));
            return;
        }
        Submit(stream, target, config, ref arguments, [], 0);
    }

    /// <summary>Launches an implicitly grouped kernel over an extent.</summary>
    public void LaunchOver<TIndex, TArguments>(AcceleratorStream stream, TIndex extent, TArguments arguments)
        where TIndex : struct, IIndex
        where TArguments : struct, IKernelArguments
    {
        Kernel target = hasSpecialised ? Specialise(ref arguments) : kernel!;
        LongIndex3D size = Extents.Of(extent);
        if (size.X < 0 || size.Y < 0 || size.Z < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(extent), extent, $"The extent of a launch of {target.Name} is negative.");
        }
        if (size.Size == 0)
        {
            return;
        }
        KernelConfig config = Extents.Cover(size, groupSize > 0 ? groupSize : target.SuggestedGroupSize);
        Check(stream, config, target);
        if (accelerator is CPUAccelerator cpu)
        {
            Run(cpu, new ImplicitCpuLaunch<TIndex, TArguments>(target.Name, config, action, extent, arguments));
            return;
        }
        Span<long> leading = stackalloc long[3];
        int count = Extents.Write(extent, leading);
        Submit(stream, target, config, ref arguments, leading, count);
    }

    private static void Run(CPUAccelerator cpu, CpuLaunch launch)
    {
        cpu.Run(launch);
        if (launch.Failure is { } failure)
        {
            throw failure;
        }
    }

    [SkipLocalsInit]
    private void Submit<TArguments>(
        AcceleratorStream stream, Kernel target, in KernelConfig config, ref TArguments arguments, ReadOnlySpan<long> leading, int leadingCount)
        where TArguments : struct, IKernelArguments
    {
        MemoryBuffer?[] buffers = bufferScratch ??= new MemoryBuffer?[64];
        if (buffers.Length < slotCount)
        {
            buffers = bufferScratch = new MemoryBuffer?[slotCount];
        }
        Span<long> slots = slotCount <= 256 ? stackalloc long[slotCount] : new long[slotCount];
        leading[..leadingCount].CopyTo(slots);
        buffers.AsSpan(0, leadingCount).Clear();
        SlotWriter writer = new(slots, buffers, leadingCount, accelerator, target);
        arguments.Visit(ref writer);
        target.CheckAlignment(slots, buffers);
        target.LaunchInternal(stream, config, slots[..writer.Count], buffers.AsSpan(0, writer.Count));
        buffers.AsSpan(0, writer.Count).Clear();
    }

    private void Check(AcceleratorStream stream, in KernelConfig config, Kernel target)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (stream.Accelerator != accelerator)
        {
            throw new ArgumentException($"The stream belongs to {stream.Accelerator}, the kernel {target.Name} to {accelerator}.", nameof(stream));
        }
        ObjectDisposedException.ThrowIf(accelerator.IsDisposed, accelerator);
        ObjectDisposedException.ThrowIf(stream.IsDisposed, stream);
        int threads = config.GroupDim.LongSize <= int.MaxValue ? config.GroupDim.Size : int.MaxValue;
        if (!Positive(config.GridDim) || !Positive(config.GroupDim)
            || !config.GridDim.InBoundsInclusive(accelerator.MaxGridSize) || !config.GroupDim.InBoundsInclusive(accelerator.MaxGroupSize)
            || threads > target.MaxGroupSize
            || threads > (specialization.MaxNumThreadsPerGroup ?? int.MaxValue)
            || config.SharedMemoryConfig.ArraySize < 0 || config.SharedMemoryConfig.ArraySize > accelerator.MaxSharedMemoryPerGroup)
        {
            throw new ArgumentOutOfRangeException(
                nameof(config),
                $"{target.Name} cannot be launched with a grid of {config.GridDim}, groups of {config.GroupDim} and {config.SharedMemoryConfig.ArraySize} bytes of "
                + $"dynamic shared memory: {accelerator.Name} has grids up to {accelerator.MaxGridSize}, groups up to {accelerator.MaxGroupSize}, "
                + $"{Math.Min(target.MaxGroupSize, specialization.MaxNumThreadsPerGroup ?? int.MaxValue)} threads of a group of this kernel, "
                + $"{accelerator.MaxSharedMemoryPerGroup} bytes of shared memory, and at least 1 of each dimension.");
        }
    }

    private static bool Positive(Index3D size) => size.X > 0 && size.Y > 0 && size.Z > 0;

    /// <summary>The kernel for the launch's specialised values.</summary>
    private Kernel Specialise<TArguments>(ref TArguments arguments)
        where TArguments : struct, IKernelArguments
    {
        Span<long> key = stackalloc long[64];
        SpecialisedBits bits = new(key);
        arguments.Visit(ref bits);
        key = key[..bits.Count];
        foreach ((long[] known, Kernel loaded) in specialised)
        {
            if (key.SequenceEqual(known))
            {
                return loaded;
            }
        }
        SpecialisedValues values = new([]);
        if (implicitlyGrouped)
        {
            values.Values.Add(null);
        }
        arguments.Visit(ref values);
        Kernel fresh = accelerator.GetOrLoadKernel(new(method, implicitlyGrouped, [.. values.Values], specialization));
        specialised = [.. specialised, (key.ToArray(), fresh)];
        return fresh;
    }

    private ref struct SlotWriter(Span<long> slots, Span<MemoryBuffer?> buffers, int count, Accelerator accelerator, Kernel kernel) : IArgumentVisitor
    {
        private readonly Span<long> slots = slots;
        private readonly Span<MemoryBuffer?> buffers = buffers;

        public int Count { get; private set; } = count;

        public void Argument<T>(ref T value)
            where T : struct
        {
            if (ArgumentLayout<T>.IsSpecialised)
            {
                return;
            }
            int first = Count;
            Count += ArgumentLayout<T>.Write(ref value, slots[first..], buffers[first..]);
            for (int i = first; i < Count; i++)
            {
                if (buffers[i] is { } buffer && (buffer.Accelerator != accelerator || buffer.IsDisposed))
                {
                    throw new ArgumentException(
                        buffer.IsDisposed
                            ? $"An argument of {kernel.Name} views a buffer that was disposed."
                            : $"An argument of {kernel.Name} views memory of {buffer.Accelerator}; the kernel runs on {accelerator}.");
                }
            }
        }
    }

    private ref struct SpecialisedBits(Span<long> key) : IArgumentVisitor
    {
        private readonly Span<long> key = key;

        public int Count { get; private set; }

        public void Argument<T>(ref T value)
            where T : struct
        {
            if (!ArgumentLayout<T>.IsSpecialised)
            {
                return;
            }
            Leaf[] leaves = ArgumentLayout<T>.Leaves;
            if (Count + leaves.Length > key.Length)
            {
                throw new NotSupportedException($"More than {key.Length} specialised numbers.");
            }
            Count += ArgumentLayout<T>.Write(ref value, key[Count..], []);
        }
    }

    private struct SpecialisedValues(List<object?> values) : IArgumentVisitor
    {
        public List<object?> Values { get; } = values;

        public readonly void Argument<T>(ref T value)
            where T : struct
            => Values.Add(value is ISpecialized specialised ? specialised.Boxed : null);
    }
}
