using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>The products that four warps of a GPU of compute capability 9.0 make together, with both factors in shared memory.</summary>
internal static class Warpgroup
{
    private const string Begin = ".reg .b64 a, b; wgmma.fence.sync.aligned;\n";
    private const string Wide = "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 ", Half = "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 ";
    private const string Added = ", 1, 1, 1, 0, 0;\n";
    private const string Second = "add.s64 a, %1, 2; add.s64 b, %2, 2;\n", Third = "add.s64 a, %1, 4; add.s64 b, %2, 4;\n", Fourth = "add.s64 a, %1, 6; add.s64 b, %2, 6;\n";
    private const string Commit = "wgmma.commit_group.sync.aligned;";

    /// <summary>Describes rows of 128 bytes that begin there, at a multiple of 1024 bytes, with their pieces exchanged.</summary>
    public static ulong Describe(uint shared) => 0x4000004000000000UL | ((shared & 0x3FFFF) >> 4);

    /// <summary>sums += a · bᵀ over 64 bfloat16 columns, 16 at a time: 64 rows of a, 256 of b; begins only.</summary>
    public static void Multiply256(ArrayView<float> sums, ulong a, ulong b)
    {
        Input<ulong> left = a, right = b;
        CudaAsm.EmitRef(Begin + Wide + "%0, %1, %2" + Added + Second + Wide + "%0, a, b" + Added + Third + Wide + "%0, a, b" + Added + Fourth + Wide + "%0, a, b" + Added + Commit,
            ref Unsafe.As<float, Ref<Registers128>>(ref sums[0]), ref left, ref right);
    }

    /// <summary>The same with 128 rows of b.</summary>
    public static void Multiply128(ArrayView<float> sums, ulong a, ulong b)
    {
        Input<ulong> left = a, right = b;
        CudaAsm.EmitRef(Begin + Half + "%0, %1, %2" + Added + Second + Half + "%0, a, b" + Added + Third + Half + "%0, a, b" + Added + Fourth + Half + "%0, a, b" + Added + Commit,
            ref Unsafe.As<float, Ref<Registers64>>(ref sums[0]), ref left, ref right);
    }

    /// <summary>Waits until all products begun are in their sums.</summary>
    public static void WaitForAll() => CudaAsm.Emit("wgmma.wait_group.sync.aligned 0;");

    /// <summary>Waits until all but those of the last call are.</summary>
    public static void WaitForAllButOne() => CudaAsm.Emit("wgmma.wait_group.sync.aligned 1;");

    [InlineArray(128)]
    private struct Registers128
    {
        private float first;
    }

    [InlineArray(64)]
    private struct Registers64
    {
        private float first;
    }
}
