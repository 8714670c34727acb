namespace ILGPU;

/// <summary>Shared memory whose size the launch gives.</summary>
/// <param name="numElements">Number of elements.</param>
/// <param name="elementSize">Bytes of an element.</param>
public readonly struct SharedMemoryConfig(int numElements, int elementSize)
{
    /// <summary>None.</summary>
    public static readonly SharedMemoryConfig Empty;

    /// <summary>Number of elements.</summary>
    public int NumElements { get; } = numElements;

    /// <summary>Bytes of an element.</summary>
    public int ElementSize { get; } = elementSize;

    /// <summary>Number of bytes.</summary>
    public int ArraySize => NumElements * ElementSize;

    /// <summary>Whether there is any.</summary>
    public bool UsesDynamicSharedMemory => ArraySize > 0;

    /// <summary>Asks for a number of elements.</summary>
    public static SharedMemoryConfig RequestDynamic<T>(int numElements)
        where T : unmanaged
        => new(numElements, Interop.SizeOf<T>());
}

/// <summary>How an explicitly grouped kernel is launched: number of groups, threads of a group, dynamic shared memory.</summary>
public readonly struct KernelConfig : IIntrinsicIndex
{
    /// <summary>Groups and threads along x.</summary>
    public KernelConfig(Index1D gridDim, Index1D groupDim) : this(gridDim, groupDim, default)
    {
    }

    /// <summary>Groups and threads along x, and dynamic shared memory.</summary>
    public KernelConfig(Index1D gridDim, Index1D groupDim, SharedMemoryConfig sharedMemoryConfig)
        : this(new Index3D(gridDim.X, 1, 1), new Index3D(groupDim.X, 1, 1), sharedMemoryConfig)
    {
    }

    /// <summary>Groups and threads in a plane.</summary>
    public KernelConfig(Index2D gridDim, Index2D groupDim) : this(gridDim, groupDim, default)
    {
    }

    /// <summary>Groups and threads in a plane, and dynamic shared memory.</summary>
    public KernelConfig(Index2D gridDim, Index2D groupDim, SharedMemoryConfig sharedMemoryConfig)
        : this(new Index3D(gridDim, 1), new Index3D(groupDim, 1), sharedMemoryConfig)
    {
    }

    /// <summary>Groups and threads in space.</summary>
    public KernelConfig(Index3D gridDim, Index3D groupDim) : this(gridDim, groupDim, default)
    {
    }

    /// <summary>Groups and threads in space.</summary>
    public KernelConfig(int gridDimX, int gridDimY, int gridDimZ, int groupDimX, int groupDimY, int groupDimZ)
        : this(new Index3D(gridDimX, gridDimY, gridDimZ), new Index3D(groupDimX, groupDimY, groupDimZ), default)
    {
    }

    /// <summary>Groups and threads in space, and dynamic shared memory.</summary>
    public KernelConfig(Index3D gridDim, Index3D groupDim, SharedMemoryConfig sharedMemoryConfig)
    {
        GridDim = gridDim;
        GroupDim = groupDim;
        SharedMemoryConfig = sharedMemoryConfig;
    }

    /// <inheritdoc/>
    public IndexType IndexType => IndexType.KernelConfig;

    /// <summary>Number of groups in each dimension.</summary>
    public Index3D GridDim { get; }

    /// <summary>Threads of a group in each dimension.</summary>
    public Index3D GroupDim { get; }

    /// <summary>Dynamic shared memory of each group.</summary>
    public SharedMemoryConfig SharedMemoryConfig { get; }

    /// <summary>Whether dynamic shared memory is asked for.</summary>
    public bool UsesDynamicSharedMemory => SharedMemoryConfig.UsesDynamicSharedMemory;

    /// <summary>Whether there is something to launch.</summary>
    public bool IsValid => GridDim.LongSize > 0 && GroupDim.LongSize > 0;

    /// <summary>Number of threads.</summary>
    public long Size => GridDim.LongSize * GroupDim.LongSize;

    /// <summary>Groups and threads.</summary>
    public (Index3D GridDim, Index3D GroupDim) ToDimensions() => (GridDim, GroupDim);

    /// <summary>Groups, threads and dynamic shared memory.</summary>
    public (Index3D GridDim, Index3D GroupDim, SharedMemoryConfig SharedMemoryConfig) ToValueTuple() => (GridDim, GroupDim, SharedMemoryConfig);

    /// <summary>Takes groups and threads apart.</summary>
    public void Deconstruct(out Index3D gridDim, out Index3D groupDim) => (gridDim, groupDim) = (GridDim, GroupDim);

    /// <summary>Takes groups, threads and dynamic shared memory apart.</summary>
    public void Deconstruct(out Index3D gridDim, out Index3D groupDim, out SharedMemoryConfig sharedMemoryConfig)
        => (gridDim, groupDim, sharedMemoryConfig) = (GridDim, GroupDim, SharedMemoryConfig);

    /// <summary>Groups and threads.</summary>
    public static implicit operator KernelConfig((Index1D GridDim, Index1D GroupDim) dimensions) => new(dimensions.GridDim, dimensions.GroupDim);

    /// <summary>Groups in space, threads along x.</summary>
    public static implicit operator KernelConfig((Index3D GridDim, Index1D GroupDim) dimensions)
        => new(dimensions.GridDim, new Index3D(dimensions.GroupDim.X, 1, 1));

    /// <summary>Groups in space, threads in a plane.</summary>
    public static implicit operator KernelConfig((Index3D GridDim, Index2D GroupDim) dimensions)
        => new(dimensions.GridDim, new Index3D(dimensions.GroupDim, 1));

    /// <summary>Groups and threads in a plane.</summary>
    public static implicit operator KernelConfig((Index2D GridDim, Index2D GroupDim) dimensions) => new(dimensions.GridDim, dimensions.GroupDim);

    /// <summary>Groups and threads in space.</summary>
    public static implicit operator KernelConfig((Index3D GridDim, Index3D GroupDim) dimensions) => new(dimensions.GridDim, dimensions.GroupDim);

    /// <summary>Groups, threads and dynamic shared memory.</summary>
    public static implicit operator KernelConfig((Index1D GridDim, Index1D GroupDim, SharedMemoryConfig SharedMemoryConfig) dimensions)
        => new(dimensions.GridDim, dimensions.GroupDim, dimensions.SharedMemoryConfig);

    /// <summary>Groups, threads and dynamic shared memory.</summary>
    public static implicit operator KernelConfig((Index3D GridDim, Index3D GroupDim, SharedMemoryConfig SharedMemoryConfig) dimensions)
        => new(dimensions.GridDim, dimensions.GroupDim, dimensions.SharedMemoryConfig);

    /// <summary>Groups and threads.</summary>
    public static implicit operator (Index3D GridDim, Index3D GroupDim)(KernelConfig config) => config.ToDimensions();

    /// <summary>Groups, threads and dynamic shared memory.</summary>
    public static implicit operator (Index3D GridDim, Index3D GroupDim, SharedMemoryConfig SharedMemoryConfig)(KernelConfig config)
        => config.ToValueTuple();
}
