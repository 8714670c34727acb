using System.Collections.Immutable;

namespace ILGPU.Runtime.CPU;

/// <summary>Which GPU's shape the processor imitates.</summary>
public enum CPUDeviceKind
{
    /// <summary>Warps of 32 threads.</summary>
    Default = 0,
    /// <summary>Warps of 32 threads, as NVIDIA's.</summary>
    Nvidia = 1,
    /// <summary>Warps of 32 threads, as AMD's newer ones.</summary>
    AMD = 2,
    /// <summary>Warps of 64 threads, as AMD's older ones.</summary>
    LegacyAMD = 3,
    /// <summary>Warps of 16 threads, as Intel's.</summary>
    Intel = 4,
}

/// <summary>The host's processor in the shape of a GPU.</summary>
public sealed class CPUDevice : Device
{
    /// <summary>Warps of 32 threads, groups of up to 1024.</summary>
    public static readonly CPUDevice Default = new(32, 32, 1, "CPU");

    /// <summary>As NVIDIA's GPUs.</summary>
    public static readonly CPUDevice Nvidia = new(32, 32, 1, "CPU in the shape of an NVIDIA GPU");

    /// <summary>As AMD's newer GPUs.</summary>
    public static readonly CPUDevice AMD = new(32, 32, 1, "CPU in the shape of an AMD GPU");

    /// <summary>As AMD's older GPUs.</summary>
    public static readonly CPUDevice LegacyAMD = new(64, 16, 1, "CPU in the shape of an older AMD GPU");

    /// <summary>As Intel's GPUs.</summary>
    public static readonly CPUDevice Intel = new(16, 64, 1, "CPU in the shape of an Intel GPU");

    /// <summary>All of these.</summary>
    public static readonly ImmutableArray<CPUDevice> All = [Default, Nvidia, AMD, LegacyAMD, Intel];

    /// <summary>In any shape.</summary>
    /// <param name="numThreadsPerWarp">Threads of a warp: a power of two.</param>
    /// <param name="numWarpsPerMultiprocessor">Warps of the largest group.</param>
    /// <param name="numMultiprocessors">Number of multiprocessors.</param>
    public CPUDevice(int numThreadsPerWarp, int numWarpsPerMultiprocessor, int numMultiprocessors)
        : this(numThreadsPerWarp, numWarpsPerMultiprocessor, numMultiprocessors, $"CPU with warps of {numThreadsPerWarp}")
    {
    }

    private CPUDevice(int warpSize, int warps, int multiprocessors, string name)
    {
        if (!int.IsPow2(warpSize))
        {
            throw new ArgumentOutOfRangeException(nameof(warpSize), warpSize, "A power of two is expected.");
        }
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(warps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(multiprocessors);
        Name = name;
        WarpSize = warpSize;
        NumMultiprocessors = multiprocessors;
        MaxNumThreadsPerMultiprocessor = warpSize * warps;
        MaxNumThreadsPerGroup = warpSize * warps;
        MaxGroupSize = new Index3D(MaxNumThreadsPerGroup);
        MaxGridSize = new Index3D(int.MaxValue, ushort.MaxValue, ushort.MaxValue);
        MemorySize = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        MaxSharedMemoryPerGroup = 256 << 10;
        MaxConstantMemory = 64 << 10;
    }

    /// <inheritdoc/>
    public override AcceleratorType AcceleratorType => AcceleratorType.CPU;

    /// <summary>Threads that it holds at once.</summary>
    public int NumThreads => MaxNumThreads;

    /// <summary>One of the known shapes.</summary>
    public static CPUDevice GetDevice(CPUDeviceKind kind) => All[(int)kind];

    /// <inheritdoc/>
    public override Accelerator CreateAccelerator(Context context) => CreateCPUAccelerator(context);

    /// <summary>Makes an accelerator of this shape.</summary>
    public CPUAccelerator CreateCPUAccelerator(Context context) => CreateCPUAccelerator(context, CPUAcceleratorMode.Auto);

    /// <summary>Makes an accelerator of this shape.</summary>
    public CPUAccelerator CreateCPUAccelerator(Context context, CPUAcceleratorMode mode) => new(context, this, mode);
}
