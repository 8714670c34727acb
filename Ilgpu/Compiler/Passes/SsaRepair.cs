using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>Where copying blocks has given a value several definitions, each use gets the one that reaches it, or a phi of them.</summary>
internal static class SsaRepair
{
    /// <summary>
    /// Rewrites the uses of the keys in all blocks for which `defines` is false; each variable already lists its value at the end of the
    /// blocks that define it.
    /// </summary>
    public static void Rewrite(KernelFunction function, Dictionary<Value, Variable> variables, Func<BasicBlock, bool> defines)
    {
        if (variables.Count == 0)
        {
            return;
        }
        SsaBuilder ssa = new();
        foreach (BasicBlock block in function.Blocks)
        {
            ssa.Seal(block);
        }
        foreach (BasicBlock block in function.Blocks)
        {
            bool isOutside = !defines(block);
            foreach (Value value in block.Values.Append(block.Terminator!).ToArray())
            {
                for (int i = 0; i < value.Operands.Length; i++)
                {
                    if (!variables.TryGetValue(value.Operands[i], out Variable? variable))
                    {
                        continue;
                    }
                    if (value is Phi)
                    {
                        if (isOutside && !defines(block.Predecessors[i]))
                        {
                            value.Operands[i] = ssa.Read(variable, block.Predecessors[i]);
                        }
                    }
                    else if (isOutside)
                    {
                        value.Operands[i] = ssa.Read(variable, block);
                    }
                }
            }
        }
        function.Replace(ssa.Replacements);
    }
}
