using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>Whether a kernel may begin while the one before it ends.</summary>
internal interface IOverlap
{
    /// <summary>The next kernel may begin; it waits itself before it reads what this one writes.</summary>
    static abstract void LetNextBegin();

    /// <summary>Returns when everything launched before is done; only then may its results be read, or anything be written.</summary>
    static abstract void WaitForEarlier();
}

/// <summary>A launch follows the end of the one before it.</summary>
internal readonly struct InTurn : IOverlap
{
    public static void LetNextBegin()
    {
    }

    public static void WaitForEarlier()
    {
    }
}

/// <summary>Programmatic dependent launch, from compute capability 9.0 on.</summary>
internal readonly struct Overlapping : IOverlap
{
    public static void LetNextBegin() => CudaAsm.Emit("griddepcontrol.launch_dependents;");

    public static void WaitForEarlier() => CudaAsm.Emit("griddepcontrol.wait;");
}
