using System.Globalization;
using System.Text;
using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>How a constant is written: the instruction's type decides.</summary>
internal enum Literal
{
    Signed,
    Unsigned,
    Bits,
    Float,
}

/// <summary>The text of one kernel in the making: instructions, registers, labels, and the least PTX version that it needs.</summary>
internal sealed class PtxWriter(KernelFunction kernel, PtxTarget target)
{
    private readonly StringBuilder _body = new();
    private readonly Dictionary<Value, string> _operands = [];
    private int _labels;

    public KernelFunction Kernel { get; } = kernel;

    public PtxTarget Target { get; } = target;

    public PtxRegisters Registers { get; } = new();

    /// <summary>In tenths: 74 is 7.4.</summary>
    public int Version { get; private set; } = target.LeastVersion;

    public bool UsesDynamicShared { get; set; }

    /// <summary>The module must be for this very architecture ("sm_90a").</summary>
    public bool IsSpecific { get; private set; }

    /// <summary>The values that something observable depends on; others are not written.</summary>
    public HashSet<Value> Live { get; init; } = [];

    public string Body => _body.ToString();

    /// <summary>The value needs this PTX version and architecture; a target below it is refused.</summary>
    public void Require(int version, int architecture, string what, Value? value = null)
    {
        Version = Math.Max(Version, version);
        if (Target.Architecture < architecture)
        {
            throw Refuse($"{what} needs sm_{architecture}, and the target is {Target}.", value);
        }
    }

    /// <summary>The value needs what only this very architecture has.</summary>
    public void RequireSpecific(string what, Value? value = null)
    {
        IsSpecific = Target.ArchitectureSpecific
            ? true
            : throw Refuse($"{what} needs a target for one architecture, such as sm_90a, and the target is {Target}.", value);
    }

    /// <summary>The kernel cannot be written for this target, and why.</summary>
    public KernelCompilationException Refuse(string reason, Value? value = null) => new(Kernel.Name, reason, value?.Source);

    /// <summary>One instruction: mnemonic and operands, aligned.</summary>
    public void Write(string mnemonic, params ReadOnlySpan<string> operands)
    {
        _body.Append("    ").Append(operands.Length == 0 ? mnemonic : mnemonic.PadRight(19) + " ");
        for (int i = 0; i < operands.Length; i++)
        {
            _body.Append(i == 0 ? "" : ", ").Append(operands[i]);
        }
        _body.Append(";\n");
    }

    /// <summary>A line as it is: directives, guarded branches, assembly.</summary>
    public void Line(string text) => _body.Append("    ").Append(text).Append('\n');

    public void Comment(string text) => _body.Append("    // ").Append(Ascii(text)).Append('\n');

    public void Label(string label, string comment = "") =>
        _body.Append(label).Append(':').Append(comment.Length == 0 ? "" : "  // " + Ascii(comment)).Append('\n');

    public string NewLabel(string purpose) => $"${purpose}_{_labels++}";

    /// <summary>An instruction whose result is a fresh register.</summary>
    public string Compute(RegisterClass registerClass, string mnemonic, params ReadOnlySpan<string> operands)
    {
        string register = Registers.Allocate(registerClass);
        Write(mnemonic, [register, .. operands]);
        return register;
    }

    /// <summary>The register (or constant) that stands for the value from now on.</summary>
    public void Bind(Value value, string operand) => _operands[value] = operand;

    /// <summary>A fresh register for the value's result.</summary>
    public string Define(Value value)
    {
        string register = Registers.Allocate(value.Type);
        _operands[value] = register;
        return register;
    }

    /// <summary>The value as an operand: its register, or its number as an immediate.</summary>
    public string Operand(Value value, Literal literal = Literal.Bits) => value is Constant constant
        ? constant.Type.Kind == ScalarKind.Bool ? Register(value) : WriteConstant(constant, literal)
        : _operands.TryGetValue(value, out string? operand)
            ? operand
            : throw new InvalidOperationException($"Kernel {Kernel.Name} uses {value} before it is computed.");

    /// <summary>The value in a register; constants are moved into a fresh one.</summary>
    public string Register(Value value)
    {
        string operand = value is Constant { Type.Kind: ScalarKind.Bool } flag ? (flag.Bits != 0 ? "1" : "0") : Operand(value);
        return operand[0] == '%' ? operand : Move(PtxRegisters.ClassOf(value.Type), operand);
    }

    /// <summary>A fresh register with a copy of the operand.</summary>
    public string Move(RegisterClass registerClass, string operand) =>
        Compute(registerClass, MoveOf(registerClass), operand);

    public static string MoveOf(RegisterClass registerClass) =>
        registerClass == RegisterClass.Predicate ? "mov.pred" : "mov.b" + PtxRegisters.Width(registerClass);

    private static string WriteConstant(Constant constant, Literal literal)
    {
        long bits = constant.Bits;
        RegisterClass registerClass = PtxRegisters.ClassOf(constant.Type);
        if (literal == Literal.Float)
        {
            return registerClass == RegisterClass.Bits32 ? $"0f{(uint)bits:X8}" : $"0d{(ulong)bits:X16}";
        }
        (long signed, ulong unsigned) = registerClass switch
        {
            RegisterClass.Bits16 => ((short)bits, (ulong)(ushort)bits),
            RegisterClass.Bits32 => ((int)bits, (ulong)(uint)bits),
            _ => (bits, (ulong)bits),
        };
        bool decimalForm = unsigned < 1000 || (literal == Literal.Signed && signed > int.MinValue) || (literal == Literal.Unsigned && signed >= 0);
        return decimalForm ? signed.ToString(CultureInfo.InvariantCulture) : $"0x{unsigned:X}";
    }

    /// <summary>The assembler reads ASCII only, in comments too.</summary>
    public static string Ascii(string text) =>
        string.Create(text.Length, text, (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = source[i] is >= ' ' and <= '~' ? source[i] : '?';
            }
        });
}
