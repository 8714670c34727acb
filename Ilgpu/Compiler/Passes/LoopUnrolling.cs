using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>
/// Writes out loops whose number of rounds is a small constant, so that array indices in them become constants and arrays
/// registers. The innermost loop first; what is left of outer loops decides whether they too are small enough.
/// </summary>
internal static class LoopUnrolling
{
    private const int MostRounds = 256;

    /// <summary>
    /// Values that all rounds together may have; many where that turns an array into registers. The test behind the last round isn't counted:
    /// what it leads to is never come to, and goes.
    /// </summary>
    private const int MostValues = 1024, MostValuesWithArrays = 8192;

    /// <summary>Unrolls one loop; true if there was one. The kernel is to be cleaned before the next call.</summary>
    public static bool Run(KernelFunction function)
    {
        foreach (Loop loop in Loop.Find(function, new Dominators(function)))
        {
            if (loop.Entering is not { } entering || loop.Blocks.Any(block => block.Values.Any(value => value is DeferredAllocation)))
            {
                continue;
            }
            int size = loop.Blocks.Sum(block => block.Values.Count + 1);
            int most = loop.Blocks.Any(block => block.Values.Any(IsArrayAccess)) ? MostValuesWithArrays : MostValues;
            if (Rounds(loop, entering) is int rounds && (long)rounds * size <= most)
            {
                Unroll(function, loop, rounds);
                return true;
            }
        }
        return false;
    }

    /// <summary>Whether it indexes an array of the thread's at run time.</summary>
    private static bool IsArrayAccess(Value value) =>
        value is PointerOffset { HasIndex: true, Operands: [Allocation { Type.Space: AddressSpace.Local } or PointerOffset { Operands: [Allocation { Type.Space: AddressSpace.Local }, ..] }, ..] };

    /// <summary>
    /// How often the body is run before a certain exit is taken, found by computing what that exit's condition depends on; null if
    /// that is not constant.
    /// </summary>
    private static int? Rounds(Loop loop, BasicBlock entering)
    {
        foreach (BasicBlock block in new[] { loop.Header }.Concat(loop.Latches.Count == 1 ? loop.Latches : []))
        {
            if (block.Terminator is ConditionalBranch branch && branch.Targets.Count(loop.Contains) == 1
                && CountRounds(loop, entering, branch.Operands[0], staysIfTrue: loop.Contains(branch.Targets[0])) is int rounds)
            {
                return rounds;
            }
        }
        return null;
    }

    private static int? CountRounds(Loop loop, BasicBlock entering, Value condition, bool staysIfTrue)
    {
        Dictionary<Value, Constant?> values = [];
        foreach (Phi phi in loop.Header.Phis)
        {
            values[phi] = phi.Operands[loop.Header.Predecessors.IndexOf(entering)] as Constant;
        }
        for (int round = 0; round <= MostRounds; round++)
        {
            if (Compute(condition, loop, values) is not { } holds)
            {
                return null;
            }
            if (holds.Bits != 0 != staysIfTrue)
            {
                return round;
            }
            Dictionary<Value, Constant?> next = [];
            foreach (Phi phi in loop.Header.Phis)
            {
                next[phi] = OnBackEdge(phi, loop, values);
            }
            values = next;
        }
        return null;
    }

    /// <summary>The constant that all edges back give a phi.</summary>
    private static Constant? OnBackEdge(Phi phi, Loop loop, Dictionary<Value, Constant?> values)
    {
        Constant? common = null;
        for (int i = 0; i < phi.Operands.Length; i++)
        {
            if (!loop.Contains(loop.Header.Predecessors[i]))
            {
                continue;
            }
            if (Compute(phi.Operands[i], loop, values) is not { } constant || (common is not null && common.Bits != constant.Bits))
            {
                return null;
            }
            common = constant;
        }
        return common;
    }

    /// <summary>What a value is in this round, if it depends on constants and on phis of the header alone.</summary>
    private static Constant? Compute(Value value, Loop loop, Dictionary<Value, Constant?> values)
    {
        if (value is Constant constant)
        {
            return constant;
        }
        if (values.TryGetValue(value, out Constant? known))
        {
            return known;
        }
        if (value is Phi or Load or Parameter || !value.IsPure || value.Operands.Length == 0)
        {
            return values[value] = null;
        }
        Value[] operands = new Value[value.Operands.Length];
        for (int i = 0; i < operands.Length; i++)
        {
            if (Compute(value.Operands[i], loop, values) is not { } operand)
            {
                return values[value] = null;
            }
            operands[i] = operand;
        }
        return values[value] = ConstantFolding.Evaluate(Cloning.Clone(value, operands));
    }

    /// <summary>
    /// Copies the loop once for each round and once more for the last test; folding then decides each copy's exits. The original blocks
    /// become the first round.
    /// </summary>
    private static void Unroll(KernelFunction function, Loop loop, int rounds)
    {
        HashSet<Value> inside = [.. loop.Blocks.SelectMany(block => block.Values)];
        Dictionary<Value, Variable> escaping = Escaping(function, loop, inside);
        Dictionary<BasicBlock, Value[]> original = loop.Blocks.ToDictionary(block => block, block => block.Values.ToArray());
        BasicBlock header = loop.Header;
        BasicBlock[] exits = [.. loop.Exits.Select(edge => edge.To).Distinct()];
        (BasicBlock From, int Edge)[] back = [.. header.Predecessors.Select((block, edge) => (block, edge)).Where(at => loop.Contains(at.block))];
        Phi[] phis = [.. header.Phis];
        List<BasicBlock> copies = [];
        List<Dictionary<Value, Value>> maps = [inside.ToDictionary(value => value)];
        List<Dictionary<BasicBlock, BasicBlock>> blocks = [loop.Blocks.ToDictionary(block => block)];
        for (int round = 1; round <= rounds; round++)
        {
            blocks.Add(loop.Blocks.ToDictionary(block => block, _ => new BasicBlock()));
            maps.Add(CopyRound(loop, blocks[^2], blocks[^1], maps[^1], back));
            copies.AddRange(loop.Blocks.Select(block => blocks[^1][block]));
        }
        // no control comes back to the first header; the last copy's edge back is never taken and leads to a block without an end
        BasicBlock never = new() { Terminator = new Return() };
        ConnectRounds(loop, blocks, back, never);
        foreach (Phi phi in phis)
        {
            phi.Operands = [.. phi.Operands.Where((_, i) => back.All(at => at.Edge != i))];
        }
        header.Predecessors.RemoveAll(loop.Contains);
        int position = function.Blocks.IndexOf(loop.Blocks[^1]) + 1;
        function.Blocks.InsertRange(position, [.. copies, never]);
        ExitsOfCopies(exits, blocks, maps, inside);
        foreach (BasicBlock block in loop.Blocks)
        {
            foreach (Value value in original[block])
            {
                if (escaping.TryGetValue(value, out Variable? variable))
                {
                    for (int round = 0; round <= rounds; round++)
                    {
                        variable.Definitions[blocks[round][block]] = maps[round][value];
                    }
                }
            }
        }
        HashSet<BasicBlock> defining = [.. loop.Blocks, .. copies];
        SsaRepair.Rewrite(function, escaping, defining.Contains);
    }

    /// <summary>Values of the loop that are used behind it.</summary>
    private static Dictionary<Value, Variable> Escaping(KernelFunction function, Loop loop, HashSet<Value> inside)
    {
        Dictionary<Value, Variable> escaping = [];
        foreach (BasicBlock block in function.Blocks)
        {
            if (loop.Contains(block))
            {
                continue;
            }
            foreach (Value value in block.Values.Append(block.Terminator!))
            {
                for (int i = 0; i < value.Operands.Length; i++)
                {
                    // a phi's operand on an edge out of the loop is copied with the edge
                    bool onExit = value is Phi && loop.Contains(block.Predecessors[i]);
                    if (inside.Contains(value.Operands[i]) && !onExit)
                    {
                        escaping.TryAdd(value.Operands[i], new Variable(value.Operands[i].Type));
                    }
                }
            }
        }
        return escaping;
    }

    private static Dictionary<Value, Value> CopyRound(
        Loop loop, Dictionary<BasicBlock, BasicBlock> before, Dictionary<BasicBlock, BasicBlock> blocks, Dictionary<Value, Value> mapBefore, (BasicBlock From, int Edge)[] back)
    {
        Dictionary<Value, Value> map = [];
        List<(Value Copy, Value Original)> copied = [];
        foreach (BasicBlock block in loop.Blocks)
        {
            BasicBlock copy = blocks[block];
            foreach (Value value in block.Values)
            {
                Value[] operands = value.Operands;
                if (value is Phi && block == loop.Header)
                {
                    operands = [.. back.Select(at => mapBefore.GetValueOrDefault(value.Operands[at.Edge], value.Operands[at.Edge]))];
                    Value header = Cloning.Clone(value, operands);
                    map[value] = header;
                    copy.Values.Add(header);
                    continue;
                }
                Value clone = Cloning.Clone(value, [.. operands]);
                map[value] = clone;
                copy.Values.Add(clone);
                copied.Add((clone, value));
            }
            copy.Predecessors.AddRange(block == loop.Header ? back.Select(at => before[at.From]) : block.Predecessors.Select(p => blocks[p]));
        }
        foreach ((Value clone, _) in copied)
        {
            for (int i = 0; i < clone.Operands.Length; i++)
            {
                clone.Operands[i] = map.GetValueOrDefault(clone.Operands[i], clone.Operands[i]);
            }
        }
        foreach (BasicBlock block in loop.Blocks)
        {
            Terminator end = block.Terminator!;
            blocks[block].Terminator = Cloning.Clone(
                end, [.. end.Operands.Select(operand => map.GetValueOrDefault(operand, operand))], [.. end.Targets.Select(target => blocks.GetValueOrDefault(target, target))]);
        }
        return map;
    }

    /// <summary>Each round's edges back lead to the next round's header.</summary>
    private static void ConnectRounds(Loop loop, List<Dictionary<BasicBlock, BasicBlock>> blocks, (BasicBlock From, int Edge)[] back, BasicBlock never)
    {
        for (int round = 0; round < blocks.Count; round++)
        {
            BasicBlock own = blocks[round][loop.Header], next = round + 1 < blocks.Count ? blocks[round + 1][loop.Header] : never;
            foreach (BasicBlock from in back.Select(at => at.From).Distinct())
            {
                BasicBlock[] targets = blocks[round][from].Terminator!.Targets;
                for (int i = 0; i < targets.Length; i++)
                {
                    if (targets[i] == own)
                    {
                        targets[i] = next;
                        if (next == never)
                        {
                            never.Predecessors.Add(blocks[round][from]);
                        }
                    }
                }
            }
        }
    }

    /// <summary>Edges out of the copies: the blocks behind the loop get as many more predecessors and phi operands.</summary>
    private static void ExitsOfCopies(BasicBlock[] exits, List<Dictionary<BasicBlock, BasicBlock>> blocks, List<Dictionary<Value, Value>> maps, HashSet<Value> inside)
    {
        foreach (BasicBlock exit in exits)
        {
            int edges = exit.Predecessors.Count;
            for (int round = 1; round < blocks.Count; round++)
            {
                for (int edge = 0; edge < edges; edge++)
                {
                    if (!blocks[0].ContainsKey(exit.Predecessors[edge]))
                    {
                        continue;
                    }
                    exit.Predecessors.Add(blocks[round][exit.Predecessors[edge]]);
                    foreach (Phi phi in exit.Phis)
                    {
                        Value operand = phi.Operands[edge];
                        phi.Operands = [.. phi.Operands, inside.Contains(operand) ? maps[round][operand] : operand];
                    }
                }
            }
        }
    }
}
