using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>
/// Memory whose length must be constant but is only found to be so after folding (an extent that came through structs). Each stands
/// for one allocation, however often control passes it.
/// </summary>
internal sealed class DeferredAllocation(AddressSpace space, Value length, int elementSize, int alignment, string what)
    : Value(ScalarType.PointerTo(space), length)
{
    public int ElementSize { get; } = elementSize;

    public int Alignment { get; } = alignment;

    /// <summary>The method called, for the refusal.</summary>
    public string What { get; } = what;

    public override bool IsPure => false;

    public override string Describe() => $"allocate {ElementSize} bytes each of length";

    /// <summary>Makes allocations of all whose length is known by now; those that are left over are faults of the kernel.</summary>
    public static void Resolve(KernelFunction function, bool last)
    {
        Dictionary<Value, Value> replacements = [];
        foreach (BasicBlock block in function.Blocks)
        {
            foreach (DeferredAllocation deferred in block.Values.OfType<DeferredAllocation>())
            {
                if (deferred.Operands[0] is Constant { Bits: > 0 and < int.MaxValue } length)
                {
                    Allocation allocation = new(deferred.Type.Space, length.Bits * deferred.ElementSize, deferred.Alignment);
                    function.Allocations.Add(allocation);
                    replacements[deferred] = allocation;
                }
                else if (last)
                {
                    throw new KernelCompilationException(
                        function.Name, $"{deferred.What} needs a length that is a positive constant; take SharedMemory.GetDynamic for one that the launch gives", deferred.Source);
                }
            }
            block.Values.RemoveAll(replacements.ContainsKey);
        }
        function.Replace(replacements);
    }
}
