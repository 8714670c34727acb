using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>
/// Takes thread-local memory whose every access has a constant place apart into SSA values: the structs, `ref` arguments and small
/// arrays of the source. What is indexed at run time or whose address goes elsewhere stays in memory.
/// </summary>
internal static class LocalPromotion
{
    /// <summary>True if any memory was taken apart.</summary>
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
        Dictionary<Value, List<Value>> uses = Uses(function);
        Dictionary<Value, (Variable Variable, int Offset)> places = [];
        HashSet<Allocation> promoted = [];
        foreach (Allocation allocation in function.Allocations)
        {
            if (allocation.Type.Space == AddressSpace.Local && Slots(allocation, uses) is { } slots)
            {
                promoted.Add(allocation);
                foreach ((Value access, (Variable, int) slot) in slots)
                {
                    places[access] = slot;
                }
            }
        }
        if (promoted.Count == 0)
        {
            return false;
        }
        Rename(function, places);
        function.Allocations.RemoveAll(promoted.Contains);
        DeadCode.Run(function);
        return true;
    }

    private static Dictionary<Value, List<Value>> Uses(KernelFunction function)
    {
        Dictionary<Value, List<Value>> uses = [];
        foreach (Value value in function.AllValues)
        {
            foreach (Value operand in value.Operands)
            {
                if (operand.Type.IsPointer)
                {
                    (uses.TryGetValue(operand, out List<Value>? list) ? list : uses[operand] = []).Add(value);
                }
            }
        }
        return uses;
    }

    /// <summary>Each access with the variable it reads or writes, or null if the memory must stay.</summary>
    private static List<(Value Access, (Variable, int) Slot)>? Slots(Allocation allocation, Dictionary<Value, List<Value>> uses)
    {
        List<(Value Access, long Offset, ScalarType Type)> accesses = [];
        Stack<(Value Pointer, long Offset)> pending = new();
        pending.Push((allocation, 0));
        while (pending.TryPop(out (Value Pointer, long Offset) at))
        {
            foreach (Value use in uses.GetValueOrDefault(at.Pointer, []))
            {
                switch (use)
                {
                    case PointerOffset { HasIndex: false } offset:
                        pending.Push((offset, at.Offset + offset.Displacement));
                        break;
                    case Load { Lanes: 1, HasEffect: false } load:
                        accesses.Add((load, at.Offset, load.Type));
                        break;
                    case Store { Lanes: 1 } store when store.Operands[1] != at.Pointer && (store.Access & MemoryAccess.Volatile) == 0:
                        accesses.Add((store, at.Offset, store.Operands[1].Type));
                        break;
                    default:
                        return null;
                }
            }
        }
        accesses.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        List<(Value, (Variable, int))> slots = [];
        Variable? current = null;
        long start = 0, end = 0;
        foreach ((Value access, long offset, ScalarType type) in accesses)
        {
            if (offset < 0 || offset + type.Size > allocation.Bytes)
            {
                return null;
            }
            if (current is null || offset >= end)
            {
                (current, start, end) = (new Variable(Generic(type)), offset, offset + type.Size);
            }
            else if (offset != start || type.Size != current.Type.Size)
            {
                return null;
            }
            slots.Add((access, (current, (int)offset)));
        }
        return slots;
    }

    /// <summary>Pointers of all spaces share a variable; their space is found later.</summary>
    private static ScalarType Generic(ScalarType type) => type.IsPointer ? ScalarType.PointerTo(AddressSpace.Generic) : type;

    private static void Rename(KernelFunction function, Dictionary<Value, (Variable Variable, int Offset)> places)
    {
        SsaBuilder ssa = new();
        Dictionary<Value, Value> replacements = [];
        Dictionary<BasicBlock, int> waiting = function.Blocks.ToDictionary(block => block, block => block.Predecessors.Count);
        ssa.Seal(function.Blocks[0]);
        foreach (BasicBlock block in function.Blocks)
        {
            List<Value> values = new(block.Values.Count);
            List<Value> before = [.. block.Values];
            foreach (Value value in before)
            {
                if (!places.TryGetValue(value, out (Variable Variable, int Offset) place))
                {
                    values.Add(value);
                    continue;
                }
                if (value is Store store)
                {
                    ssa.Write(place.Variable, block, Reinterpreted(store.Operands[1], place.Variable.Type, values, value.Source));
                    continue;
                }
                Value read = ssa.Read(place.Variable, block);
                replacements[value] = Reinterpreted(read, value.Type, values, value.Source);
            }
            // phis that reading put at the block's head
            values.InsertRange(0, block.Values.Where(value => value is Phi && !before.Contains(value)));
            block.Values.Clear();
            block.Values.AddRange(values);
            foreach (BasicBlock target in block.Terminator!.Targets)
            {
                if (--waiting[target] == 0)
                {
                    ssa.Seal(target);
                }
            }
        }
        foreach ((Value phi, Value value) in ssa.Replacements)
        {
            replacements[phi] = value;
        }
        function.Replace(replacements);
    }

    private static Value Reinterpreted(Value value, ScalarType type, List<Value> values, SourceLocation? source)
    {
        if (value.Type == type || (value.Type.IsPointer && type.IsPointer))
        {
            return value;
        }
        if ((value.Type.IsPointer && type.IsFloat) || (value.Type.IsFloat && type.IsPointer))
        {
            value = Reinterpreted(value, ScalarType.Int64, values, source);
        }
        Reinterpret reinterpreted = new(value, type) { Source = source };
        values.Add(reinterpreted);
        return reinterpreted;
    }
}
