using System.Text;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>
/// The four kinds of registers that are needed: the bit-typed ones are accepted by every instruction of their size, floats included.
/// </summary>
internal enum RegisterClass
{
    Predicate,
    Bits16,
    Bits32,
    Bits64,
}

/// <summary>Hands out virtual registers; the assembler maps them to the hardware's.</summary>
internal sealed class PtxRegisters
{
    private static readonly string[] s_prefixes = ["%p", "%h", "%r", "%rd"];
    private static readonly string[] s_types = [".pred", ".b16", ".b32", ".b64"];

    private readonly int[] _counts = new int[4];

    /// <summary>Which registers hold a type. Addresses of shared memory are 32 bits, all others 64.</summary>
    public static RegisterClass ClassOf(ScalarType type) => type.Kind switch
    {
        ScalarKind.Bool => RegisterClass.Predicate,
        ScalarKind.Int8 or ScalarKind.Int16 or ScalarKind.Float16 => RegisterClass.Bits16,
        ScalarKind.Int32 or ScalarKind.Float32 => RegisterClass.Bits32,
        ScalarKind.Pointer when type.Space == AddressSpace.Shared => RegisterClass.Bits32,
        ScalarKind.Int64 or ScalarKind.Float64 or ScalarKind.Pointer => RegisterClass.Bits64,
        _ => throw new InvalidOperationException($"A value of type {type} has no register."),
    };

    /// <summary>Bits of a register of the class; 0 for predicates.</summary>
    public static int Width(RegisterClass registerClass) => registerClass == RegisterClass.Predicate ? 0 : 8 << (int)registerClass;

    /// <summary>The class of a register by its name.</summary>
    public static RegisterClass ClassOf(string register) => register[1] switch
    {
        'p' => RegisterClass.Predicate,
        'h' => RegisterClass.Bits16,
        _ => register[2] == 'd' ? RegisterClass.Bits64 : RegisterClass.Bits32,
    };

    public string Allocate(RegisterClass registerClass) => s_prefixes[(int)registerClass] + _counts[(int)registerClass]++;

    public string Allocate(ScalarType type) => Allocate(ClassOf(type));

    /// <summary>Writes `.reg .b32 %r&lt;12&gt;;` for each class in use.</summary>
    public void Declare(StringBuilder text)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] > 0)
            {
                text.Append($"    .reg {s_types[i],-5} {s_prefixes[i]}<{_counts[i]}>;\n");
            }
        }
    }
}
