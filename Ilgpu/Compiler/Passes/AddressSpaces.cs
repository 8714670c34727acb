using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>
/// Gives every pointer the space it points into. The front end follows pointers through structs and locals without asking; here
/// each takes the space of what it comes from, and where different spaces meet the pointer is generic.
/// </summary>
internal static class AddressSpaces
{
    public static void Run(KernelFunction function)
    {
        Dictionary<Value, AddressSpace> spaces = Infer(function);
        foreach ((Value value, AddressSpace space) in spaces)
        {
            value.Type = ScalarType.PointerTo(space);
        }
        foreach (BasicBlock block in function.Blocks)
        {
            for (int i = 0; i < block.Values.Count; i++)
            {
                i += Unify(block, i);
            }
        }
    }

    private static Dictionary<Value, AddressSpace> Infer(KernelFunction function)
    {
        Dictionary<Value, AddressSpace> spaces = [];
        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach (Value value in function.AllValues)
            {
                if (!value.Type.IsPointer || value is CastSpace)
                {
                    continue;
                }
                AddressSpace? space = value switch
                {
                    PointerOffset => Space(value.Operands[0], spaces),
                    Phi => Join(value.Operands, spaces),
                    Select => Join(value.Operands.AsSpan(1), spaces),
                    Atomic => Join(value.Operands.AsSpan(1), spaces),
                    _ => AddressSpace.Generic,
                };
                if (space is { } known && (!spaces.TryGetValue(value, out AddressSpace before) || before != known))
                {
                    spaces[value] = known;
                    changed = true;
                }
            }
        }
        foreach (Value value in function.AllValues)
        {
            if (value.Type.IsPointer && value is not CastSpace)
            {
                spaces.TryAdd(value, AddressSpace.Global); // null and nothing else
            }
        }
        return spaces;
    }

    private static AddressSpace? Space(Value value, Dictionary<Value, AddressSpace> spaces) => value switch
    {
        Constant => null, // null is null in every space
        Parameter or Allocation or DynamicShared or CastSpace => value.Type.Space,
        _ => spaces.TryGetValue(value, out AddressSpace space) ? space : null,
    };

    private static AddressSpace? Join(ReadOnlySpan<Value> values, Dictionary<Value, AddressSpace> spaces)
    {
        AddressSpace? joined = null;
        foreach (Value value in values)
        {
            AddressSpace? space = Space(value, spaces);
            joined = space is null || joined == space ? joined : joined is null ? space : AddressSpace.Generic;
        }
        return joined;
    }

    /// <summary>Casts operands to the space in which they meet; the number of values put before the one at `index`.</summary>
    private static int Unify(BasicBlock block, int index)
    {
        Value value = block.Values[index];
        int added = 0, first = value is Select ? 1 : 0;
        ScalarType wanted = value.Type;
        if (value is Compare && value.Operands[0].Type.IsPointer)
        {
            AddressSpace? meeting = null;
            foreach (Value operand in value.Operands)
            {
                if (operand is not Constant)
                {
                    meeting = meeting is null || meeting == operand.Type.Space ? operand.Type.Space : AddressSpace.Generic;
                }
            }
            wanted = ScalarType.PointerTo(meeting ?? AddressSpace.Global);
        }
        else if (value is not (Phi or Select) || !value.Type.IsPointer)
        {
            return UnifyNull(value);
        }
        for (int i = first; i < value.Operands.Length; i++)
        {
            Value operand = value.Operands[i];
            if (operand.Type == wanted)
            {
                continue;
            }
            if (operand is Constant constant)
            {
                value.Operands[i] = new Constant(wanted, constant.Bits);
                continue;
            }
            CastSpace cast = new(operand, wanted.Space) { Source = value.Source };
            value.Operands[i] = cast;
            if (value is Phi)
            {
                block.Predecessors[i].Values.Add(cast);
            }
            else
            {
                block.Values.Insert(index, cast);
                added++;
            }
        }
        return added;
    }

    /// <summary>Null as an address: its space is the user's.</summary>
    private static int UnifyNull(Value value)
    {
        if (value is PointerOffset { Operands: [Constant pointer, ..] })
        {
            value.Operands[0] = new Constant(value.Type, pointer.Bits);
        }
        return 0;
    }
}
