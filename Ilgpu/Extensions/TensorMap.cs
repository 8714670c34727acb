using ILGPU;
#if ILGPU_PACKAGE
using ILGPU.Runtime;
#else
using ILGPU.Runtime.Cuda;
#endif

namespace Managed.Ilgpu.Extensions;

/// <summary>
/// Describes a matrix of 16-bit floating-point numbers to the copy engine of NVIDIA GPUs from compute capability 9.0 on: 128 bytes, which
/// kernels give to `cp.async.bulk.tensor`, from device memory at a multiple of 64 bytes.
/// </summary>
public static class TensorMap
{
    /// <summary>64-bit words of a map.</summary>
    public const int Words = 16;

    /// <summary>
    /// Writes the map of a bfloat16 matrix that is copied in boxes of 64 columns: rows of 128 bytes in shared memory, whose 16-byte pieces are
    /// exchanged by the row's number as `wgmma` and `ldmatrix` want them. What lies outside of the matrix is copied as zeros.
    /// </summary>
    /// <param name="map">Where it is written.</param>
    /// <param name="matrix">Two numbers a word. // [rows, stride]</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Numbers of a row.</param>
    /// <param name="stride">Words from one row to the next, a multiple of 4.</param>
    /// <param name="boxRows">Rows of a box, at most 256.</param>
    /// <returns>False where the device has no such copy engine, or its driver does not know it.</returns>
    public static unsafe bool TryEncode(Span<ulong> map, ArrayView<uint> matrix, long rows, long columns, long stride, int boxRows)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(map.Length, Words);
        ArgumentOutOfRangeException.ThrowIfNotEqual(stride % 4, 0);
#if ILGPU_PACKAGE
        return false;
#else
        if (matrix.Owner.Accelerator is not CudaAccelerator accelerator || accelerator.Device.ComputeCapability < 90)
        {
            return false;
        }
        const int brain16 = 9, swizzle128Bytes = 3, promote256Bytes = 3;
        const int alignment = 64;
        ulong* aligned = stackalloc ulong[Words + (alignment / sizeof(ulong))];
        aligned = (ulong*)(((nint)aligned + alignment - 1) & ~(nint)(alignment - 1));
        ulong* extents = stackalloc ulong[] { (ulong)columns, (ulong)rows };
        ulong* strides = stackalloc ulong[] { (ulong)stride * sizeof(uint) };
        uint* box = stackalloc uint[] { 64, (uint)boxRows };
        uint* steps = stackalloc uint[] { 1, 1 };
        accelerator.Bind();
        CudaError error = accelerator.Driver.TensorMapEncodeTiled(
            aligned, brain16, 2, matrix.Pointer, extents, strides, box, steps, 0, swizzle128Bytes, promote256Bytes, 0);
        if (error == CudaError.CUDA_ERROR_NOT_SUPPORTED)
        {
            return false;
        }
        accelerator.Check(error, "cuTensorMapEncodeTiled", $"a matrix of {rows} × {columns} with {stride} words from row to row");
        new ReadOnlySpan<ulong>(aligned, Words).CopyTo(map);
        return true;
#endif
    }

    /// <summary>Where a view begins in the device's memory.</summary>
    public static nint AddressOf(ArrayView<uint> view) =>
#if ILGPU_PACKAGE
        view.LoadEffectiveAddressAsPtr();
#else
        view.Pointer;
#endif
}
