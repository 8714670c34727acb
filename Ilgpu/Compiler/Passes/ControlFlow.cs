using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>Keeps the graph of blocks small: decided branches, unreachable blocks, chains and empty blocks go.</summary>
internal static class ControlFlow
{
    /// <summary>True if anything changed.</summary>
    public static bool Clean(KernelFunction function)
    {
        bool any = false, changed;
        do
        {
            changed = FoldBranches(function);
            changed |= RemoveUnreachable(function);
            changed |= MergeChains(function);
            changed |= SkipEmptyBlocks(function);
            any |= changed;
        }
        while (changed);
        return any;
    }

    /// <summary>The blocks that can be reached, in reverse post-order.</summary>
    public static List<BasicBlock> ReversePostOrder(BasicBlock entry)
    {
        List<BasicBlock> order = [];
        HashSet<BasicBlock> visited = [entry];
        Stack<(BasicBlock Block, int Next)> pending = new();
        pending.Push((entry, 0));
        while (pending.TryPop(out (BasicBlock Block, int Next) at))
        {
            BasicBlock[] targets = at.Block.Terminator!.Targets;
            if (at.Next == targets.Length)
            {
                order.Add(at.Block);
                continue;
            }
            pending.Push((at.Block, at.Next + 1));
            // the last target first, so that a branch's first target comes first in the result
            BasicBlock target = targets[^(at.Next + 1)];
            if (visited.Add(target))
            {
                pending.Push((target, 0));
            }
        }
        order.Reverse();
        return order;
    }

    /// <summary>Compares blocks by their place in reverse post-order.</summary>
    public static Comparison<BasicBlock> Order(KernelFunction function)
    {
        Dictionary<BasicBlock, int> places = [];
        foreach (BasicBlock block in ReversePostOrder(function.Blocks[0]))
        {
            places[block] = places.Count;
        }
        return (a, b) => places[a].CompareTo(places[b]);
    }

    /// <summary>Takes one edge out of a block's predecessors and phis.</summary>
    public static void RemoveEdge(BasicBlock from, BasicBlock to) => RemoveEdgeAt(to, to.Predecessors.IndexOf(from));

    private static void RemoveEdgeAt(BasicBlock block, int index)
    {
        block.Predecessors.RemoveAt(index);
        foreach (Phi phi in block.Phis)
        {
            phi.Operands = [.. phi.Operands.Where((_, i) => i != index)];
        }
    }

    private static bool FoldBranches(KernelFunction function)
    {
        bool changed = false;
        foreach (BasicBlock block in function.Blocks)
        {
            BasicBlock[] targets = block.Terminator!.Targets;
            BasicBlock? only = block.Terminator switch
            {
                ConditionalBranch { Operands: [Constant condition] } => targets[condition.Bits != 0 ? 0 : 1],
                Switch { Operands: [Constant value] } => targets[value.Bits >= 0 && value.Bits < targets.Length - 1 ? (int)value.Bits : ^1],
                ConditionalBranch or Switch when targets.All(target => target == targets[0]) && AgreesOnAllEdges(block, targets[0]) => targets[0],
                _ => null,
            };
            if (only is null)
            {
                continue;
            }
            bool kept = false;
            foreach (BasicBlock target in targets)
            {
                if (target == only && !kept)
                {
                    kept = true;
                    continue;
                }
                RemoveEdge(block, target);
            }
            block.Terminator = new Branch(only) { Source = block.Terminator.Source };
            changed = true;
        }
        return changed;
    }

    private static bool AgreesOnAllEdges(BasicBlock from, BasicBlock to)
    {
        int[] edges = [.. Enumerable.Range(0, to.Predecessors.Count).Where(i => to.Predecessors[i] == from)];
        return to.Phis.All(phi => edges.All(edge => Simplifier.Same(phi.Operands[edge], phi.Operands[edges[0]])));
    }

    /// <summary>Leaves the reachable blocks, in reverse post-order; true if others were there.</summary>
    public static bool RemoveUnreachable(KernelFunction function)
    {
        List<BasicBlock> order = ReversePostOrder(function.Blocks[0]);
        bool changed = order.Count != function.Blocks.Count;
        HashSet<BasicBlock> reached = [.. order];
        foreach (BasicBlock block in order)
        {
            for (int i = block.Predecessors.Count - 1; i >= 0; i--)
            {
                if (!reached.Contains(block.Predecessors[i]))
                {
                    RemoveEdgeAt(block, i);
                }
            }
        }
        function.Blocks.Clear();
        function.Blocks.AddRange(order);
        return changed;
    }

    /// <summary>A block whose only predecessor leads nowhere else is that block's end.</summary>
    private static bool MergeChains(KernelFunction function)
    {
        Dictionary<Value, Value> replacements = [];
        HashSet<BasicBlock> merged = [];
        foreach (BasicBlock block in function.Blocks)
        {
            if (merged.Contains(block))
            {
                continue;
            }
            while (block.Terminator is Branch { Targets: [{ } next] } && next.Predecessors.Count == 1 && next != block && next != function.Blocks[0])
            {
                foreach (Value value in next.Values)
                {
                    if (value is Phi phi)
                    {
                        replacements[phi] = phi.Operands[0];
                    }
                    else
                    {
                        block.Values.Add(value);
                    }
                }
                block.Terminator = next.Terminator;
                foreach (BasicBlock target in next.Terminator!.Targets)
                {
                    for (int i = 0; i < target.Predecessors.Count; i++)
                    {
                        if (target.Predecessors[i] == next)
                        {
                            target.Predecessors[i] = block;
                        }
                    }
                }
                merged.Add(next);
            }
        }
        function.Blocks.RemoveAll(merged.Contains);
        function.Replace(replacements);
        return merged.Count > 0;
    }

    /// <summary>
    /// A block that only jumps on is left out, unless the phis behind it then could not tell two ways apart, or a loop would be entered from
    /// several places: other passes ask where a loop comes from.
    /// </summary>
    private static bool SkipEmptyBlocks(KernelFunction function)
    {
        bool changed = false;
        Dictionary<BasicBlock, int> places = function.Blocks.Select((block, i) => (block, i)).ToDictionary(at => at.block, at => at.i);
        foreach (BasicBlock block in function.Blocks.Skip(1))
        {
            if (block.Values.Count > 0 || block.Terminator is not Branch { Targets: [{ } target] } || target == block || block.Predecessors.Count == 0)
            {
                continue;
            }
            if (block.Predecessors.Count > 1 && places[block] < places[target] && target.Predecessors.Any(p => places[p] >= places[target]))
            {
                continue;
            }
            bool hasPhis = target.Phis.Any();
            if (hasPhis && block.Predecessors.Any(p => target.Predecessors.Contains(p) || block.Predecessors.Count(other => other == p) > 1))
            {
                continue;
            }
            int edge = target.Predecessors.IndexOf(block);
            Phi[] phis = [.. target.Phis];
            Value[] values = [.. phis.Select(phi => phi.Operands[edge])];
            RemoveEdgeAt(target, edge);
            foreach (BasicBlock predecessor in block.Predecessors)
            {
                BasicBlock[] targets = predecessor.Terminator!.Targets;
                targets[Array.IndexOf(targets, block)] = target;
                target.Predecessors.Add(predecessor);
                for (int i = 0; i < phis.Length; i++)
                {
                    phis[i].Operands = [.. phis[i].Operands, values[i]];
                }
            }
            block.Predecessors.Clear();
            changed = true;
        }
        return changed;
    }
}
