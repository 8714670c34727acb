using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Managed.Kernels.Gpu.Matrix;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>
/// The two products of attention by the four warps of a warpgroup, on GPUs of compute capability 9.0: queries and keys from shared memory, weights from
/// registers and values from shared memory. Shared rows have 128 bytes (64 elements, their pieces of 16 bytes exchanged: piece p of row r lies
/// at p ^ (r mod 8)); wider rows are several such blocks. Products are begun only; registers must not be touched before <see cref="End"/>.
/// </summary>
internal static class WarpgroupProducts
{
    private const string Wide = "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 %0, ", Narrow = "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 %0, ";
    private const string Begin = "wgmma.fence.sync.aligned;\n", Added = ", 1, 1, 1, 0, 0;\n", Mixed = ", 1, 1, 1, 1;\n";

    // The next 16 elements of a row are 32 bytes further on, in units of 16.
    private const string Rest = ".reg .b64 a, b; add.s64 a, %1, 2; add.s64 b, %2, 2;\n" + Wide + "a, b" + Added
        + "add.s64 a, %1, 4; add.s64 b, %2, 4;\n" + Wide + "a, b" + Added + "add.s64 a, %1, 6; add.s64 b, %2, 6;\n" + Wide + "a, b" + Added;

    /// <summary>As <see cref="Warpgroup.Describe"/>, for a right factor whose rows are the summed dimension; the next 64 columns lie `block` bytes further on.</summary>
    public static ulong DescribeColumns(uint shared, int block) => Warpgroup.Describe(shared) | ((ulong)(uint)(block >> 4) << 16);

    /// <summary>Waits for all products.</summary>
    public static void End()
    {
        CudaAsm.Emit("wgmma.commit_group.sync.aligned;");
        CudaAsm.Emit("wgmma.wait_group.sync.aligned 0;");
    }

    /// <summary>scores = queries · keysᵀ over a block of 64 elements, of 128 keys.</summary>
    public static void Score(ArrayView<float> scores, ulong queries, ulong keys)
    {
        Input<ulong> a = queries, b = keys;
        CudaAsm.EmitRef(Begin + Wide + "%1, %2, 0, 1, 1, 0, 0;\n" + Rest, ref Unsafe.As<float, Ref<Registers64>>(ref scores[0]), ref a, ref b);
    }

    /// <summary>scores += queries · keysᵀ over a block of 64 elements, of 128 keys.</summary>
    public static void AddScore(ArrayView<float> scores, ulong queries, ulong keys)
    {
        Input<ulong> a = queries, b = keys;
        CudaAsm.EmitRef(Wide + "%1, %2" + Added + Rest, ref Unsafe.As<float, Ref<Registers64>>(ref scores[0]), ref a, ref b);
    }

    /// <summary>mixed += weights · values over 128 keys, of 128 elements.</summary>
    public static void Mix128(ArrayView<float> mixed, ArrayView<uint> weights, ulong values)
    {
        Input<ulong> b = values;
        CudaAsm.EmitRef(Begin + ".reg .b64 b;\n" + Wide + "%1, %9" + Mixed
            + "add.s64 b, %9, 128;\n" + Wide + "%2, b" + Mixed + "add.s64 b, %9, 256;\n" + Wide + "%3, b" + Mixed + "add.s64 b, %9, 384;\n" + Wide + "%4, b" + Mixed
            + "add.s64 b, %9, 512;\n" + Wide + "%5, b" + Mixed + "add.s64 b, %9, 640;\n" + Wide + "%6, b" + Mixed + "add.s64 b, %9, 768;\n" + Wide + "%7, b" + Mixed
            + "add.s64 b, %9, 896;\n" + Wide + "%8, b" + Mixed,
            ref Unsafe.As<float, Ref<Registers64>>(ref mixed[0]), ref Part(weights, 0), ref Part(weights, 1), ref Part(weights, 2), ref Part(weights, 3),
            ref Part(weights, 4), ref Part(weights, 5), ref Part(weights, 6), ref Part(weights, 7), ref b);
    }

    /// <summary>mixed += weights · values over 128 keys, of 64 elements.</summary>
    public static void Mix64(ArrayView<float> mixed, ArrayView<uint> weights, ulong values)
    {
        Input<ulong> b = values;
        CudaAsm.EmitRef(Begin + ".reg .b64 b;\n" + Narrow + "%1, %9" + Mixed
            + "add.s64 b, %9, 128;\n" + Narrow + "%2, b" + Mixed + "add.s64 b, %9, 256;\n" + Narrow + "%3, b" + Mixed + "add.s64 b, %9, 384;\n" + Narrow + "%4, b" + Mixed
            + "add.s64 b, %9, 512;\n" + Narrow + "%5, b" + Mixed + "add.s64 b, %9, 640;\n" + Narrow + "%6, b" + Mixed + "add.s64 b, %9, 768;\n" + Narrow + "%7, b" + Mixed
            + "add.s64 b, %9, 896;\n" + Narrow + "%8, b" + Mixed,
            ref Unsafe.As<float, Ref<Registers32>>(ref mixed[0]), ref Part(weights, 0), ref Part(weights, 1), ref Part(weights, 2), ref Part(weights, 3),
            ref Part(weights, 4), ref Part(weights, 5), ref Part(weights, 6), ref Part(weights, 7), ref b);
    }

    // The left factor of 16 keys.
    private static ref Input<Registers4> Part(ArrayView<uint> weights, int part) => ref Unsafe.As<uint, Input<Registers4>>(ref weights[4 * part]);

    [InlineArray(4)]
    private struct Registers4
    {
        private uint first;
    }
}
