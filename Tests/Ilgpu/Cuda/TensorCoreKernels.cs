using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Managed.Tests.Ilgpu.Cuda;

/// <summary>Kernels with PTX in their middle, and what they compute in plain C#.</summary>
internal static class TensorCoreKernels
{
    /// <summary>c = a · b for one tile of 16 × 8 with 16 terms, all of it by one warp; a, b rounded to bfloat16.</summary>
    private static void Tile(ArrayView<float> c, ArrayView<ushort> a, ArrayView<ushort> b)
    {
        ArrayView<ushort> sharedA = SharedMemory.Allocate<ushort>(16 * 16), sharedB = SharedMemory.Allocate<ushort>(8 * 16);
        if (CudaAsm.IsSupported)
        {
            int lane = Group.IdxX;
            CudaAsm.Emit("cp.async.cg.shared.global [%0], [%1], 16;", SharedAddress(sharedA, lane * 8), Address(a, lane * 8));
            if (lane < 16)
            {
                CudaAsm.Emit("cp.async.cg.shared.global [%0], [%1], 16;", SharedAddress(sharedB, lane * 8), Address(b, lane * 8));
            }
            CudaAsm.Emit("cp.async.commit_group;");
            CudaAsm.Emit("cp.async.wait_group 0;");
            Group.Barrier();
            Output<uint> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default;
            Input<uint> from = SharedAddress(sharedA, ((lane & 15) * 16) + ((lane >> 4) * 8));
            CudaAsm.EmitRef("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];", ref a0, ref a1, ref a2, ref a3, ref from);
            from = SharedAddress(sharedB, ((lane & 7) * 16) + (((lane >> 3) & 1) * 8));
            CudaAsm.EmitRef("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];", ref b0, ref b1, ref from);
            Input<uint> left0 = a0.Value, left1 = a1.Value, left2 = a2.Value, left3 = a3.Value, right0 = b0.Value, right1 = b1.Value;
            Ref<Sums> sums = default;
            CudaAsm.EmitRef("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 %0, {%1, %2, %3, %4}, {%5, %6}, %0;",
                ref sums, ref left0, ref left1, ref left2, ref left3, ref right0, ref right1);
            int row = lane >> 2, column = 2 * (lane & 3);
            c[(row * 8) + column] = sums.Value.C0;
            c[(row * 8) + column + 1] = sums.Value.C1;
            c[((row + 8) * 8) + column] = sums.Value.C2;
            c[((row + 8) * 8) + column + 1] = sums.Value.C3;
        }
    }

    private struct Sums
    {
#pragma warning disable CS0649 // the assembly writes them
        public float C0, C1, C2, C3;
#pragma warning restore CS0649
    }

    /// <summary>The number of a shared address is its place in shared memory, and fits 32 bits.</summary>
    private static uint SharedAddress(ArrayView<ushort> view, int element) => (uint)Address(view, element);

    private static unsafe long Address(ArrayView<ushort> view, int element)
    {
        fixed (ushort* pointer = &view[element])
        {
            return (long)pointer;
        }
    }

    public static float[] Run(Accelerator accelerator, ushort[] a, ushort[] b)
    {
        using var left = accelerator.Allocate1D(a);
        using var right = accelerator.Allocate1D(b);
        using var product = accelerator.Allocate1D<float>(16 * 8);
        accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<ushort>, ArrayView<ushort>>(Tile)((1, 32), product.View.BaseView, left.View.BaseView, right.View.BaseView);
        return product.GetAsArray1D();
    }

    /// <summary>The same in plain C#; the numbers are chosen so that every order of adding gives the same.</summary>
    public static float[] Expected(ushort[] a, ushort[] b)
    {
        float[] c = new float[16 * 8];
        for (int row = 0; row < 16; row++)
        {
            for (int column = 0; column < 8; column++)
            {
                for (int k = 0; k < 16; k++)
                {
                    c[(row * 8) + column] += FromBrain(a[(row * 16) + k]) * FromBrain(b[(column * 16) + k]);
                }
            }
        }
        return c;
    }

    public static ushort[] SmallNumbers(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (ushort)(BitConverter.SingleToUInt32Bits(random.Next(-8, 9) / 4f) >> 16))];
    }

    private static float FromBrain(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
