using Managed.Ilgpu.Compiler.IR;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>
/// An index that is a 64-bit sum with a 32-bit number, `row * stride + i`, becomes two steps: to the row, and from there by i. The second is
/// one instruction that widens, multiplies and adds; the first is often the same in every round of a loop, and moves out of it.
/// </summary>
internal static class AddressSplitting
{
    public static void Run(KernelFunction function)
    {
        Dictionary<Value, int> depths = Depths(function);
        Dictionary<Value, Value> replacements = [];
        foreach (BasicBlock block in function.Blocks)
        {
            for (int i = 0; i < block.Values.Count; i++)
            {
                while (block.Values[i] is PointerOffset { HasIndex: true } offset && Parts(offset.Operands[1], depths) is var (far, near))
                {
                    PointerOffset row = new(offset.Operands[0], Narrow(far), offset.Scale) { Source = offset.Source };
                    PointerOffset element = new(row, Narrow(near), offset.Scale, offset.Displacement) { Source = offset.Source };
                    block.Values.Insert(i, row);
                    block.Values[i + 1] = element;
                    replacements[offset] = element;
                }
            }
        }
        function.Replace(replacements);
    }

    /// <summary>The two terms; the nearer one is 32 bits wide, and what changes more often of two such.</summary>
    private static (Value Far, Value Near)? Parts(Value index, Dictionary<Value, int> depths)
    {
        if (index is not Binary { Op: BinaryOp.Add, Type.Size: 8, Operands: [var left, var right] })
        {
            return null;
        }
        return (IsNarrow(left), IsNarrow(right)) switch
        {
            (true, true) => depths.GetValueOrDefault(left) > depths.GetValueOrDefault(right) ? (right, left) : (left, right),
            (true, false) => (right, left),
            (false, true) => (left, right),
            _ => null,
        };
    }

    private static bool IsNarrow(Value value) => value is Convert { SourceUnsigned: false, Operands: [{ Type: { IsInteger: true, Size: 4 } }] };

    private static Value Narrow(Value value) => IsNarrow(value) ? value.Operands[0] : value;

    /// <summary>Of each value the number of loops around it.</summary>
    private static Dictionary<Value, int> Depths(KernelFunction function)
    {
        Dictionary<Value, int> depths = [];
        foreach (Loop loop in Loop.Find(function, new Dominators(function)))
        {
            foreach (Value value in loop.Blocks.SelectMany(block => block.Values))
            {
                depths[value] = depths.GetValueOrDefault(value) + 1;
            }
        }
        return depths;
    }
}
