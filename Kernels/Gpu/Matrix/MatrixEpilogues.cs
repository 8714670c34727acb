using ILGPU;
using ILGPU.Runtime.Cuda;
using System.Runtime.CompilerServices;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>What becomes of a finished sum. A kernel's argument, and compiled into the kernel.</summary>
internal interface IMatrixEpilogue
{
    /// <summary>Two neighbouring outputs of a token; `both` is false where the second lies past the last output.</summary>
    void Store(int token, int output, float first, float second, bool both);
}

/// <summary>output[token, o] = sum + bias[o].</summary>
internal readonly struct StoreRows(RowsView output, ArrayView<float> bias, int hasBias, int inPairs) : IMatrixEpilogue
{
    public readonly RowsView Output = output;

    public readonly ArrayView<float> Bias = bias;

    public readonly int HasBias = hasBias;

    /// <summary>1 where every even output of every row lies at a multiple of 8 bytes.</summary>
    public readonly int InPairs = inPairs;

    public void Store(int token, int output, float first, float second, bool both)
    {
        if (HasBias != 0)
        {
            first += Bias[output];
            second += both ? Bias[output + 1] : 0f;
        }
        Pairs.Write(ref Output[token, output], first, second, both, InPairs);
    }
}

/// <summary>Two numbers at once.</summary>
internal static unsafe class Pairs
{
    public static void Write(ref float to, float first, float second, bool both, int inPairs)
    {
        if (both && inPairs != 0)
        {
            CudaAsm.Emit("st.global.v2.f32 [%0], {%1, %2};", (long)Unsafe.AsPointer(ref to), first, second);
        }
        else
        {
            to = first;
            if (both)
                Unsafe.Add(ref to, 1) = second;
        }
    }
}
