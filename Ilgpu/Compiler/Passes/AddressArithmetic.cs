using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>
/// Takes the constant part out of indexed addresses, so that neighbours share one computed address and differ only in the
/// displacement that loads and stores carry for nothing. Runs last: simplification would join them again.
/// </summary>
internal static class AddressArithmetic
{
    public static void Run(KernelFunction function)
    {
        Dictionary<Value, Value> replacements = [];
        foreach (BasicBlock block in function.Blocks)
        {
            for (int i = 0; i < block.Values.Count; i++)
            {
                if (block.Values[i] is PointerOffset { HasIndex: true, Displacement: not 0 } offset)
                {
                    PointerOffset indexed = new(offset.Operands[0], offset.Operands[1], offset.Scale) { Source = offset.Source };
                    PointerOffset displaced = new(indexed, offset.Displacement) { Source = offset.Source };
                    block.Values[i] = indexed;
                    block.Values.Insert(++i, displaced);
                    replacements[offset] = displaced;
                }
            }
        }
        function.Replace(replacements);
    }
}
