using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>Products of small matrices on the tensor cores of NVIDIA GPUs, by one warp. g = lane / 4, t = lane % 4.</summary>
internal static class TensorCore
{
    /// <summary>
    /// c[16, 8] += a[16, 16] · b[16, 8] in bfloat16, two to a register. a: (g, 2t…), (g + 8, 2t…), (g, 2t + 8…), (g + 8, 2t + 8…); b: (2t…, g), (2t + 8…, g).
    /// </summary>
    public static void MultiplyAdd(ArrayView<float> c, int at, uint a0, uint a1, uint a2, uint a3, uint b0, uint b1)
    {
        Ref<float> c0 = c[at], c1 = c[at + 1], c2 = c[at + 2], c3 = c[at + 3];
        Input<uint> x0 = a0, x1 = a1, x2 = a2, x3 = a3, y0 = b0, y1 = b1;
        CudaAsm.EmitRef(
            Matrix.TensorCore.BrainProduct,
            ref c0, ref c1, ref c2, ref c3, ref x0, ref x1, ref x2, ref x3, ref y0, ref y1);
        (c[at], c[at + 1], c[at + 2], c[at + 3]) = (c0.Value, c1.Value, c2.Value, c3.Value);
    }

    /// <summary>Four 8 × 8 matrices of 16-bit numbers from shared memory; lane 8m + i gives the address of row i of matrix m.</summary>
    public static void Load(uint address, out uint r0, out uint r1, out uint r2, out uint r3)
    {
        Output<uint> x0 = default, x1 = default, x2 = default, x3 = default;
        Input<uint> from = address;
        CudaAsm.EmitRef(Matrix.TensorCore.FourMatrices, ref x0, ref x1, ref x2, ref x3, ref from);
        (r0, r1, r2, r3) = (x0.Value, x1.Value, x2.Value, x3.Value);
    }

    /// <summary>As <see cref="Load"/>, each matrix turned over.</summary>
    public static void LoadTurned(uint address, out uint r0, out uint r1, out uint r2, out uint r3)
    {
        Output<uint> x0 = default, x1 = default, x2 = default, x3 = default;
        Input<uint> from = address;
        CudaAsm.EmitRef("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];", ref x0, ref x1, ref x2, ref x3, ref from);
        (r0, r1, r2, r3) = (x0.Value, x1.Value, x2.Value, x3.Value);
    }

    /// <summary>Two numbers rounded to bfloat16, the first in the low half.</summary>
    public static uint Brains(float low, float high)
    {
        Output<uint> pair = default;
        Input<float> x = low, y = high;
        CudaAsm.EmitRef("cvt.rn.bf16x2.f32 %0, %2, %1;", ref pair, ref x, ref y);
        return pair.Value;
    }

    /// <summary>2 to a power, to 2 ulp; what is too small for a normal number becomes 0.</summary>
    public static float Exp2(float power)
    {
        Output<float> result = default;
        Input<float> x = power;
        CudaAsm.EmitRef("ex2.approx.ftz.f32 %0, %1;", ref result, ref x);
        return result.Value;
    }

    /// <summary>Whether one of the warp's lanes has a number other than 1.</summary>
    public static bool AnyIsNotOne(float x, float y)
    {
        CudaAsm.Emit(".reg .pred a, b; setp.neu.f32 a, %1, 0f3F800000; setp.neu.or.f32 b, %2, 0f3F800000, a; vote.sync.any.pred a, b, -1; selp.b32 %0, 1, 0, a;", out int any, x, y);
        return any != 0;
    }

    /// <summary>A matrix of 8 × 8 16-bit numbers, two to a lane, turned over.</summary>
    public static uint Turn(uint pair)
    {
        Output<uint> turned = default;
        Input<uint> x = pair;
        CudaAsm.EmitRef("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;", ref turned, ref x);
        return turned.Value;
    }
}
