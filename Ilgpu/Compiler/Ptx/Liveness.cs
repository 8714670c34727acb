using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>Whether a value is needed after a place in the kernel: if not, its register may be written there.</summary>
internal sealed class Liveness
{
    private readonly Dictionary<Value, (BasicBlock Block, int Index)> _places = [];

    /// <summary>Where each value is read. Phis read at the end of the block that the edge comes from.</summary>
    private readonly Dictionary<Value, List<(Value User, BasicBlock Block, int Index)>> _uses = [];

    public Liveness(KernelFunction kernel, HashSet<Value> live)
    {
        foreach (BasicBlock block in kernel.Blocks)
        {
            for (int i = 0; i < block.Values.Count; i++)
            {
                Value value = block.Values[i];
                _places[value] = (block, i);
                if (live.Contains(value))
                {
                    AddUses(value, block, i);
                }
            }
            AddUses(block.Terminator!, block, block.Values.Count);
        }
    }

    /// <summary>
    /// Whether the user, which reads it once, is the last to read the value on every way, and the value has its register alone.
    /// </summary>
    public bool EndsAt(Value value, Value user)
    {
        List<(Value User, BasicBlock Block, int Index)> reads = [];
        AddReads(value, reads);
        return IsAlone(value) && reads.Count(read => read.User == user) == 1
            && reads.TrueForAll(read => read.User == user || !IsReachedFrom(user, value, read.Block, read.Index));
    }

    /// <summary>Reads of the value, and of those that may be other names of its register.</summary>
    private void AddReads(Value value, List<(Value User, BasicBlock Block, int Index)> reads)
    {
        foreach ((Value User, BasicBlock Block, int Index) use in _uses.GetValueOrDefault(value, []))
        {
            reads.Add(use);
            if (use.User is Reinterpret or CastSpace or IR.Convert or PointerOffset)
            {
                AddReads(use.User, reads);
            }
        }
    }

    private bool IsAlone(Value value) => value switch
    {
        Phi or InlineAssembly => true,
        Result { Operands: [InlineAssembly assembly] } result => _uses[assembly].Count(use => use.User is Result other && other.Index == result.Index) == 1,
        _ => false,
    };

    /// <summary>Whether a way leads from the place to the read without another definition of the value.</summary>
    private bool IsReachedFrom(Value from, Value value, BasicBlock block, int index)
    {
        (BasicBlock start, int after) = _places[from];
        BasicBlock definedIn = _places[value].Block;
        if (block == start && index > after)
        {
            return true;
        }
        if (block == definedIn)
        {
            return false;
        }
        HashSet<BasicBlock> seen = [block];
        Stack<BasicBlock> pending = new([block]);
        while (pending.TryPop(out BasicBlock? at))
        {
            foreach (BasicBlock predecessor in at.Predecessors)
            {
                if (predecessor == start)
                {
                    return true;
                }
                if (predecessor != definedIn && seen.Add(predecessor))
                {
                    pending.Push(predecessor);
                }
            }
        }
        return false;
    }

    private void AddUses(Value user, BasicBlock block, int index)
    {
        for (int i = 0; i < user.Operands.Length; i++)
        {
            List<(Value, BasicBlock, int)> uses = _uses.TryGetValue(user.Operands[i], out List<(Value, BasicBlock, int)>? known) ? known : _uses[user.Operands[i]] = [];
            if (user is Phi)
            {
                BasicBlock from = block.Predecessors[i];
                uses.Add((user, from, from.Values.Count + 1));
            }
            else
            {
                uses.Add((user, block, index));
            }
        }
    }
}
