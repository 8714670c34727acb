namespace Managed.Kernels;

/// <summary>A run of float32 in a device's memory.</summary>
internal abstract class DeviceBuffer : IDisposable
{
    /// <summary>Number of float32 elements.</summary>
    public abstract long Length { get; }

    public abstract void Dispose();
}
