namespace ILGPU.Runtime.Cuda;

// Memory: allocation, copies, page-locked host memory.
public sealed partial class CudaAccelerator
{
    /// <summary>Page-locked memory for every context of the process.</summary>
    private const uint Portable = 1;

    internal override MemoryBuffer AllocateRawInternal(long length, int elementSize)
    {
        Bind();
        using CaptureExemption exemption = ExemptFromCapture();
        long bytes = checked(length * elementSize);
        nuint size = (nuint)Math.Max(bytes, 1);
        CudaError error = Driver.MemAlloc(out nint address, size);
        if (error == CudaError.CUDA_ERROR_OUT_OF_MEMORY)
        {
            // buffers that nobody holds any more may still wait for their finaliser
            GC.Collect();
            GC.WaitForPendingFinalizers();
            FreeAbandoned();
            error = Driver.MemAlloc(out address, size);
        }
        if (error == CudaError.CUDA_ERROR_OUT_OF_MEMORY)
        {
            string free = Driver.MemGetInfo(out nuint left, out nuint total) == CudaError.CUDA_SUCCESS
                ? $"{Mebibytes((long)left)} of {Mebibytes((long)total)} are free"
                : "how much is free is not known";
            throw new CudaException(error, $"{Name} has too little memory: {Mebibytes(bytes)} were asked for, {free}.");
        }
        Check(error, "cuMemAlloc");
        return new CudaMemoryBuffer(this, length, elementSize, address);
    }

    internal override void CopyFromHost(AcceleratorStream stream, MemoryBuffer target, long targetOffset, nint source, long bytes)
    {
        Bind();
        Check(Driver.MemcpyHtoDAsync(target.NativePtr + (nint)targetOffset, source, (nuint)bytes, Handle(stream)),
            "cuMemcpyHtoDAsync", stream: (CudaStream)stream);
    }

    internal override void CopyToHost(AcceleratorStream stream, nint target, MemoryBuffer source, long sourceOffset, long bytes)
    {
        Bind();
        Check(Driver.MemcpyDtoHAsync(target, source.NativePtr + (nint)sourceOffset, (nuint)bytes, Handle(stream)),
            "cuMemcpyDtoHAsync", stream: (CudaStream)stream);
    }

    internal override void CopyOnDevice(
        AcceleratorStream stream, MemoryBuffer target, long targetOffset, MemoryBuffer source, long sourceOffset, long bytes)
    {
        Bind();
        Check(Driver.MemcpyDtoDAsync(target.NativePtr + (nint)targetOffset, source.NativePtr + (nint)sourceOffset, (nuint)bytes, Handle(stream)),
            "cuMemcpyDtoDAsync", stream: (CudaStream)stream);
    }

    internal override void Fill(AcceleratorStream stream, MemoryBuffer target, long targetOffset, long bytes, byte value)
    {
        Bind();
        Check(Driver.MemsetD8Async(target.NativePtr + (nint)targetOffset, value, (nuint)bytes, Handle(stream)),
            "cuMemsetD8Async", stream: (CudaStream)stream);
    }

    internal override nint AllocatePageLocked(long bytes)
    {
        Bind();
        using CaptureExemption exemption = ExemptFromCapture();
        CudaError error = Driver.MemHostAlloc(out nint address, (nuint)Math.Max(bytes, 1), Portable);
        Check(error, "cuMemHostAlloc", error == CudaError.CUDA_ERROR_OUT_OF_MEMORY ? $"{Mebibytes(bytes)} of page-locked host memory" : "");
        return address;
    }

    internal override void FreePageLocked(nint address)
    {
        Bind();
        Check(Driver.MemFreeHost(address), "cuMemFreeHost");
    }

    /// <summary>Locks pages of the caller's memory; false where the system or the driver refuses, which harms nothing but speed.</summary>
    internal bool TryLockPages(nint address, long bytes)
    {
        Bind();
        using CaptureExemption exemption = ExemptFromCapture();
        CudaError error = Driver.MemHostRegister(address, (nuint)bytes, Portable);
        if (IsSticky(error))
        {
            Check(error, "cuMemHostRegister", stream: (CudaStream)DefaultStream);
        }
        return error == CudaError.CUDA_SUCCESS;
    }

    /// <summary>Unlocks them.</summary>
    internal void UnlockPages(nint address)
    {
        if (TryBind())
        {
            using CaptureExemption exemption = ExemptFromCapture();
            Check(Driver.MemHostUnregister(address), "cuMemHostUnregister");
        }
    }

    private readonly Queue<nint> _abandoned = new();

    /// <summary>Frees a buffer's memory; after the device was lost there is nothing left to free.</summary>
    internal void Free(nint address)
    {
        if (TryBind())
        {
            FreeAbandoned();
            using CaptureExemption exemption = ExemptFromCapture();
            Check(Driver.MemFree(address), "cuMemFree");
        }
    }

    /// <summary>From a finaliser: the memory is freed by the next thread that allocates or frees.</summary>
    internal void Abandon(nint address)
    {
        lock (_abandoned)
        {
            _abandoned.Enqueue(address);
        }
    }

    private void FreeAbandoned()
    {
        lock (_abandoned)
        {
            while (_abandoned.TryDequeue(out nint address))
            {
                Check(Driver.MemFree(address), "cuMemFree");
            }
        }
    }

    private static nint Handle(AcceleratorStream stream) => ((CudaStream)stream).StreamPtr;

    private static string Mebibytes(long bytes) => bytes < 1 << 20 ? $"{bytes} bytes" : $"{bytes / (double)(1 << 20):0.#} MiB";
}

/// <summary>Memory of a GPU.</summary>
internal sealed class CudaMemoryBuffer : MemoryBuffer
{
    public CudaMemoryBuffer(CudaAccelerator accelerator, long length, int elementSize, nint address)
        : base(accelerator, length, elementSize) => NativePtr = address;

    ~CudaMemoryBuffer() => ((CudaAccelerator)Accelerator).Abandon(NativePtr);

    protected override void DisposeAcceleratorObject(bool disposing)
    {
        nint address = NativePtr;
        NativePtr = 0;
        ((CudaAccelerator)Accelerator).Free(address);
    }
}
