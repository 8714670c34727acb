using Managed.Ilgpu.Compiler.IR;
using Barrier = Managed.Ilgpu.Compiler.IR.Barrier;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>Checks what must hold of a kernel between passes: edges, phis, dominance, types.</summary>
internal static class KernelVerifier
{
    /// <param name="function">Is numbered.</param>
    /// <param name="spacesKnown">Pointers' spaces are checked too; before they are inferred, they differ freely.</param>
    /// <exception cref="InvalidOperationException">Something does not hold: a defect of the pass before.</exception>
    public static void Check(KernelFunction function, bool spacesKnown)
    {
        function.Number();
        CheckEdges(function);
        CheckDominance(function);
        foreach (Value value in function.AllValues)
        {
            string? fault = Fault(value, (a, b) => a == b || (!spacesKnown && a.IsPointer && b.IsPointer));
            Require(fault is null, function, $"{value}: {fault}");
        }
    }

    private static void Require(bool holds, KernelFunction function, string message)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"{message}\n{function}");
        }
    }

    private static void CheckEdges(KernelFunction function)
    {
        HashSet<BasicBlock> blocks = [.. function.Blocks];
        Require(blocks.Count == function.Blocks.Count, function, "a block is listed twice");
        Dictionary<(BasicBlock, BasicBlock), int> edges = [];
        foreach (BasicBlock block in function.Blocks)
        {
            Require(block.Terminator is not null, function, $"{block} has no terminator");
            foreach (BasicBlock target in block.Terminator!.Targets)
            {
                Require(blocks.Contains(target), function, $"{block} leads to a block that is not in the kernel");
                edges[(block, target)] = edges.GetValueOrDefault((block, target)) + 1;
            }
        }
        foreach (BasicBlock block in function.Blocks)
        {
            foreach (IGrouping<BasicBlock, BasicBlock> from in block.Predecessors.GroupBy(p => p))
            {
                Require(edges.GetValueOrDefault((from.Key, block)) == from.Count(), function, $"{block} lists {from.Key} {from.Count()} times as predecessor");
                edges.Remove((from.Key, block));
            }
            bool afterPhis = false;
            foreach (Value value in block.Values)
            {
                Require(value is not Terminator, function, $"{block} has a terminator in its middle");
                Require(value is not Phi || !afterPhis, function, $"{block} has a phi behind other values");
                Require(value is not Phi phi || phi.Operands.Length == block.Predecessors.Count, function, $"{value} has not one operand per predecessor");
                afterPhis |= value is not Phi;
            }
        }
        Require(edges.Count == 0, function, "an edge is missing among the predecessors");
        Require(function.Blocks[0].Predecessors.Count == 0, function, "the entry has predecessors");
    }

    private static void CheckDominance(KernelFunction function)
    {
        HashSet<BasicBlock> reached = [.. ControlFlow.ReversePostOrder(function.Blocks[0])];
        if (reached.Count != function.Blocks.Count)
        {
            return; // only before the first clean-up
        }
        Dominators dominators = new(function);
        Dictionary<Value, BasicBlock> home = [];
        foreach (BasicBlock block in function.Blocks)
        {
            foreach (Value value in block.Values)
            {
                Require(home.TryAdd(value, block), function, $"{value} stands in two places");
            }
        }
        HashSet<Value> everywhere = [.. function.Parameters, .. function.Allocations];
        foreach (BasicBlock block in function.Blocks)
        {
            HashSet<Value> before = [];
            foreach (Value value in block.Values.Append(block.Terminator!))
            {
                for (int i = 0; i < value.Operands.Length; i++)
                {
                    Value operand = value.Operands[i];
                    if (operand is Constant or DynamicShared || everywhere.Contains(operand))
                    {
                        continue;
                    }
                    bool reaches = home.TryGetValue(operand, out BasicBlock? defined)
                        && (value is Phi ? dominators.Dominates(defined, block.Predecessors[i])
                            : defined == block ? before.Contains(operand)
                            : dominators.Dominates(defined, block));
                    Require(reaches, function, $"{value} uses %{operand.Id} ({operand.Describe()}), which is not defined on every path to it");
                }
                before.Add(value);
            }
        }
    }

    private static string? Fault(Value value, Func<ScalarType, ScalarType, bool> alike)
    {
        ScalarType At(int index) => value.Operands[index].Type;
        return value switch
        {
            Binary { Op: BinaryOp.ShiftLeft or BinaryOp.ShiftRight } => At(0) == value.Type && At(1) == ScalarType.Int32 ? null : "shifts by an Int32",
            Binary binary => At(0) == value.Type && At(1) == value.Type && IsArithmetic(value.Type) && FitsType(binary.Op, value.Type) ? null : "operand types differ or do not fit",
            FusedMultiplyAdd => value.Type.IsFloat && value.Operands.All(o => o.Type == value.Type) ? null : "operand types",
            Compare => alike(At(0), At(1)) ? null : "compares different types",
            Select => At(0) == ScalarType.Bool && alike(At(1), value.Type) && alike(At(2), value.Type) ? null : "operand types",
            Phi => value.Operands.All(o => alike(o.Type, value.Type)) ? null : "operand types",
            Convert => At(0) != value.Type && !At(0).IsPointer && !value.Type.IsPointer && value.Type != ScalarType.Bool ? null : "not a conversion",
            Reinterpret => At(0).Size == value.Type.Size ? null : "sizes differ",
            CastSpace => At(0).IsPointer && value.Type.IsPointer ? null : "not pointers",
            AlignedPointer => At(0).IsPointer && alike(At(0), value.Type) ? null : "not the pointer's type",
            PointerOffset offset => At(0).IsPointer && alike(At(0), value.Type) && (!offset.HasIndex || At(1) == ScalarType.Int32 || At(1) == ScalarType.Int64) ? null : "operand types",
            Load or Store or Atomic => At(0).IsPointer ? null : "the address is no pointer",
            Shuffle => (At(0) == ScalarType.Int32 || At(0) == ScalarType.Float32) && At(1) == ScalarType.Int32 ? null : "operand types",
            Barrier => value.Operands.All(o => o.Type == ScalarType.Bool) ? null : "operand types",
            ConditionalBranch => At(0) == ScalarType.Bool ? null : "branches on a number",
            Switch => At(0) == ScalarType.Int32 ? null : "switches on something else than Int32",
            _ => null,
        };
    }

    private static bool IsArithmetic(ScalarType type) =>
        type.Kind is ScalarKind.Bool or ScalarKind.Int32 or ScalarKind.Int64 or ScalarKind.Float32 or ScalarKind.Float64;

    private static bool FitsType(BinaryOp op, ScalarType type) => op switch
    {
        BinaryOp.And or BinaryOp.Or or BinaryOp.Xor => !type.IsFloat,
        BinaryOp.CopySign => type.IsFloat,
        BinaryOp.MultiplyHigh => type.IsInteger,
        _ => type != ScalarType.Bool,
    };
}
