using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>What the program says of a pointer's alignment is the pointer itself, once accesses have been joined.</summary>
internal static class AlignedPointers
{
    /// <summary>True if there were any.</summary>
    public static bool Drop(KernelFunction function)
    {
        Dictionary<Value, Value> replacements = [];
        foreach (BasicBlock block in function.Blocks)
        {
            foreach (AlignedPointer pointer in block.Values.OfType<AlignedPointer>())
            {
                replacements[pointer] = pointer.Operands[0];
            }
            block.Values.RemoveAll(value => value is AlignedPointer);
        }
        function.Replace(replacements);
        return replacements.Count > 0;
    }
}
