using System.Text;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>Turns a kernel into the text of a PTX module with one entry, of the lowest version that has what the kernel uses.</summary>
internal static class PtxEmitter
{
    /// <summary>Static shared memory that every target has; more exists only as dynamic shared memory.</summary>
    public const int LargestStaticShared = 48 * 1024;

    /// <summary>The name of dynamic shared memory in a module.</summary>
    private const string DynamicSharedName = "dynamic_shared";

    /// <exception cref="Frontend.KernelCompilationException">The kernel uses what the target does not have.</exception>
    public static string Emit(KernelFunction kernel, PtxTarget target)
    {
        kernel.Number();
        PtxWriter writer = new(kernel, target) { Live = FindLive(kernel) };
        PtxFunctionBody body = new(writer);
        body.Write();

        StringBuilder text = new();
        text.Append($".version {writer.Version / 10}.{writer.Version % 10}\n");
        text.Append($".target sm_{target.Architecture}{(writer.IsSpecific ? "a" : "")}\n.address_size 64\n\n");
        if (writer.UsesDynamicShared)
        {
            text.Append($".extern .shared .align 128 .b8 {DynamicSharedName}[];\n\n");
        }
        text.Append($".visible .entry {Identifier(kernel.Name)}(");
        text.AppendJoin(",", kernel.Parameters.Select(parameter =>
            $"\n    .param .{ParameterType(parameter.Type)} {ParameterName(kernel, parameter)}")).Append(")\n");
        if (kernel.GroupSize > 0)
        {
            text.Append($".maxntid {kernel.GroupSize}, 1, 1\n");
            if (kernel.MinGroupsPerMultiprocessor > 0)
            {
                text.Append($".minnctapersm {kernel.MinGroupsPerMultiprocessor}\n");
            }
        }
        text.Append("{\n");
        writer.Registers.Declare(text);
        DeclareMemory(kernel, writer, text);
        return text.Append('\n').Append(writer.Body).Append("}\n").ToString();
    }

    /// <summary>The name as PTX can write it; a kernel's own name should already be so.</summary>
    public static string Identifier(string name)
    {
        string text = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '$' ? c : '_'));
        return text.Length == 0 || char.IsAsciiDigit(text[0]) ? "k_" + text : text;
    }

    public static string ParameterName(KernelFunction kernel, Parameter parameter) => $"{Identifier(kernel.Name)}_param_{parameter.Index}";

    /// <summary>The type of the parameter's slot and of the load from it.</summary>
    public static string ParameterType(ScalarType type) => type.Kind switch
    {
        ScalarKind.Float32 => "f32",
        ScalarKind.Float64 => "f64",
        ScalarKind.Float16 => "u16",
        _ => $"u{type.Size * 8}",
    };

    public static string AllocationName(Allocation allocation) => $"{allocation.Type.Space.ToString().ToLowerInvariant()}_{allocation.Id}";

    public static void UseDynamicShared(PtxWriter writer, Value value)
    {
        writer.UsesDynamicShared = true;
        writer.Bind(value, writer.Compute(RegisterClass.Bits32, "mov.u32", DynamicSharedName));
    }

    private static void DeclareMemory(KernelFunction kernel, PtxWriter writer, StringBuilder text)
    {
        long shared = kernel.Allocations.Where(allocation => allocation.Type.Space == AddressSpace.Shared).Sum(allocation => allocation.Bytes);
        if (shared > LargestStaticShared)
        {
            throw writer.Refuse($"{shared} bytes of static shared memory; a kernel can have {LargestStaticShared}. Take the large arrays from dynamic shared memory, whose size the launch gives.");
        }
        foreach (Allocation allocation in kernel.Allocations.Where(writer.Live.Contains))
        {
            string space = allocation.Type.Space.ToString().ToLowerInvariant();
            text.Append($"    .{space} .align {Math.Max(allocation.Alignment, 1)} .b8 {AllocationName(allocation)}[{Math.Max(allocation.Bytes, 1)}];\n");
        }
    }

    /// <summary>What has an effect, and all that it is computed from.</summary>
    private static HashSet<Value> FindLive(KernelFunction kernel)
    {
        HashSet<Value> live = [];
        Stack<Value> pending = new(kernel.AllValues.Where(value => value.HasEffect));
        while (pending.TryPop(out Value? value))
        {
            if (live.Add(value))
            {
                foreach (Value operand in value.Operands)
                {
                    pending.Push(operand);
                }
            }
        }
        return live;
    }
}
