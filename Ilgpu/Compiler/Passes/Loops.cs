using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>A natural loop: a header that dominates its blocks, and edges back to it.</summary>
internal sealed class Loop(BasicBlock header)
{
    public BasicBlock Header { get; } = header;

    /// <summary>The header too, in reverse post-order.</summary>
    public List<BasicBlock> Blocks { get; } = [];

    /// <summary>Blocks with an edge back to the header.</summary>
    public List<BasicBlock> Latches { get; } = [];

    public bool Contains(BasicBlock block) => _members.Contains(block);

    /// <summary>Edges that leave the loop.</summary>
    public IEnumerable<(BasicBlock From, BasicBlock To)> Exits =>
        from block in Blocks from target in block.Terminator!.Targets where !Contains(target) select (block, target);

    /// <summary>The only block from which the loop is entered, if there is one.</summary>
    public BasicBlock? Entering
    {
        get
        {
            BasicBlock[] outside = [.. Header.Predecessors.Where(block => !Contains(block))];
            return outside.Length == 1 ? outside[0] : null;
        }
    }

    private readonly HashSet<BasicBlock> _members = [];

    /// <summary>Puts a block before the loop that leads nowhere else, unless there is one; true if it was made. Blocks are out of order then.</summary>
    public bool MakePreheader(KernelFunction function)
    {
        if (Entering is { Terminator: Branch })
        {
            return false;
        }
        BasicBlock preheader = new();
        int[] outside = [.. Enumerable.Range(0, Header.Predecessors.Count).Where(i => !Contains(Header.Predecessors[i]))];
        int[] inside = [.. Enumerable.Range(0, Header.Predecessors.Count).Where(i => Contains(Header.Predecessors[i]))];
        foreach (Phi phi in Header.Phis)
        {
            Value before = phi.Operands[outside[0]];
            if (outside.Length > 1)
            {
                before = new Phi(phi.Type, [.. outside.Select(i => phi.Operands[i])]) { Source = phi.Source };
                preheader.Values.Add(before);
            }
            phi.Operands = [before, .. inside.Select(i => phi.Operands[i])];
        }
        BasicBlock[] entering = [.. outside.Select(i => Header.Predecessors[i])], latches = [.. inside.Select(i => Header.Predecessors[i])];
        foreach (BasicBlock predecessor in entering)
        {
            BasicBlock[] targets = predecessor.Terminator!.Targets;
            targets[Array.IndexOf(targets, Header)] = preheader;
        }
        preheader.Predecessors.AddRange(entering);
        preheader.Terminator = new Branch(Header) { Source = Header.Terminator!.Source };
        Header.Predecessors.Clear();
        Header.Predecessors.AddRange([preheader, .. latches]);
        function.Blocks.Add(preheader);
        return true;
    }

    /// <summary>The kernel's loops, inner ones before those around them. Blocks must be in reverse post-order.</summary>
    public static List<Loop> Find(KernelFunction function, Dominators dominators)
    {
        List<Loop> loops = [];
        foreach (BasicBlock header in function.Blocks)
        {
            List<BasicBlock> latches = [.. header.Predecessors.Where(block => dominators.Dominates(header, block)).Distinct()];
            if (latches.Count == 0)
            {
                continue;
            }
            Loop loop = new(header);
            loop.Latches.AddRange(latches);
            loop._members.Add(header);
            Stack<BasicBlock> pending = new(latches);
            while (pending.TryPop(out BasicBlock? block))
            {
                if (loop._members.Add(block))
                {
                    foreach (BasicBlock predecessor in block.Predecessors)
                    {
                        pending.Push(predecessor);
                    }
                }
            }
            loop.Blocks.AddRange(function.Blocks.Where(loop._members.Contains));
            loops.Add(loop);
        }
        // an inner loop has fewer blocks than the one around it
        loops.Sort((a, b) => a.Blocks.Count.CompareTo(b.Blocks.Count));
        return loops;
    }
}
