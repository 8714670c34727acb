using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>
/// Stands where the method does something that no device can. It ends a block like a return; if it can still be reached when the
/// passes have folded what they can, the kernel is refused with its reason. So code under a false constant may contain anything.
/// </summary>
internal sealed class Refusal(string reason) : Terminator([])
{
    public string Reason { get; } = reason;

    public override string Describe() => $"refused: {Reason}";
}

/// <summary>Thrown inside the front end to end the current block with a <see cref="Refusal"/>; never leaves it.</summary>
internal sealed class RefusedException(string reason) : Exception(reason);
