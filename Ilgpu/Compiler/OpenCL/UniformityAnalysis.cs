using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.OpenCL;

/// <summary>
/// Which blocks all threads of a group reach together. A branch on a value that may differ between threads makes everything up to the
/// place where its ways meet again (its nearest post-dominator) divergent, and so the values computed there. Errs on the side of divergent.
/// </summary>
internal sealed class UniformityAnalysis
{
    private readonly HashSet<Value> divergentValues = [];
    private readonly HashSet<BasicBlock> divergentBlocks = [];

    public UniformityAnalysis(KernelFunction kernel)
    {
        Dictionary<BasicBlock, BasicBlock?> meeting = NearestPostDominators(kernel.Blocks);
        HashSet<BasicBlock> spread = [];
        int before;
        do
        {
            before = divergentValues.Count + spread.Count;
            foreach (BasicBlock block in kernel.Blocks)
            {
                foreach (Value value in block.Values)
                {
                    if (IsDivergent(value, block))
                    {
                        divergentValues.Add(value);
                    }
                }
                if (block.Terminator is { Targets.Length: > 1 } branch && divergentValues.Contains(branch.Operands[0]) && spread.Add(block))
                {
                    Spread(block, meeting[block]);
                }
            }
        } while (divergentValues.Count + spread.Count != before);
    }

    public bool IsUniform(BasicBlock block) => !divergentBlocks.Contains(block);

    private bool IsDivergent(Value value, BasicBlock block) => divergentBlocks.Contains(block)
        || value.Operands.Any(divergentValues.Contains)
        || value switch
        {
            SpecialRegister register => register.Kind is SpecialRegisterKind.ThreadX or SpecialRegisterKind.ThreadY
                or SpecialRegisterKind.ThreadZ or SpecialRegisterKind.Lane,
            Load load => load.Operands[0].Type.Space is AddressSpace.Local or AddressSpace.Generic,
            Atomic or Shuffle or InlineAssembly => true,
            _ => false,
        };

    private void Spread(BasicBlock from, BasicBlock? meeting)
    {
        Stack<BasicBlock> open = new(from.Terminator!.Targets);
        HashSet<BasicBlock> seen = [];
        while (open.TryPop(out BasicBlock? block))
        {
            if (block == meeting || !seen.Add(block))
            {
                continue;
            }
            divergentBlocks.Add(block);
            foreach (BasicBlock next in block.Terminator!.Targets)
            {
                open.Push(next);
            }
        }
        foreach (Phi phi in meeting?.Phis ?? [])
        {
            divergentValues.Add(phi);
        }
    }

    /// <summary>For each block the nearest one through which every way to the end leads; null if that is the end itself.</summary>
    private static Dictionary<BasicBlock, BasicBlock?> NearestPostDominators(List<BasicBlock> blocks)
    {
        // Sets of post-dominators, shrunk until they hold. Kernels have few blocks.
        Dictionary<BasicBlock, HashSet<BasicBlock>> sets = blocks.ToDictionary(block => block,
            block => block.Terminator!.Targets.Length == 0 ? new HashSet<BasicBlock> { block } : [.. blocks]);
        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int i = blocks.Count - 1; i >= 0; i--)
            {
                BasicBlock block = blocks[i];
                if (block.Terminator!.Targets.Length == 0)
                {
                    continue;
                }
                int before = sets[block].Count;
                HashSet<BasicBlock> common = [.. sets[block.Terminator.Targets[0]]];
                foreach (BasicBlock target in block.Terminator.Targets.Skip(1))
                {
                    common.IntersectWith(sets[target]);
                }
                common.Add(block);
                sets[block] = common;
                changed |= common.Count != before;
            }
        }
        // The nearest is the one that all the others post-dominate: it has the largest set.
        return blocks.ToDictionary(block => block, block => sets[block].Where(other => other != block).MaxBy(other => sets[other].Count));
    }
}
