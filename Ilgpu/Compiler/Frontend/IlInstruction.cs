namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>
/// One IL instruction. Short forms are written as their long ones ("ldarg.0" and "ldarg.s" as "ldarg", "br.s" as "br", "ldc.i4.m1" as "ldc.i4")
/// and prefixes are properties of what they precede.
/// </summary>
/// <param name="Offset">Of its first prefix, where branches land.</param>
/// <param name="Name">The long form of the mnemonic.</param>
/// <param name="Next">Offset of the instruction behind it.</param>
/// <param name="Operand">int (index, token, branch target, constant), long, float, double or int[] (targets of a switch), else null.</param>
internal sealed record IlInstruction(int Offset, int Next, string Name, object? Operand)
{
    /// <summary>Token of the type of a constrained. prefix, else 0.</summary>
    public int ConstrainedToken { get; init; }

    public bool IsVolatile { get; init; }

    public int Int => (int)Operand!;

    /// <summary>Whether control never goes on to the next instruction.</summary>
    public bool EndsFlow => Name is "br" or "ret" or "throw" or "rethrow" or "leave" or "endfinally" or "jmp";

    /// <summary>Offsets this instruction may jump to.</summary>
    public ReadOnlySpan<int> Targets => Operand switch
    {
        int[] targets => targets,
        int target when IsBranch => new[] { target },
        _ => [],
    };

    public bool IsBranch => Name[0] == 'b' && Name is "br" or "brtrue" or "brfalse" or "beq" or "bne.un" or "bge" or "bgt" or "ble" or "blt"
        or "bge.un" or "bgt.un" or "ble.un" or "blt.un" || Name == "leave";
}
