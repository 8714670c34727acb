using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>The passes in their order.</summary>
internal static class Pipeline
{
    /// <summary>Rounds of cleaning after which the rest is left as it is; two or three are the rule.</summary>
    private const int MostRounds = 20;

    /// <summary>Loops that are unrolled one after the other, at most.</summary>
    private const int MostUnrolled = 400;

    /// <summary>Optimises the kernel in place.</summary>
    /// <param name="function">As the front end made it.</param>
    /// <param name="optimise">False leaves out what is not needed for a correct kernel.</param>
    /// <param name="afterPass">Sees the kernel after each pass, for tests.</param>
    public static void Run(KernelFunction function, bool optimise, Action<string, KernelFunction>? afterPass)
    {
        void Do(string name, Action<KernelFunction> pass)
        {
            pass(function);
            afterPass?.Invoke(name, function);
        }

        Do("control flow", f => ControlFlow.Clean(f));
        Do("local promotion", f => LocalPromotion.Run(f));
        Fold(Do);
        DeferredAllocation.Resolve(function, last: false);
        if (optimise)
        {
            bool changed = true;
            for (int round = 0; changed && round < MostUnrolled; round++)
            {
                changed = false;
                Do("loop unrolling", f => changed |= LoopUnrolling.Run(f));
                Do("if conversion", f => changed |= IfConversion.Run(f));
                if (changed)
                {
                    Fold(Do);
                }
            }
        }
        DeferredAllocation.Resolve(function, last: true);
        if (optimise)
        {
            Do("vector access", VectorAccess.Run);
        }
        bool dropped = false;
        Do("aligned pointers", f => dropped = AlignedPointers.Drop(f)); // they have told what they know
        if (optimise)
        {
            if (dropped)
            {
                Fold(Do);
            }
            Do("division by constants", DivisionByConstants.Run);
            Do("loop invariants", LoopInvariants.Run); // splitting looks at what is left in a loop, and makes more that need not be
            Do("address splitting", AddressSplitting.Run);
            Do("loop invariants", LoopInvariants.Run);
            Do("address arithmetic", AddressArithmetic.Run);
            Do("common subexpressions", f => CommonSubexpressions.Run(f));
        }
        Do("address spaces", AddressSpaces.Run);
        if (optimise)
        {
            Do("common subexpressions", f => CommonSubexpressions.Run(f)); // addresses that differed in their space alone
        }
        Do("dead code", f => DeadCode.Run(f));
    }

    /// <summary>Simplifies until nothing changes.</summary>
    private static void Fold(Action<string, Action<KernelFunction>> run)
    {
        bool changed = true;
        for (int round = 0; changed && round < MostRounds; round++)
        {
            changed = false;
            run("simplification", f => changed |= Simplification.Run(f));
            run("common subexpressions", f => changed |= CommonSubexpressions.Run(f));
            run("dead code", f => changed |= DeadCode.Run(f));
            run("control flow", f => changed |= ControlFlow.Clean(f));
            run("local promotion", f => changed |= LocalPromotion.Run(f));
        }
    }
}
