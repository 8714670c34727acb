using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>Which blocks every path to a block goes through (Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm").</summary>
internal sealed class Dominators
{
    private readonly Dictionary<BasicBlock, int> _order = [];
    private readonly int[] _immediate;
    private readonly List<BasicBlock> _blocks;

    /// <summary>For blocks in reverse post-order.</summary>
    public Dominators(KernelFunction function)
    {
        _blocks = function.Blocks;
        for (int i = 0; i < _blocks.Count; i++)
        {
            _order[_blocks[i]] = i;
        }
        _immediate = new int[_blocks.Count];
        Array.Fill(_immediate, -1);
        _immediate[0] = 0;
        bool changed = true;
        while (changed)
        {
            changed = false;
            for (int i = 1; i < _blocks.Count; i++)
            {
                int dominator = -1;
                foreach (BasicBlock predecessor in _blocks[i].Predecessors)
                {
                    int from = _order[predecessor];
                    if (_immediate[from] >= 0)
                    {
                        dominator = dominator < 0 ? from : Meet(dominator, from);
                    }
                }
                changed |= _immediate[i] != dominator;
                _immediate[i] = dominator;
            }
        }
    }

    /// <summary>Null for the entry.</summary>
    public BasicBlock? Immediate(BasicBlock block) => _order[block] == 0 ? null : _blocks[_immediate[_order[block]]];

    /// <summary>A block dominates itself.</summary>
    public bool Dominates(BasicBlock above, BasicBlock below)
    {
        int target = _order[above], at = _order[below];
        while (at > target)
        {
            at = _immediate[at];
        }
        return at == target;
    }

    private int Meet(int a, int b)
    {
        while (a != b)
        {
            if (a > b)
            {
                a = _immediate[a];
            }
            else
            {
                b = _immediate[b];
            }
        }
        return a;
    }
}
