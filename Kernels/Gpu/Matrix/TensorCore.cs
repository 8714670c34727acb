using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>The instructions of NVIDIA GPUs from compute capability 8.0 on that a product of matrices is made of.</summary>
internal static class TensorCore
{
    /// <summary>Four sums, four registers of 16 rows, two of 8 columns: over 16 bfloat16 numbers.</summary>
    public const string BrainProduct =
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};";

    /// <summary>Four matrices of 8 × 8 16-bit numbers from shared memory.</summary>
    public const string FourMatrices = "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];";

    /// <summary>The place of an element of shared memory, as instructions write it.</summary>
    public static unsafe uint SharedAddress(ref byte element) => (uint)(long)Unsafe.AsPointer(ref element);

    /// <summary>The address of an element in the device's memory.</summary>
    public static unsafe long Address(ref uint element) => (long)Unsafe.AsPointer(ref element);

    /// <summary>Copies 16 bytes to shared memory while the thread goes on; `bytes` 0 fills with zeros instead.</summary>
    public static void CopyAsync(uint shared, long global, int bytes) =>
        CudaAsm.Emit("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;", shared, global, bytes);

    /// <summary>What was copied since the last call is one group.</summary>
    public static void CommitCopies() => CudaAsm.Emit("cp.async.commit_group;");

    /// <summary>Four matrices of 8 × 8 16-bit numbers from shared memory, into elements `at` … `at` + 3.</summary>
    public static void LoadFour(ArrayView<uint> fragments, int at, uint shared)
    {
        Input<uint> from = shared;
        CudaAsm.EmitRef(FourMatrices,
            ref Unsafe.As<uint, Output<uint>>(ref fragments[at]), ref Unsafe.As<uint, Output<uint>>(ref fragments[at + 1]),
            ref Unsafe.As<uint, Output<uint>>(ref fragments[at + 2]), ref Unsafe.As<uint, Output<uint>>(ref fragments[at + 3]), ref from);
    }

    /// <summary>sums += a · bᵀ over 16 bfloat16 columns: 16 rows of a in four registers, 8 rows of b in two.</summary>
    public static void MultiplyAdd(ArrayView<float> sums, int at, ArrayView<uint> a, int atA, ArrayView<uint> b, int atB) =>
        CudaAsm.EmitRef(BrainProduct,
            ref Unsafe.As<float, Ref<float>>(ref sums[at]), ref Unsafe.As<float, Ref<float>>(ref sums[at + 1]),
            ref Unsafe.As<float, Ref<float>>(ref sums[at + 2]), ref Unsafe.As<float, Ref<float>>(ref sums[at + 3]),
            ref Unsafe.As<uint, Input<uint>>(ref a[atA]), ref Unsafe.As<uint, Input<uint>>(ref a[atA + 1]),
            ref Unsafe.As<uint, Input<uint>>(ref a[atA + 2]), ref Unsafe.As<uint, Input<uint>>(ref a[atA + 3]),
            ref Unsafe.As<uint, Input<uint>>(ref b[atB]), ref Unsafe.As<uint, Input<uint>>(ref b[atB + 1]));
}
