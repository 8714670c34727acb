using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Vector;

/// <summary>Four sums of a lane: rows lane / 4 and lane / 4 + 8, columns 2·(lane mod 4) and the one after.</summary>
internal struct TileSums<T>
    where T : struct
{
    public T Greater0, Lesser0, Greater8, Lesser8;
}

/// <summary>Products of 16 rows of weights and eight columns by the tensor cores. Every lane of the warp calls.</summary>
internal static class TensorMath
{
    /// <summary>sums + 16 columns of bfloat16 weights · activations.</summary>
    public static void MultiplyAdd(ref TileSums<float> sums, uint w0, uint w8, uint w0Next, uint w8Next, uint x, uint xNext)
    {
        Ref<float> s0 = sums.Greater0, s1 = sums.Lesser0, s2 = sums.Greater8, s3 = sums.Lesser8;
        Input<uint> a0 = w0, a1 = w8, a2 = w0Next, a3 = w8Next, b0 = x, b1 = xNext;
        CudaAsm.EmitRef(Matrix.TensorCore.BrainProduct,
            ref s0, ref s1, ref s2, ref s3, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1);
        (sums.Greater0, sums.Lesser0, sums.Greater8, sums.Lesser8) = (s0.Value, s1.Value, s2.Value, s3.Value);
    }

    /// <summary>32 columns of signed bytes · signed bytes, exactly.</summary>
    public static TileSums<int> Multiply(uint w0, uint w8, uint w0Next, uint w8Next, uint x, uint xNext)
    {
        Ref<int> s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        Input<uint> a0 = w0, a1 = w8, a2 = w0Next, a3 = w8Next, b0 = x, b1 = xNext;
        CudaAsm.EmitRef("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};",
            ref s0, ref s1, ref s2, ref s3, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1);
        TileSums<int> sums;
        (sums.Greater0, sums.Lesser0, sums.Greater8, sums.Lesser8) = (s0.Value, s1.Value, s2.Value, s3.Value);
        return sums;
    }
}
