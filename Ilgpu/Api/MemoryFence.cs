namespace ILGPU;

/// <summary>Orders a thread's memory accesses as others see them.</summary>
public static class MemoryFence
{
    /// <summary>As the threads of its group see them.</summary>
    public static void GroupLevel() => Thread.MemoryBarrier();

    /// <summary>As all threads of the device see them.</summary>
    public static void DeviceLevel() => Thread.MemoryBarrier();

    /// <summary>As all threads of the device and the host see them.</summary>
    public static void SystemLevel() => Thread.MemoryBarrier();
}
