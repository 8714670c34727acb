using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>Computes before a loop what is the same in each of its rounds.</summary>
internal static class LoopInvariants
{
    public static void Run(KernelFunction function)
    {
        Dominators dominators = new(function);
        List<Loop> loops = Loop.Find(function, dominators);
        if (loops.Count(loop => loop.MakePreheader(function)) > 0)
        {
            function.Blocks.Sort(ControlFlow.Order(function));
            dominators = new Dominators(function);
            loops = Loop.Find(function, dominators);
        }
        foreach (Loop loop in loops)
        {
            if (loop.Entering is not { Terminator: Branch } entering)
            {
                continue;
            }
            HashSet<Value> inside = [.. loop.Blocks.SelectMany(block => block.Values)];
            foreach (BasicBlock block in loop.Blocks)
            {
                bool always = loop.Latches.All(latch => dominators.Dominates(block, latch));
                block.Values.RemoveAll(value =>
                {
                    if (!value.IsPure || value is Result || !(always || IsCheap(value)) || value.Operands.Any(inside.Contains))
                    {
                        return false;
                    }
                    entering.Values.Add(value);
                    inside.Remove(value);
                    return true;
                });
            }
        }
    }

    /// <summary>Cheap enough to be computed even where it may not be needed.</summary>
    public static bool IsCheap(Value value) => value switch
    {
        Binary { Op: BinaryOp.Divide or BinaryOp.Remainder } => false,
        Unary { Op: UnaryOp.Sqrt } => false,
        _ => value.IsPure,
    };
}
