namespace ILGPU.Runtime.Cuda;

/// <summary>A register that the assembly reads.</summary>
/// <typeparam name="T">A number of 16, 32 or 64 bits, or a struct of such.</typeparam>
public struct Input<T>
    where T : struct
{
    /// <summary>What it holds before.</summary>
    public T Value;

    /// <summary>A register with a value.</summary>
    public static implicit operator Input<T>(T value) => new() { Value = value };
}

/// <summary>A register that the assembly writes.</summary>
/// <typeparam name="T">A number of 16, 32 or 64 bits, or a struct of such.</typeparam>
public struct Output<T>
    where T : struct
{
    /// <summary>What it holds after.</summary>
    public T Value;
}

/// <summary>A register that the assembly reads and writes.</summary>
/// <typeparam name="T">A number of 16, 32 or 64 bits, or a struct of such.</typeparam>
public struct Ref<T>
    where T : struct
{
    /// <summary>What it holds before, and after.</summary>
    public T Value;

    /// <summary>A register with a value.</summary>
    public static implicit operator Ref<T>(T value) => new() { Value = value };
}

/// <summary>
/// PTX in the middle of a kernel. %0, %1, … stand for the arguments in order, %% for a percent sign; pointers to shared memory are given as
/// 32-bit addresses. An argument by reference may be a struct or inline array of numbers: it stands for the list of its registers, in braces. Ask <see cref="IsSupported"/> first where a kernel runs on other devices too: only the branch taken is compiled.
/// </summary>
public static partial class CudaAsm
{
    /// <summary>Whether the kernel is compiled for an NVIDIA GPU; false outside of kernels.</summary>
    public static bool IsSupported => false;

    /// <summary>Inserts an instruction without operands.</summary>
    public static void Emit(string asm) => throw OutsideKernel();

    /// <summary>Inserts an instruction with one operand that is read.</summary>
    public static void Emit<T0>(string asm, T0 arg0)
        where T0 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with one operand that is written.</summary>
    public static void Emit<T0>(string asm, out T0 arg0)
        where T0 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 2 operands, that are read.</summary>
    public static void Emit<T0, T1>(string asm, T0 arg0, T1 arg1)
        where T0 : struct where T1 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 2 operands, the first of which is written.</summary>
    public static void Emit<T0, T1>(string asm, out T0 arg0, T1 arg1)
        where T0 : struct where T1 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 3 operands, that are read.</summary>
    public static void Emit<T0, T1, T2>(string asm, T0 arg0, T1 arg1, T2 arg2)
        where T0 : struct where T1 : struct where T2 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 3 operands, the first of which is written.</summary>
    public static void Emit<T0, T1, T2>(string asm, out T0 arg0, T1 arg1, T2 arg2)
        where T0 : struct where T1 : struct where T2 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 4 operands, that are read.</summary>
    public static void Emit<T0, T1, T2, T3>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 4 operands, the first of which is written.</summary>
    public static void Emit<T0, T1, T2, T3>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 5 operands, that are read.</summary>
    public static void Emit<T0, T1, T2, T3, T4>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct where T4 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 5 operands, the first of which is written.</summary>
    public static void Emit<T0, T1, T2, T3, T4>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct where T4 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 6 operands, that are read.</summary>
    public static void Emit<T0, T1, T2, T3, T4, T5>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 6 operands, the first of which is written.</summary>
    public static void Emit<T0, T1, T2, T3, T4, T5>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 7 operands, that are read.</summary>
    public static void Emit<T0, T1, T2, T3, T4, T5, T6>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 7 operands, the first of which is written.</summary>
    public static void Emit<T0, T1, T2, T3, T4, T5, T6>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 8 operands, that are read.</summary>
    public static void Emit<T0, T1, T2, T3, T4, T5, T6, T7>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6,
        T7 arg7)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct
        where T4 : struct where T5 : struct where T6 : struct where T7 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 8 operands, the first of which is written.</summary>
    public static void Emit<T0, T1, T2, T3, T4, T5, T6, T7>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5,
        T6 arg6, T7 arg7)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct
        where T4 : struct where T5 : struct where T6 : struct where T7 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 9 operands, that are read.</summary>
    public static void Emit<T0, T1, T2, T3, T4, T5, T6, T7, T8>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5,
        T6 arg6, T7 arg7, T8 arg8)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct where T4 : struct
        where T5 : struct where T6 : struct where T7 : struct where T8 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 9 operands, the first of which is written.</summary>
    public static void Emit<T0, T1, T2, T3, T4, T5, T6, T7, T8>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5,
        T6 arg6, T7 arg7, T8 arg8)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct where T4 : struct
        where T5 : struct where T6 : struct where T7 : struct where T8 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 10 operands, that are read.</summary>
    public static void Emit<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5,
        T6 arg6, T7 arg7, T8 arg8, T9 arg9)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct where T4 : struct
        where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct =>
        throw OutsideKernel();

    /// <summary>Inserts an instruction with 10 operands, the first of which is written.</summary>
    public static void Emit<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5,
        T6 arg6, T7 arg7, T8 arg8, T9 arg9)
        where T0 : struct where T1 : struct where T2 : struct where T3 : struct where T4 : struct
        where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct =>
        throw OutsideKernel();

    private static InvalidKernelOperationException OutsideKernel() =>
        new("CudaAsm stands for PTX instructions: it can be used in kernels for NVIDIA GPUs only. Ask CudaAsm.IsSupported first.");
}
