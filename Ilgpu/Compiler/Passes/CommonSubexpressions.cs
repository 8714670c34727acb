using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>A pure operation that a dominating block has already done on the same operands is not done again.</summary>
internal static class CommonSubexpressions
{
    /// <summary>True if anything was merged.</summary>
    public static bool Run(KernelFunction function)
    {
        Dominators dominators = new(function);
        Dictionary<BasicBlock, List<BasicBlock>> children = [];
        foreach (BasicBlock block in function.Blocks)
        {
            if (dominators.Immediate(block) is { } parent)
            {
                (children.TryGetValue(parent, out List<BasicBlock>? list) ? list : children[parent] = []).Add(block);
            }
        }
        Dictionary<Value, Value> replacements = [];
        Dictionary<Key, Value> known = [];
        Visit(function.Blocks[0], children, known, replacements);
        function.Replace(replacements);
        return replacements.Count > 0;
    }

    private static void Visit(BasicBlock root, Dictionary<BasicBlock, List<BasicBlock>> children, Dictionary<Key, Value> known, Dictionary<Value, Value> replacements)
    {
        Stack<(BasicBlock Block, List<Key>? Scope, int NextChild)> pending = new();
        pending.Push((root, null, 0));
        while (pending.TryPop(out (BasicBlock Block, List<Key>? Scope, int NextChild) at))
        {
            List<Key> scope = at.Scope ?? Merge(at.Block, known, replacements);
            if (children.TryGetValue(at.Block, out List<BasicBlock>? below) && at.NextChild < below.Count)
            {
                pending.Push((at.Block, scope, at.NextChild + 1));
                pending.Push((below[at.NextChild], null, 0));
                continue;
            }
            foreach (Key key in scope)
            {
                known.Remove(key);
            }
        }
    }

    private static List<Key> Merge(BasicBlock block, Dictionary<Key, Value> known, Dictionary<Value, Value> replacements)
    {
        List<Key> scope = [];
        block.Values.RemoveAll(value =>
        {
            for (int i = 0; i < value.Operands.Length && value is not Phi; i++)
            {
                value.Operands[i] = replacements.GetValueOrDefault(value.Operands[i], value.Operands[i]);
            }
            if (!value.IsPure || value.Type == ScalarType.Void)
            {
                return false;
            }
            Key key = new(value);
            if (known.TryGetValue(key, out Value? earlier))
            {
                replacements[value] = earlier;
                return true;
            }
            known[key] = value;
            scope.Add(key);
            return false;
        });
        return scope;
    }

    /// <summary>What makes two operations equal: name, type and operands, constants by their bits.</summary>
    private readonly struct Key(Value value) : IEquatable<Key>
    {
        private readonly Value _value = value;
        private readonly string _name = value.Describe();

        public bool Equals(Key other)
        {
            if (_name != other._name || _value.Type != other._value.Type || _value.Operands.Length != other._value.Operands.Length)
            {
                return false;
            }
            for (int i = 0; i < _value.Operands.Length; i++)
            {
                if (!Simplifier.Same(_value.Operands[i], other._value.Operands[i]))
                {
                    return false;
                }
            }
            return true;
        }

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode()
        {
            HashCode hash = new();
            hash.Add(_name);
            hash.Add(_value.Type);
            foreach (Value operand in _value.Operands)
            {
                if (operand is Constant constant)
                {
                    hash.Add(constant.Bits);
                }
                else
                {
                    hash.Add(operand);
                }
            }
            return hash.ToHashCode();
        }
    }
}
