using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>
/// Joins loads and stores of neighbouring scalars into one access of 2 or 4 lanes, up to 16 bytes, where the address is provably a
/// multiple of the whole: the fields of a struct, the elements of unrolled loops over aligned memory.
/// </summary>
internal static class VectorAccess
{
    private const int MostBytes = 16;

    public static void Run(KernelFunction function)
    {
        Dictionary<Value, Value> replacements = [];
        foreach (BasicBlock block in function.Blocks)
        {
            // groups of loads and stores between which nothing else touches memory
            List<int> loads = [], stores = [];
            List<(List<int> Positions, bool AreLoads)> groups = [];
            void Close(List<int> positions, bool areLoads)
            {
                if (positions.Count > 1)
                {
                    groups.Add(([.. positions], areLoads));
                }
                positions.Clear();
            }
            for (int i = 0; i < block.Values.Count; i++)
            {
                Value value = block.Values[i];
                if (value is Load { Lanes: 1 } load && (load.Access & MemoryAccess.Volatile) == 0)
                {
                    Close(stores, false);
                    loads.Add(i);
                }
                else if (value is Store { Lanes: 1, Access: MemoryAccess.None })
                {
                    Close(loads, true);
                    stores.Add(i);
                }
                else if (value.HasEffect || value is Load)
                {
                    Close(loads, true);
                    Close(stores, false);
                }
            }
            Close(loads, true);
            Close(stores, false);
            Rewrite(block, groups, replacements);
        }
        function.Replace(replacements);
    }

    private static void Rewrite(BasicBlock block, List<(List<int> Positions, bool AreLoads)> groups, Dictionary<Value, Value> replacements)
    {
        Dictionary<Value, List<Value>> before = [];
        HashSet<Value> removed = [];
        foreach ((List<int> positions, bool areLoads) in groups)
        {
            Access[] accesses = [.. positions.Select(position => new Access(block.Values[position], position))];
            foreach (IGrouping<(Value, Value?, int, ScalarType, MemoryAccess), Access> alike in accesses.GroupBy(access => access.Key).Where(group => group.Count() > 1))
            {
                Access[] distinct = areLoads ? DropRepeated(alike, removed, replacements) : [.. alike];
                foreach (Access[] run in Runs([.. distinct.OrderBy(access => access.Displacement)]))
                {
                    if (areLoads)
                    {
                        JoinLoads(run, before, removed, replacements);
                    }
                    else if (DoNotOverlap(run, accesses))
                    {
                        JoinStores(run, before, removed);
                    }
                }
            }
        }
        if (removed.Count == 0)
        {
            return;
        }
        List<Value> values = new(block.Values.Count);
        foreach (Value value in block.Values)
        {
            values.AddRange(before.GetValueOrDefault(value, []));
            if (!removed.Contains(value))
            {
                values.Add(value);
            }
        }
        block.Values.Clear();
        block.Values.AddRange(values);
    }

    /// <summary>An access as root address, index and displacement.</summary>
    private sealed class Access
    {
        public Access(Value value, int position)
        {
            (Value, Position) = (value, position);
            Value pointer = value.Operands[0];
            Root = pointer;
            if (pointer is PointerOffset offset)
            {
                Root = offset.Operands[0];
                (Index, Scale, Displacement) = (offset.HasIndex ? offset.Operands[1] : null, offset.Scale, offset.Displacement);
            }
        }

        public Value Value { get; }

        public int Position { get; }

        public Value Root { get; }

        public Value? Index { get; }

        public int Scale { get; }

        public long Displacement { get; }

        public ScalarType Element => Value is Store ? Value.Operands[1].Type : Value.Type;

        public MemoryAccess How => Value is Load load ? load.Access : MemoryAccess.None;

        public (Value, Value?, int, ScalarType, MemoryAccess) Key => (Root, Index, Scale, Element, How);

        public Value Address => Index is not null ? new PointerOffset(Root, Index, Scale, Displacement) { Source = Value.Source }
            : Displacement != 0 ? new PointerOffset(Root, Displacement) { Source = Value.Source }
            : Root;

    }

    /// <summary>What has just been loaded is not loaded again.</summary>
    private static Access[] DropRepeated(IEnumerable<Access> loads, HashSet<Value> removed, Dictionary<Value, Value> replacements)
    {
        Dictionary<long, Access> first = [];
        foreach (Access load in loads) // in the order of the block
        {
            if (!first.TryAdd(load.Displacement, load))
            {
                removed.Add(load.Value);
                replacements[load.Value] = first[load.Displacement].Value;
            }
        }
        return [.. first.Values];
    }

    /// <summary>Stretches of 4 or 2 accesses side by side, aligned as a whole.</summary>
    private static IEnumerable<Access[]> Runs(Access[] sorted)
    {
        int size = sorted[0].Element.Size;
        if (sorted[0].Element == ScalarType.Bool || sorted[0].Element.IsPointer)
        {
            yield break;
        }
        for (int first = 0; first < sorted.Length;)
        {
            int lanes = 0;
            foreach (int wanted in (ReadOnlySpan<int>)[4, 2])
            {
                if (wanted * size <= MostBytes && first + wanted <= sorted.Length && IsRun(sorted.AsSpan(first, wanted), size)
                    && IsAligned(sorted[first], wanted * size))
                {
                    lanes = wanted;
                    break;
                }
            }
            if (lanes > 0)
            {
                yield return sorted[first..(first + lanes)];
            }
            first += Math.Max(lanes, 1);
        }
    }

    private static bool IsRun(ReadOnlySpan<Access> accesses, int size)
    {
        for (int i = 1; i < accesses.Length; i++)
        {
            if (accesses[i].Displacement != accesses[0].Displacement + i * size)
            {
                return false;
            }
        }
        return true;
    }

    private static bool IsAligned(Access access, int bytes)
    {
        List<Parameter> presumes = [];
        if (Alignment.Of(access.Address, presumes) < bytes)
        {
            return false;
        }
        foreach (Parameter parameter in presumes)
        {
            parameter.RequiredAlignment = Math.Max(parameter.RequiredAlignment, bytes);
        }
        return true;
    }

    /// <summary>The first load of the run becomes the load of all.</summary>
    private static void JoinLoads(Access[] run, Dictionary<Value, List<Value>> before, HashSet<Value> removed, Dictionary<Value, Value> replacements)
    {
        Value address = run[0].Address;
        Load wide = new(address, run[0].Element, run.Length, run[0].How) { Source = run[0].Value.Source };
        List<Value> added = address == run[0].Root ? [wide] : [address, wide];
        for (int i = 0; i < run.Length; i++)
        {
            Result lane = new(wide, i, run[i].Element) { Source = run[i].Value.Source };
            added.Add(lane);
            replacements[run[i].Value] = lane;
            removed.Add(run[i].Value);
        }
        Value place = run.MinBy(access => access.Position)!.Value;
        (before.TryGetValue(place, out List<Value>? list) ? list : before[place] = []).AddRange(added);
    }

    /// <summary>The last store of the run becomes the store of all: by then each value is known.</summary>
    private static void JoinStores(Access[] run, Dictionary<Value, List<Value>> before, HashSet<Value> removed)
    {
        Value address = run[0].Address;
        Store wide = new(address, run.Select(access => access.Value.Operands[1])) { Source = run[0].Value.Source };
        removed.UnionWith(run.Select(access => access.Value));
        Value place = run.MaxBy(access => access.Position)!.Value;
        (before.TryGetValue(place, out List<Value>? list) ? list : before[place] = []).AddRange(address == run[0].Root ? [wide] : [address, wide]);
    }

    /// <summary>Moving a store behind others is safe if they certainly write elsewhere: same root and index, other bytes.</summary>
    private static bool DoNotOverlap(Access[] run, Access[] all)
    {
        int first = run.Min(access => access.Position), last = run.Max(access => access.Position);
        return all.Where(other => other.Position > first && other.Position < last && !run.Contains(other)).All(other =>
            other.Root == run[0].Root && other.Index == run[0].Index && other.Scale == run[0].Scale
            && (other.Displacement + other.Element.Size <= run[0].Displacement || other.Displacement >= run[^1].Displacement + run[^1].Element.Size));
    }
}
