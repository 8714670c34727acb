namespace ILGPU.Runtime;

// What a back end implements. Arguments have been checked: nothing disposed, ranges inside their buffers, streams of this accelerator.
// Failures throw a class derived from AcceleratorException that names the call and, for launches, the kernel.
public abstract partial class Accelerator
{
    /// <summary>New memory, not initialised; throws with what was asked for and what is free where there is too little.</summary>
    internal abstract MemoryBuffer AllocateRawInternal(long length, int elementSize);

    /// <summary>A stream; the first one becomes the default stream.</summary>
    internal abstract AcceleratorStream CreateStreamInternal();

    /// <summary>Waits for all streams.</summary>
    internal abstract void SynchronizeInternal();

    /// <summary>
    /// Queues a copy of host memory into a buffer made by <see cref="AllocateRawInternal"/>. The host memory stays valid until the stream is
    /// synchronised: callers that promise more do that themselves.
    /// </summary>
    internal abstract void CopyFromHost(AcceleratorStream stream, MemoryBuffer target, long targetOffset, nint source, long bytes);

    /// <summary>Queues a copy of a buffer into host memory, which stays valid until the stream is synchronised.</summary>
    internal abstract void CopyToHost(AcceleratorStream stream, nint target, MemoryBuffer source, long sourceOffset, long bytes);

    /// <summary>Queues a copy from one buffer of this accelerator to another; the ranges do not overlap.</summary>
    internal abstract void CopyOnDevice(
        AcceleratorStream stream, MemoryBuffer target, long targetOffset, MemoryBuffer source, long sourceOffset, long bytes);

    /// <summary>Queues setting bytes to a value.</summary>
    internal abstract void Fill(AcceleratorStream stream, MemoryBuffer target, long targetOffset, long bytes, byte value);

    /// <summary>Compiles and loads a kernel. Called once for each description: the caller keeps the results.</summary>
    internal abstract Kernel LoadKernelInternal(KernelDescription description);

    /// <summary>Host memory that the device copies from and to without a detour.</summary>
    internal abstract nint AllocatePageLocked(long bytes);

    /// <summary>Frees what <see cref="AllocatePageLocked"/> gave.</summary>
    internal abstract void FreePageLocked(nint address);

    /// <summary>Frees the rest; buffers, kernels and streams are already disposed.</summary>
    internal abstract void DisposeInternal();
}
