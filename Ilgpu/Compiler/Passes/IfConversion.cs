using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>
/// Turns a branch around one or two small blocks without effects into selections: `x > 0 ? x : 0`, `a &amp;&amp; b`. Loads are not
/// moved: the condition may guard them.
/// </summary>
internal static class IfConversion
{
    /// <summary>Values of both sides together.</summary>
    private const int MostValues = 6;

    /// <summary>True if any branch was converted; the kernel is then to be cleaned.</summary>
    public static bool Run(KernelFunction function)
    {
        bool changed = false;
        foreach (BasicBlock block in function.Blocks)
        {
            if (block.Terminator is ConditionalBranch branch && branch.Targets[0] != branch.Targets[1])
            {
                changed |= Convert(block, branch, branch.Targets[0], branch.Targets[1]);
            }
        }
        if (changed)
        {
            ControlFlow.RemoveUnreachable(function);
        }
        return changed;
    }

    private static bool Convert(BasicBlock block, ConditionalBranch branch, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        BasicBlock? join = After(block, whenTrue) ?? After(block, whenFalse);
        if (join is null || join == block)
        {
            return false;
        }
        BasicBlock? trueSide = whenTrue == join ? null : whenTrue, falseSide = whenFalse == join ? null : whenFalse;
        if ((trueSide is not null && After(block, trueSide) != join) || (falseSide is not null && After(block, falseSide) != join)
            || (trueSide?.Values.Count ?? 0) + (falseSide?.Values.Count ?? 0) > MostValues)
        {
            return false;
        }
        int trueEdge = join.Predecessors.IndexOf(trueSide ?? block), falseEdge = join.Predecessors.IndexOf(falseSide ?? block);
        if (join.Phis.Any(phi => phi.Type.IsPointer && phi.Operands[trueEdge] != phi.Operands[falseEdge]))
        {
            return false; // selecting pointers would hide what they point to
        }
        block.Values.AddRange(trueSide?.Values ?? []);
        block.Values.AddRange(falseSide?.Values ?? []);
        foreach (Phi phi in join.Phis.ToArray())
        {
            (Value a, Value b) = (phi.Operands[trueEdge], phi.Operands[falseEdge]);
            Value chosen = a;
            if (!Simplifier.Same(a, b))
            {
                chosen = new Select(branch.Operands[0], a, b) { Source = branch.Source };
                block.Values.Add(chosen);
            }
            phi.Operands = [.. phi.Operands.Where((_, i) => i != trueEdge && i != falseEdge), chosen];
        }
        join.Predecessors.Remove(trueSide ?? block);
        join.Predecessors.Remove(falseSide ?? block);
        join.Predecessors.Add(block);
        trueSide?.Values.Clear();
        falseSide?.Values.Clear();
        Detach(trueSide);
        Detach(falseSide);
        block.Terminator = new Branch(join) { Source = branch.Source };
        return true;
    }

    /// <summary>A side that nothing leads to any more.</summary>
    private static void Detach(BasicBlock? side)
    {
        if (side is not null)
        {
            side.Predecessors.Clear();
            side.Terminator = new Return();
        }
    }

    /// <summary>Where a side leads, if it is entered only from the branch and could as well run before it.</summary>
    private static BasicBlock? After(BasicBlock from, BasicBlock side) =>
        side.Predecessors.Count == 1 && side.Predecessors[0] == from && side.Terminator is Branch { Targets: [{ } next] }
        && side.Values.All(value => value is not Phi && LoopInvariants.IsCheap(value))
            ? next
            : null;
}
