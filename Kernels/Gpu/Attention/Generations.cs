using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu.Attention;

/// <summary>What only some generations of NVIDIA GPUs can do.</summary>
internal interface IGeneration
{
    /// <summary>The next kernel may begin while this one runs; it waits itself before it reads what this one writes.</summary>
    static abstract void LetNextBegin();

    /// <summary>Returns when everything launched before is done; only then may its results be read, or anything be written.</summary>
    static abstract void WaitForEarlier();
}

/// <summary>Compute capability 8.0 and later: a launch follows the end of the one before it.</summary>
internal readonly struct Ampere : IGeneration
{
    public static void LetNextBegin()
    {
    }

    public static void WaitForEarlier()
    {
    }
}

/// <summary>Compute capability 9.0 and later: programmatic dependent launch.</summary>
internal readonly struct Hopper : IGeneration
{
    public static void LetNextBegin() => CudaAsm.Emit("griddepcontrol.launch_dependents;");

    public static void WaitForEarlier() => CudaAsm.Emit("griddepcontrol.wait;");
}
