using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>The products that four warps of a GPU of compute capability 9.0 make together, with both factors in shared memory.</summary>
internal static class Warpgroup
{
    private const string Begin = ".reg .b64 a, b; wgmma.fence.sync.aligned;\n";
    private const string First = "k16.f32.bf16.bf16 %0, %1, %2, 1, 1, 1, 0, 0;\n", Later = "k16.f32.bf16.bf16 %0, a, b, 1, 1, 1, 0, 0;\n";
    private const string Second = "add.s64 a, %1, 2; add.s64 b, %2, 2;\n", Third = "add.s64 a, %1, 4; add.s64 b, %2, 4;\n", Fourth = "add.s64 a, %1, 6; add.s64 b, %2, 6;\n";
    private const string Commit = "wgmma.commit_group.sync.aligned;";

    /// <summary>Describes rows of 128 bytes that begin there, at a multiple of 1024 bytes, with their pieces exchanged.</summary>
    public static ulong Describe(uint shared) => 0x4000004000000000UL | ((shared & 0x3FFFF) >> 4);

    /// <summary>
    /// sums += a · bᵀ over 64 bfloat16 columns, 16 at a time: 64 rows of a, `rows` of b (16, 32, 64, 128 or 256, known to the compiler). Begins
    /// only: the sums, rows / 2 of them in each thread, are there after a wait.
    /// </summary>
    public static void Multiply(ArrayView<float> sums, int rows, ulong a, ulong b)
    {
        Input<ulong> left = a, right = b;
        if (rows == 256)
        {
            const string multiply = "wgmma.mma_async.sync.aligned.m64n256";
            CudaAsm.EmitRef(Begin + multiply + First + Second + multiply + Later + Third + multiply + Later + Fourth + multiply + Later + Commit,
                ref Unsafe.As<float, Ref<Registers128>>(ref sums[0]), ref left, ref right);
        }
        else if (rows == 128)
        {
            const string multiply = "wgmma.mma_async.sync.aligned.m64n128";
            CudaAsm.EmitRef(Begin + multiply + First + Second + multiply + Later + Third + multiply + Later + Fourth + multiply + Later + Commit,
                ref Unsafe.As<float, Ref<Registers64>>(ref sums[0]), ref left, ref right);
        }
        else if (rows == 64)
        {
            const string multiply = "wgmma.mma_async.sync.aligned.m64n64";
            CudaAsm.EmitRef(Begin + multiply + First + Second + multiply + Later + Third + multiply + Later + Fourth + multiply + Later + Commit,
                ref Unsafe.As<float, Ref<Registers32>>(ref sums[0]), ref left, ref right);
        }
        else if (rows == 32)
        {
            const string multiply = "wgmma.mma_async.sync.aligned.m64n32";
            CudaAsm.EmitRef(Begin + multiply + First + Second + multiply + Later + Third + multiply + Later + Fourth + multiply + Later + Commit,
                ref Unsafe.As<float, Ref<Registers16>>(ref sums[0]), ref left, ref right);
        }
        else
        {
            const string multiply = "wgmma.mma_async.sync.aligned.m64n16";
            CudaAsm.EmitRef(Begin + multiply + First + Second + multiply + Later + Third + multiply + Later + Fourth + multiply + Later + Commit,
                ref Unsafe.As<float, Ref<Registers8>>(ref sums[0]), ref left, ref right);
        }
    }

    /// <summary>Waits until all products begun are in their sums.</summary>
    public static void WaitForAll() => CudaAsm.Emit("wgmma.wait_group.sync.aligned 0;");

    /// <summary>Waits until all but those of the last call are.</summary>
    public static void WaitForAllButOne() => CudaAsm.Emit("wgmma.wait_group.sync.aligned 1;");

    /// <summary>Waits until all but those of the last two calls are.</summary>
    public static void WaitForAllButTwo() => CudaAsm.Emit("wgmma.wait_group.sync.aligned 2;");
}
