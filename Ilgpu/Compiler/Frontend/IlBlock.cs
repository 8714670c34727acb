namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>Instructions of a method that run one after the other, and the blocks that may follow.</summary>
internal sealed class IlBlock(int offset)
{
    public int Offset { get; } = offset;

    public List<IlInstruction> Instructions { get; } = [];

    /// <summary>In the order of the terminator's targets; falling through last.</summary>
    public List<IlBlock> Successors { get; } = [];

    public List<IlBlock> Predecessors { get; } = [];

    /// <summary>The method's blocks in reverse post-order: each comes after at least one block that leads to it.</summary>
    public static List<IlBlock> Build(List<IlInstruction> instructions)
    {
        HashSet<int> leaders = [0];
        foreach (IlInstruction instruction in instructions)
        {
            foreach (int target in instruction.Targets)
            {
                leaders.Add(target);
            }
            if (instruction.EndsFlow || instruction.Targets.Length > 0 || instruction.Name == "switch")
            {
                leaders.Add(instruction.Next);
            }
        }
        Dictionary<int, IlBlock> blocks = [];
        IlBlock? current = null;
        foreach (IlInstruction instruction in instructions)
        {
            if (leaders.Contains(instruction.Offset))
            {
                current = blocks[instruction.Offset] = new IlBlock(instruction.Offset);
            }
            current!.Instructions.Add(instruction);
        }
        foreach (IlBlock block in blocks.Values)
        {
            IlInstruction last = block.Instructions[^1];
            foreach (int target in last.Targets)
            {
                block.Successors.Add(blocks[target]);
            }
            if (!last.EndsFlow && blocks.TryGetValue(last.Next, out IlBlock? next))
            {
                block.Successors.Add(next);
            }
        }
        List<IlBlock> order = [];
        Visit(blocks[0], [], order);
        order.Reverse();
        foreach (IlBlock block in order)
        {
            foreach (IlBlock successor in block.Successors)
            {
                successor.Predecessors.Add(block);
            }
        }
        return order;
    }

    private static void Visit(IlBlock root, HashSet<IlBlock> visited, List<IlBlock> order)
    {
        // an explicit stack: a switch-heavy method would nest deeply
        Stack<(IlBlock Block, int Next)> pending = new();
        visited.Add(root);
        pending.Push((root, 0));
        while (pending.TryPop(out (IlBlock Block, int Next) at))
        {
            if (at.Next == at.Block.Successors.Count)
            {
                order.Add(at.Block);
                continue;
            }
            pending.Push((at.Block, at.Next + 1));
            IlBlock successor = at.Block.Successors[at.Next];
            if (visited.Add(successor))
            {
                pending.Push((successor, 0));
            }
        }
    }
}
