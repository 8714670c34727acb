using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Matrix;

/// <summary>What becomes of a finished sum: an argument of the kernel, and compiled into it.</summary>
internal interface IMatrixEpilogue
{
    /// <summary>Two neighbouring outputs of a token, the first of an even number; `both` is false where the second lies past the last output.</summary>
    void Store(int token, int output, float first, float second, bool both);

    /// <summary>Whether two weights of one shape are multiplied at once, and <see cref="StoreGated"/> is called.</summary>
    static abstract bool IsGated { get; }

    /// <summary>One output of a token; `up` is the second weight's sum where the epilogue is gated.</summary>
    void StoreOne(int token, int output, float sum, float up);

    /// <summary>Two neighbouring outputs of a token with the sums of both weights.</summary>
    void StoreGated(int token, int output, float firstGate, float secondGate, float firstUp, float secondUp, bool both);
}

/// <summary>output[token, o] = sum + bias[o].</summary>
internal readonly struct StoreRows(RowsView output, ArrayView<float> bias, int hasBias) : IMatrixEpilogue
{
    public readonly RowsView Output = output;

    public readonly ArrayView<float> Bias = bias;

    public readonly int HasBias = hasBias;

    public static bool IsGated => false;

    public void StoreOne(int token, int output, float sum, float up) => Output[token, output] = HasBias != 0 ? sum + Bias[output] : sum;

    public void StoreGated(int token, int output, float firstGate, float secondGate, float firstUp, float secondUp, bool both)
    {
    }

    public void Store(int token, int output, float first, float second, bool both)
    {
        if (HasBias != 0)
        {
            first += Bias[output];
            second += both ? Bias[output + 1] : 0f;
        }
        Pairs.Write(Output, token, output, first, second, both);
    }
}

/// <summary>output[token, o] = residual[token, o] + scale·(sum + bias[o]); the output may be the residual itself.</summary>
internal readonly struct AddToRows(RowsView output, RowsView residual, float scale, ArrayView<float> bias, int hasBias) : IMatrixEpilogue
{
    public readonly RowsView Output = output, Residual = residual;

    public readonly float Scale = scale;

    public readonly ArrayView<float> Bias = bias;

    public readonly int HasBias = hasBias;

    public static bool IsGated => false;

    public void StoreOne(int token, int output, float sum, float up) => Output[token, output] = Residual[token, output] + (Scale * (HasBias != 0 ? sum + Bias[output] : sum));

    public void StoreGated(int token, int output, float firstGate, float secondGate, float firstUp, float secondUp, bool both)
    {
    }

    public void Store(int token, int output, float first, float second, bool both)
    {
        if (HasBias != 0)
        {
            first += Bias[output];
            second += both ? Bias[output + 1] : 0f;
        }
        Pairs.Read(Residual, token, output, out float before, out float beforeSecond, both);
        Pairs.Write(Output, token, output, before + (Scale * first), beforeSecond + (Scale * second), both);
    }
}

/// <summary>packed[token, o] = act(gate) · up, rounded to bfloat16: the input of the next product.</summary>
internal readonly unsafe struct GateToBrain<TFunction>(ArrayView<uint> packed, int stride) : IMatrixEpilogue
    where TFunction : struct, IActivationFunction
{
    /// <summary>Two outputs a word. // [tokens, Stride]</summary>
    public readonly ArrayView<uint> Packed = packed;

    public readonly int Stride = stride;

    public static bool IsGated => true;

    public void StoreGated(int token, int output, float firstGate, float secondGate, float firstUp, float secondUp, bool both) =>
        Packed[((long)token * Stride) + (output >> 1)] =
            BrainPacking.Pair(TFunction.Apply(firstGate) * firstUp, both ? TFunction.Apply(secondGate) * secondUp : 0f);

    public void StoreOne(int token, int output, float sum, float up) =>
        *((ushort*)Unsafe.AsPointer(ref Packed[(long)token * Stride]) + output) = (ushort)BrainPacking.Pair(TFunction.Apply(sum) * up, 0f);

    public void Store(int token, int output, float first, float second, bool both)
    {
    }
}

/// <summary>output[token, o] = act(gate) · up.</summary>
internal readonly struct GateToRows<TFunction>(RowsView output) : IMatrixEpilogue
    where TFunction : struct, IActivationFunction
{
    public readonly RowsView Output = output;

    public static bool IsGated => true;

    public void StoreGated(int token, int output, float firstGate, float secondGate, float firstUp, float secondUp, bool both) =>
        Pairs.Write(Output, token, output, TFunction.Apply(firstGate) * firstUp, both ? TFunction.Apply(secondGate) * secondUp : 0f, both);

    public void StoreOne(int token, int output, float sum, float up) => Output[token, output] = TFunction.Apply(sum) * up;

    public void Store(int token, int output, float first, float second, bool both)
    {
    }
}

/// <summary>Two neighbouring numbers of a row at once, where they lie at a multiple of 8 bytes.</summary>
internal static unsafe class Pairs
{
    private static bool AreAligned(RowsView rows) => (((long)Unsafe.AsPointer(ref rows.Values[0]) | (4L * rows.Stride)) & 7) == 0;

    public static void Write(RowsView rows, int row, int column, float first, float second, bool both)
    {
        if (both && AreAligned(rows))
        {
            CudaAsm.Emit("st.global.v2.f32 [%0], {%1, %2};", (long)Unsafe.AsPointer(ref rows[row, column]), first, second);
        }
        else
        {
            rows[row, column] = first;
            if (both)
                rows[row, column + 1] = second;
        }
    }

    public static void Read(RowsView rows, int row, int column, out float first, out float second, bool both)
    {
        if (both && AreAligned(rows))
        {
            Output<float> x = default, y = default;
            Input<long> from = (long)Unsafe.AsPointer(ref rows[row, column]);
            CudaAsm.EmitRef("ld.global.v2.f32 {%0, %1}, [%2];", ref x, ref y, ref from);
            (first, second) = (x.Value, y.Value);
        }
        else
        {
            first = rows[row, column];
            second = both ? rows[row, column + 1] : 0f;
        }
    }
}
