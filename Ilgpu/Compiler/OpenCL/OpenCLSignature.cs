using System.Text;
using Managed.Ilgpu.Compiler.IR;
using Barrier = Managed.Ilgpu.Compiler.IR.Barrier;

namespace Managed.Ilgpu.Compiler.OpenCL;

/// <summary>
/// How the flat scalar parameters of a kernel become arguments of the OpenCL kernel. A pointer takes two, a buffer and an offset in
/// bytes (Int64), since OpenCL 1.2 cannot pass an address inside a buffer; a scalar takes one. Then come the hidden ones, in the order
/// of the flags. It is written into the first line of the generated source, so that a cached program carries it along.
/// </summary>
internal sealed class OpenCLSignature
{
    private const string Mark = "// arguments: ";

    private OpenCLSignature(string code) => Code = code;

    /// <summary>A letter for each flat parameter (p: pointer; 1, 2, 4, 8: scalar of so many bytes), then one for each hidden argument.</summary>
    public string Code { get; }

    /// <summary>Flat parameters.</summary>
    public int ParameterCount => Code.Length - (UsesDynamicShared ? 1 : 0) - (UsesDynamicSharedBytes ? 1 : 0) - (UsesWarpScratch ? 1 : 0);

    /// <summary>A __local argument of the size that the launch asks for.</summary>
    public bool UsesDynamicShared => Code.Contains('D');

    /// <summary>That size as an Int32.</summary>
    public bool UsesDynamicSharedBytes => Code.Contains('B');

    /// <summary>A __local argument of 4 bytes for each thread of the group (at least 8), for shuffles and reducing barriers.</summary>
    public bool UsesWarpScratch => Code.Contains('W');

    /// <summary>What a kernel needs.</summary>
    public static OpenCLSignature Of(KernelFunction kernel)
    {
        StringBuilder code = new();
        foreach (Parameter parameter in kernel.Parameters)
        {
            code.Append(parameter.Type.IsPointer ? 'p' : (char)('0' + parameter.Type.Size));
        }
        bool dynamicShared = false, dynamicSharedBytes = false, scratch = false;
        foreach (Value value in kernel.AllValues)
        {
            dynamicShared |= value is DynamicShared || value.Operands.Any(operand => operand is DynamicShared);
            dynamicSharedBytes |= value is SpecialRegister { Kind: SpecialRegisterKind.DynamicSharedBytes };
            scratch |= value is Shuffle or Barrier { Kind: BarrierKind.GroupCount or BarrierKind.GroupAnd or BarrierKind.GroupOr };
        }
        code.Append(dynamicShared ? "D" : "").Append(dynamicSharedBytes ? "B" : "").Append(scratch ? "W" : "");
        return new OpenCLSignature(code.ToString());
    }

    /// <summary>Reads it back from the first line of a generated source.</summary>
    /// <exception cref="FormatException">The text was not written by the emitter.</exception>
    public static OpenCLSignature Parse(string source)
    {
        int end = source.IndexOf('\n');
        return source.StartsWith(Mark, StringComparison.Ordinal) && end > 0
            ? new OpenCLSignature(source[Mark.Length..end].Trim())
            : throw new FormatException($"The OpenCL source does not begin with \"{Mark}\": it was not written by this emitter.");
    }

    public override string ToString() => Mark + Code;
}
