using System.Reflection;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>What language a kernel is compiled to.</summary>
internal enum CompileBackend
{
    Ptx,
    OpenCL,
}

/// <summary>What the front end may take for granted of the device.</summary>
/// <param name="Backend">Decides what is constant (Accelerator type) and what is refused (inline assembly).</param>
/// <param name="WarpSize">Threads of a warp, where it is known; else 0 and it stays a register.</param>
/// <param name="GroupSize">Threads of a group where the launch fixes it, else 0.</param>
/// <param name="MinGroupsPerMultiprocessor">See <see cref="IR.KernelFunction.MinGroupsPerMultiprocessor"/>.</param>
/// <param name="ComputeCapability">Of a CUDA device, e.g. 90 for sm_90; else 0.</param>
internal sealed record CompileTarget(
    CompileBackend Backend, int WarpSize = 0, int GroupSize = 0, int MinGroupsPerMultiprocessor = 0, int ComputeCapability = 0);

/// <summary>A kernel to compile.</summary>
/// <param name="Method">A static method that returns nothing; generic ones with their type arguments.</param>
/// <param name="ImplicitlyGrouped">
/// The first parameter is an index (Index1D/2D/3D, LongIndex1D/2D/3D) and the compiler computes it and checks it against the extent.
/// </param>
/// <param name="SpecialisedValues">
/// For each parameter of the method the value it always has, or null. Such a parameter takes no place among the kernel's parameters.
/// </param>
/// <param name="Target">The device.</param>
internal sealed record KernelRequest(MethodInfo Method, bool ImplicitlyGrouped, object?[] SpecialisedValues, CompileTarget Target);
