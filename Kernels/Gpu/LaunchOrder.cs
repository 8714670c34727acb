using ILGPU.Runtime.Cuda;

namespace Managed.Kernels.Gpu;

/// <summary>How a launch follows the one before it in its stream.</summary>
internal interface ILaunchOrder
{
    /// <summary>From here on the next launch may begin, where there is room for it.</summary>
    static abstract void LetNextBegin();

    /// <summary>Before this nothing is read that the launch before may write, and nothing is written.</summary>
    static abstract void AwaitPrevious();
}

/// <summary>It begins when the one before it has ended.</summary>
internal readonly struct OneAfterTheOther : ILaunchOrder
{
    public static void LetNextBegin()
    {
    }

    public static void AwaitPrevious()
    {
    }
}

/// <summary>It begins over the end of the one before, and fetches weights meanwhile; from compute capability 9.0 on.</summary>
internal readonly struct Overlapping : ILaunchOrder
{
    public static void LetNextBegin() => CudaAsm.Emit("griddepcontrol.launch_dependents;");

    public static void AwaitPrevious() => CudaAsm.Emit("griddepcontrol.wait;");
}
