using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Passes;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>IL to the optimised SSA form that the back ends print.</summary>
internal static class KernelCompiler
{
    /// <summary>Deep inlining recurses; the thread that compiles has room for it.</summary>
    private const int StackBytes = 256 << 20;

    /// <summary>Compiles a kernel.</summary>
    /// <exception cref="KernelCompilationException">It uses something that cannot run on a device.</exception>
    public static KernelFunction Build(KernelRequest request)
    {
        KernelFunction? result = null;
        Exception? failure = null;
        Thread thread = new(
            () =>
            {
                try
                {
                    result = BuildHere(request, optimise: true);
                }
                catch (Exception exception)
                {
                    failure = exception; // rethrown below, on the caller's thread
                }
            },
            StackBytes);
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
        return result!;
    }

    /// <summary>The same on the calling thread; without the passes that only make it faster where `optimise` is false.</summary>
    internal static KernelFunction BuildHere(KernelRequest request, bool optimise, Action<string, KernelFunction>? afterPass = null)
    {
        KernelFunction function = Translate(request);
        afterPass?.Invoke("translation", function);
        Pipeline.Run(function, optimise, afterPass);
        foreach (BasicBlock block in function.Blocks)
        {
            if (block.Terminator is Refusal refusal)
            {
                throw new KernelCompilationException(Names.Of(request.Method), refusal.Reason, refusal.Source);
            }
        }
        function.Number();
        return function;
    }

    private static KernelFunction Translate(KernelRequest request)
    {
        KernelFunction function = new(Names.Identifier(request.Method))
        {
            GroupSize = request.Target.GroupSize,
            MinGroupsPerMultiprocessor = request.Target.MinGroupsPerMultiprocessor,
        };
        KernelBuilder builder = new(function, request.Target);
        try
        {
            EntryPoint.Build(builder, request);
        }
        catch (RefusedException refused)
        {
            throw new KernelCompilationException(Names.Of(request.Method), refused.Message, builder.Location);
        }
        ControlFlow.RemoveUnreachable(function);
        function.Replace(builder.Ssa.Replacements);
        return function;
    }
}
