using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>Applies <see cref="Simplifier"/> to the whole kernel, and drops phis that have one value.</summary>
internal static class Simplification
{
    /// <summary>True if anything changed.</summary>
    public static bool Run(KernelFunction function)
    {
        bool any = false;
        while (Once(function))
        {
            any = true;
        }
        return any;
    }

    private static bool Once(KernelFunction function)
    {
        Dictionary<Value, Value> replacements = [];
        HashSet<Value> placed = [.. function.AllValues];
        foreach (BasicBlock block in function.Blocks)
        {
            List<Value> values = new(block.Values.Count);
            SourceLocation? source = null;

            Value Emit(Value value)
            {
                Value simplest = Simplifier.Simplify(value, Emit);
                Place(simplest);
                return simplest;
            }

            void Place(Value value)
            {
                if (value is not Constant && value is not (Parameter or Allocation or DynamicShared) && placed.Add(value))
                {
                    value.Source ??= source;
                    values.Add(value);
                }
            }

            foreach (Value value in block.Values)
            {
                source = value.Source;
                if (value is Phi phi)
                {
                    if (OnlyValue(phi, replacements) is { } only)
                    {
                        replacements[phi] = only;
                    }
                    else
                    {
                        values.Add(phi);
                    }
                    continue;
                }
                ReplaceOperands(value, replacements);
                Value simplest = Simplifier.Simplify(value, Emit);
                if (simplest == value)
                {
                    values.Add(value);
                    continue;
                }
                Place(simplest);
                replacements[value] = simplest;
            }
            block.Values.Clear();
            block.Values.AddRange(values);
            ReplaceOperands(block.Terminator!, replacements);
        }
        function.Replace(replacements);
        return replacements.Count > 0;
    }

    private static void ReplaceOperands(Value value, Dictionary<Value, Value> replacements)
    {
        for (int i = 0; i < value.Operands.Length; i++)
        {
            value.Operands[i] = Resolve(value.Operands[i], replacements);
        }
    }

    private static Value Resolve(Value value, Dictionary<Value, Value> replacements)
    {
        while (replacements.TryGetValue(value, out Value? replacement))
        {
            value = replacement;
        }
        return value;
    }

    /// <summary>The value of a phi whose operands are all that value or the phi itself.</summary>
    private static Value? OnlyValue(Phi phi, Dictionary<Value, Value> replacements)
    {
        Value? only = null;
        for (int i = 0; i < phi.Operands.Length; i++)
        {
            Value operand = Resolve(phi.Operands[i], replacements);
            phi.Operands[i] = operand;
            if (operand == phi || (only is not null && Simplifier.Same(only, operand)))
            {
                continue;
            }
            if (only is not null)
            {
                return null;
            }
            only = operand;
        }
        return only;
    }
}
