using System.Text;
using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;
using Barrier = Managed.Ilgpu.Compiler.IR.Barrier;

namespace Managed.Ilgpu.Compiler.OpenCL;

/// <summary>
/// Writes a kernel as OpenCL C 1.2. Each SSA value is a local variable assigned once, each block a label, each branch a goto;
/// phis are copied on the edges that lead to them. Needs no extension beside those that the target names.
/// </summary>
internal static class OpenCLEmitter
{
    /// <summary>The source of a program with this one kernel; its first line tells the arguments (<see cref="OpenCLSignature"/>).</summary>
    /// <exception cref="KernelCompilationException">The kernel needs what the device or OpenCL 1.2 lacks: inline assembly, doubles, shuffles in divergent code.</exception>
    public static string Emit(KernelFunction kernel, OpenCLTarget target)
    {
        kernel.Number();
        OpenCLSignature signature = OpenCLSignature.Of(kernel);
        OpenCLWriter writer = new(kernel, target);
        RequireFloat64(writer);
        RequireSpaces(writer);
        WarpEmitter.Verify(writer);

        foreach (Parameter parameter in kernel.Parameters.Where(parameter => parameter.Type.IsPointer))
        {
            writer.Line($"{OpenCLTypes.Register(parameter.Type)} v{parameter.Id} = p{parameter.Index} + o{parameter.Index}; // {parameter.Name}");
        }
        foreach (Allocation allocation in kernel.Allocations)
        {
            writer.Line($"{OpenCLTypes.Space(allocation.Type.Space)} uchar a{allocation.Id}[{Math.Max(1, allocation.Bytes)}]"
                + $" __attribute__((aligned({Math.Max(1, allocation.Alignment)})));");
            writer.Line($"{OpenCLTypes.Register(allocation.Type)} v{allocation.Id} = a{allocation.Id};");
        }
        foreach (IGrouping<string, Value> values in kernel.AllValues.Where(HasRegister).GroupBy(RegisterType))
        {
            // The star of a pointer type belongs to each variable.
            string separator = values.Key.EndsWith('*') ? ", *" : ", ";
            writer.Line($"{values.Key}{(values.Key.EndsWith('*') ? "" : " ")}{string.Join(separator, values.Select(writer.Use))};");
        }
        foreach (BasicBlock block in kernel.Blocks)
        {
            WriteBlock(writer, block);
        }

        // Not only where the kernel has doubles: a device may need them for rounding floats correctly.
        bool usesFloat64 = writer.Body.Contains("double", StringComparison.Ordinal);
        StringBuilder text = new();
        text.Append(signature).Append('\n');
        OpenCLPrelude.Write(text, usesFloat64, kernel.AllValues.Any(IsInt64Atomic));
        foreach (string function in writer.Functions)
        {
            text.Append(function).Append('\n');
        }
        text.Append("__kernel void ").Append(kernel.Name).Append('(').AppendJoin(", ", Arguments(kernel, signature)).Append(")\n{\n");
        return text.Append(writer.Body).Append("}\n").ToString();
    }

    private static IEnumerable<string> Arguments(KernelFunction kernel, OpenCLSignature signature)
    {
        foreach (Parameter parameter in kernel.Parameters)
        {
            if (parameter.Type.IsPointer)
            {
                yield return $"{OpenCLTypes.Register(parameter.Type)} p{parameter.Index}";
                yield return $"ulong o{parameter.Index}";
            }
            else
            {
                // Bool is no type of arguments.
                string type = parameter.Type.Kind == ScalarKind.Bool ? "uchar" : OpenCLTypes.Register(parameter.Type);
                yield return $"{type} v{parameter.Id}";
            }
        }
        if (signature.UsesDynamicShared)
        {
            yield return "__local uchar* dynamic_shared";
        }
        if (signature.UsesDynamicSharedBytes)
        {
            yield return "uint dynamic_shared_bytes";
        }
        if (signature.UsesWarpScratch)
        {
            yield return "__local uint* warp_scratch";
        }
    }

    private static bool HasRegister(Value value) => value.Type != ScalarType.Void;

    private static string RegisterType(Value value) =>
        OpenCLTypes.Register(value.Type) + (value is Load { Lanes: > 1 } load ? load.Lanes.ToString(System.Globalization.CultureInfo.InvariantCulture) : "");

    private static bool IsInt64Atomic(Value value) => value is Atomic { Type.Size: 8 };

    private static void RequireFloat64(OpenCLWriter writer)
    {
        Value? first = writer.Kernel.Parameters.Concat(writer.Kernel.AllValues)
            .FirstOrDefault(value => value.Type == ScalarType.Float64 || value.Operands.Any(operand => operand.Type == ScalarType.Float64));
        if (first is not null && !writer.Target.HasFloat64)
        {
            throw writer.Refuse(first, "it computes with double, and the device has no 64-bit floating point (cl_khr_fp64). Use float.");
        }
    }

    private static void RequireSpaces(OpenCLWriter writer)
    {
        ScalarType generic = ScalarType.PointerTo(AddressSpace.Generic);
        if (writer.Kernel.Parameters.Concat(writer.Kernel.AllValues).FirstOrDefault(value => value.Type == generic) is Value value)
        {
            throw writer.Refuse(value, "OpenCL 1.2 has no generic address space: a view or reference must be known to point to global, shared "
                + "or thread memory. Split the code so that one variable does not hold several of them.");
        }
    }

    private static void WriteBlock(OpenCLWriter writer, BasicBlock block)
    {
        writer.Label(block);
        foreach (Value value in block.Values)
        {
            WriteValue(writer, value);
        }
        switch (block.Terminator)
        {
            case Return:
                writer.Line("return;");
                break;
            case Branch branch:
                writer.Line($"{{ {Jump(writer, block, branch, 0)} }}");
                break;
            case ConditionalBranch branch:
                writer.Line($"if ({writer.Use(branch.Operands[0])}) {{ {Jump(writer, block, branch, 0)} }}");
                writer.Line($"else {{ {Jump(writer, block, branch, 1)} }}");
                break;
            case Switch choice:
                writer.Line($"switch ({writer.Use(choice.Operands[0])}) {{");
                for (int i = 0; i < choice.Targets.Length; i++)
                {
                    string label = i == choice.Targets.Length - 1 ? "default" : $"case {i}u";
                    writer.Line($"{label}: {{ {Jump(writer, block, choice, i)} }}");
                }
                writer.Line("}");
                break;
            default:
                throw new InvalidOperationException($"Block {block} of kernel {writer.Kernel.Name} has no terminator.");
        }
    }

    /// <summary>The copies into the phis of the target, as if at once, then the goto.</summary>
    private static string Jump(OpenCLWriter writer, BasicBlock from, Terminator terminator, int target)
    {
        BasicBlock to = terminator.Targets[target];
        int edge = EdgeIndex(from, terminator, target);
        (Phi Phi, Value Source)[] copies = [.. to.Phis.Select(phi => (phi, phi.Operands[edge])).Where(copy => copy.phi != copy.Item2)];
        StringBuilder text = new();
        HashSet<Value> written = [];
        StringBuilder after = new();
        foreach ((Phi phi, Value source) in copies)
        {
            // A source that another copy has overwritten already is read before all of them.
            if (written.Contains(source))
            {
                string temporary = $"t{phi.Id}";
                text.Insert(0, $"{OpenCLTypes.Register(phi.Type)} {temporary} = {writer.Use(source)}; ");
                after.Append($"{writer.Use(phi)} = {temporary}; ");
            }
            else
            {
                text.Append($"{writer.Use(phi)} = {writer.Use(source)}; ");
            }
            written.Add(phi);
        }
        return text.Append(after).Append($"goto {to};").ToString();
    }

    /// <summary>
    /// The entry of the target's predecessors that belongs to this edge: a block that branches twice to one target has two entries there,
    /// in the order of its targets.
    /// </summary>
    private static int EdgeIndex(BasicBlock from, Terminator terminator, int target)
    {
        BasicBlock to = terminator.Targets[target];
        int skip = terminator.Targets.Take(target).Count(earlier => earlier == to);
        for (int i = 0; i < to.Predecessors.Count; i++)
        {
            if (to.Predecessors[i] == from && skip-- == 0)
            {
                return i;
            }
        }
        throw new InvalidOperationException($"{to} does not list {from} among its predecessors often enough.");
    }

    private static void WriteValue(OpenCLWriter writer, Value value)
    {
        switch (value)
        {
            case Phi or Terminator:
                break;
            case InlineAssembly:
                throw writer.Refuse(value, "inline PTX assembly exists on CUDA devices only. Guard it with CudaAsm.IsSupported and give a plain path.");
            case Load or Store or Result or Atomic or PointerOffset or CastSpace or Fence:
                MemoryEmitter.Write(writer, value);
                break;
            case Barrier or Shuffle:
                WarpEmitter.Write(writer, value);
                break;
            default:
                writer.Line($"{writer.Use(value)} = {ArithmeticEmitter.Expression(writer, value)};");
                break;
        }
    }
}
