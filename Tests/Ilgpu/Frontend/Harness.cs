using System.Reflection;
using System.Runtime.InteropServices;
using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;
using Managed.Ilgpu.Compiler.Passes;

namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>
/// Compiles static methods over pointers and numbers, checks the form after every pass, runs it in the interpreter, and compares
/// every byte of memory with what the method itself leaves when .NET runs it.
/// </summary>
internal static class Harness
{
    public static readonly CompileTarget Target = new(CompileBackend.OpenCL);

    public static KernelFunction Compile(MethodInfo method, bool optimise = true, bool implicitlyGrouped = false, CompileTarget? target = null, params object?[] specialised) =>
        KernelCompiler.BuildHere(
            new KernelRequest(method, implicitlyGrouped, specialised, target ?? Target),
            optimise,
            (pass, function) => Verify(pass, function));

    public static KernelFunction Compile(Delegate kernel, bool optimise = true) => Compile(kernel.Method, optimise);

    /// <summary>Arrays become pointers to their first element; everything else is passed as it is.</summary>
    public static KernelFunction Check(MethodInfo method, params object[] arguments)
    {
        KernelFunction? plain = null;
        foreach (bool optimise in new[] { false, true })
        {
            KernelFunction kernel = Compile(method, optimise);
            object[] here = [.. arguments.Select(Copy)], there = [.. arguments.Select(Copy)];
            RunManaged(method, here);
            RunInterpreted(kernel, there);
            for (int i = 0; i < here.Length; i++)
            {
                Assert.That(there[i], Is.EqualTo(here[i]), $"{Names.Of(method)}, argument {i}, {(optimise ? "optimised" : "plain")}\n{kernel}");
            }
            plain = kernel;
        }
        return plain!;
    }

    public static KernelFunction Check(Delegate kernel, params object[] arguments) => Check(kernel.Method, arguments);

    /// <summary>The refusal's message.</summary>
    public static KernelCompilationException Refused(Delegate kernel) =>
        Assert.Throws<KernelCompilationException>(() => Compile(kernel))!;

    private static void Verify(string pass, KernelFunction function)
    {
        try
        {
            KernelVerifier.Check(function, pass is "address spaces" or "end");
        }
        catch (InvalidOperationException fault)
        {
            throw new InvalidOperationException($"after {pass}: {fault.Message}", fault);
        }
    }

    private static object Copy(object argument) => argument is Array array ? array.Clone() : argument;

    public static void RunManaged(MethodInfo method, object[] arguments)
    {
        List<GCHandle> pins = [];
        object[] passed = [.. arguments.Select((argument, i) =>
        {
            if (argument is not Array)
            {
                return argument;
            }
            GCHandle pin = GCHandle.Alloc(argument, GCHandleType.Pinned);
            pins.Add(pin);
            unsafe
            {
                return Pointer.Box((void*)pin.AddrOfPinnedObject(), method.GetParameters()[i].ParameterType);
            }
        })];
        method.Invoke(null, passed);
        pins.ForEach(pin => pin.Free());
    }

    public static KernelInterpreter RunInterpreted(KernelFunction kernel, params object[] arguments)
    {
        KernelInterpreter interpreter = new(kernel);
        interpreter.Launch((1, 1, 1), (1, 1, 1), [.. arguments.SelectMany(argument => Leaves(interpreter, argument))]);
        return interpreter;
    }

    /// <summary>The flat scalar arguments for one argument.</summary>
    public static IEnumerable<long> Leaves(KernelInterpreter interpreter, object argument)
    {
        if (argument is Array array)
        {
            MethodInfo map = typeof(KernelInterpreter).GetMethod(nameof(KernelInterpreter.Map))!.MakeGenericMethod(array.GetType().GetElementType()!);
            yield return (long)map.Invoke(interpreter, [array])!;
            yield break;
        }
        foreach (Value leaf in HostValues.ToConstants(argument).Leaves)
        {
            yield return ((Constant)leaf).Bits;
        }
    }
}
