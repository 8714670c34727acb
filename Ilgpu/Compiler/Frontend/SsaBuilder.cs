using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>A scalar that is written more than once: a local, an argument, a place in local memory.</summary>
internal sealed class Variable(ScalarType type)
{
    public ScalarType Type { get; } = type;

    /// <summary>Its value at the end of each block that writes or has read it.</summary>
    public Dictionary<BasicBlock, Value> Definitions { get; } = [];
}

/// <summary>
/// Makes variables SSA values while the control flow is still being built (Braun et al., "Simple and Efficient Construction of
/// Static Single Assignment Form", 2013). A block is sealed when all its predecessors are known.
/// </summary>
internal sealed class SsaBuilder
{
    private readonly HashSet<BasicBlock> _sealed = [];
    private readonly Dictionary<BasicBlock, List<(Variable Variable, Phi Phi)>> _incomplete = [];
    private readonly Dictionary<Value, Value> _replaced = [];

    /// <summary>Phis that turned out to have one value; the kernel's uses must be replaced at the end.</summary>
    public Dictionary<Value, Value> Replacements => _replaced;

    public void Write(Variable variable, BasicBlock block, Value value) => variable.Definitions[block] = value;

    /// <summary>The variable's value at the end of the block as built so far; zero where nothing was ever written.</summary>
    public Value Read(Variable variable, BasicBlock block)
    {
        // walk up chains of single predecessors without recursion
        List<BasicBlock> passed = [];
        Value value;
        while (true)
        {
            if (variable.Definitions.TryGetValue(block, out Value? known))
            {
                value = Resolve(known);
                break;
            }
            if (!_sealed.Contains(block))
            {
                Phi phi = AddPhi(variable, block);
                if (!_incomplete.TryGetValue(block, out List<(Variable, Phi)>? waiting))
                {
                    _incomplete[block] = waiting = [];
                }
                waiting.Add((variable, phi));
                value = phi;
                break;
            }
            if (block.Predecessors.Count == 0)
            {
                value = new Constant(variable.Type, 0);
                break;
            }
            if (block.Predecessors.Count > 1)
            {
                Phi phi = AddPhi(variable, block);
                Write(variable, block, phi); // ends cycles
                value = Complete(variable, phi, block);
                break;
            }
            passed.Add(block);
            block = block.Predecessors[0];
        }
        Write(variable, block, value);
        foreach (BasicBlock below in passed)
        {
            Write(variable, below, value);
        }
        return value;
    }

    public void Seal(BasicBlock block)
    {
        if (!_sealed.Add(block))
        {
            return;
        }
        if (_incomplete.Remove(block, out List<(Variable Variable, Phi Phi)>? waiting))
        {
            foreach ((Variable variable, Phi phi) in waiting)
            {
                Value value = Complete(variable, phi, block);
                if (variable.Definitions.TryGetValue(block, out Value? defined) && defined == phi)
                {
                    Write(variable, block, value);
                }
            }
        }
    }

    public bool IsSealed(BasicBlock block) => _sealed.Contains(block);

    public Value Resolve(Value value)
    {
        while (_replaced.TryGetValue(value, out Value? replacement))
        {
            value = replacement;
        }
        return value;
    }

    private static Phi AddPhi(Variable variable, BasicBlock block)
    {
        Phi phi = new(variable.Type);
        block.Values.Insert(0, phi);
        return phi;
    }

    private Value Complete(Variable variable, Phi phi, BasicBlock block)
    {
        Value[] operands = new Value[block.Predecessors.Count];
        for (int i = 0; i < operands.Length; i++)
        {
            operands[i] = Read(variable, block.Predecessors[i]);
        }
        phi.Operands = operands;
        Value? same = null;
        foreach (Value operand in operands)
        {
            Value resolved = Resolve(operand);
            if (resolved == same || resolved == phi)
            {
                continue;
            }
            if (same is not null && !(same is Constant a && resolved is Constant b && a.Bits == b.Bits && a.Type == b.Type))
            {
                return phi;
            }
            same ??= resolved;
        }
        block.Values.Remove(phi);
        same ??= new Constant(variable.Type, 0); // only reached from itself
        _replaced[phi] = same;
        return same;
    }
}
