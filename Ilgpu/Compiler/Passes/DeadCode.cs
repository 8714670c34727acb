using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>Removes what no effect and no branch depends on; memory that is only written goes with its stores.</summary>
internal static class DeadCode
{
    /// <summary>True if anything was removed.</summary>
    public static bool Run(KernelFunction function)
    {
        HashSet<Value> live = [];
        Stack<Value> pending = new();
        foreach (Value value in function.AllValues)
        {
            if (value.HasEffect && live.Add(value))
            {
                pending.Push(value);
            }
        }
        while (pending.TryPop(out Value? value))
        {
            foreach (Value operand in value.Operands)
            {
                if (live.Add(operand))
                {
                    pending.Push(operand);
                }
            }
        }
        int removed = 0;
        foreach (BasicBlock block in function.Blocks)
        {
            removed += block.Values.RemoveAll(value => !live.Contains(value));
        }
        removed += function.Allocations.RemoveAll(allocation => !live.Contains(allocation));
        return removed > 0;
    }
}
