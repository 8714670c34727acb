using ILGPU;
using ILGPU.Runtime;
#if !ILGPU_PACKAGE
using ILGPU.Runtime.Cuda;
#endif

namespace Managed.Ilgpu.Extensions;

/// <summary>
/// Whole pages of the caller's memory that an NVIDIA GPU copies to and from without a detour while the host goes on. Locking takes about as
/// long as writing the memory once.
/// </summary>
public sealed class PageLock : IDisposable
{
#if !ILGPU_PACKAGE
    private readonly CudaAccelerator _accelerator;
    private nint _address;

    private PageLock(CudaAccelerator accelerator, nint address) => (_accelerator, _address) = (accelerator, address);
#endif

    /// <summary>Locks pages; null where the accelerator has no use for it, or the system allows no more: copies are then right, but slower.</summary>
    /// <param name="accelerator">Whose copies.</param>
    /// <param name="address">Where the pages begin. The memory must not move, nor be freed before the lock.</param>
    /// <param name="bytes">Their length.</param>
    public static PageLock? TryCreate(Accelerator accelerator, nint address, long bytes)
    {
#if ILGPU_PACKAGE
        return null;
#else
        return accelerator is CudaAccelerator cuda && cuda.TryLockPages(address, bytes) ? new PageLock(cuda, address) : null;
#endif
    }

    /// <summary>Unlocks the pages; copies must be done.</summary>
    public void Dispose()
    {
#if !ILGPU_PACKAGE
        if (_address != 0)
        {
            _accelerator.UnlockPages(_address);
        }
        _address = 0;
#endif
    }
}

/// <summary>Copies that the host does not wait for.</summary>
public static class LaterCopies
{
    /// <summary>Copies to host memory, which must stay where it is until the stream was waited for.</summary>
    /// <param name="source">What is copied.</param>
    /// <param name="stream">The stream that copies; it is done when the stream was waited for.</param>
    /// <param name="target">Memory of the source's length that does not move.</param>
    public static unsafe void CopyToHostLater<T>(this ArrayView<T> source, AcceleratorStream stream, nint target)
        where T : unmanaged
    {
#if ILGPU_PACKAGE
        source.CopyToCPU(stream, ref *(T*)target, source.Length);
#else
        Transfers.ToHost(stream, source.Cast<byte>(), target);
#endif
    }
}
