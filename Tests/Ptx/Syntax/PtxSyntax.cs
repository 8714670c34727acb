namespace Managed.Tests.Ptx;

internal enum OperandKind { Name, Integer, Float, Vector, Address, Pair, Sink }

/// <summary>An operand as written.</summary>
internal sealed record Operand(OperandKind Kind)
{
    /// <summary>Name of a register, variable, label or function; of an address: its base, empty for an absolute one.</summary>
    public string Name { get; init; } = "";

    /// <summary>Value of a literal: integers as two's complement.</summary>
    public ulong Bits { get; init; }

    /// <summary>The literal is written as 32 bits (0f…).</summary>
    public bool Single { get; init; }

    /// <summary>A minus stood before an integer.</summary>
    public bool Minus { get; init; }

    /// <summary>A '!' stands before a predicate.</summary>
    public bool Negated { get; init; }

    /// <summary>Bytes added to an address's base.</summary>
    public long Offset { get; init; }

    /// <summary>Elements of a vector; the two sides of "d|p"; the coordinates of a tensor address.</summary>
    public Operand[] Elements { get; init; } = [];

    public override string ToString() => Kind switch
    {
        OperandKind.Vector => "{" + string.Join(",", (object[])Elements) + "}",
        OperandKind.Pair => $"{Elements[0]}|{Elements[1]}",
        OperandKind.Address => $"[{Name}+{Offset}]",
        OperandKind.Sink => "_",
        OperandKind.Integer => Minus ? ((long)Bits).ToString() : Bits.ToString(),
        OperandKind.Float => $"{(Single ? "0f" : "0d")}{Bits:X}",
        _ => (Negated ? "!" : "") + Name,
    };
}

/// <summary>One thing in a function's body, with the place it stands.</summary>
internal abstract record Statement(int Line, string Source)
{
    public PtxException Error(string problem) => new(Line, Source, problem);
}

internal sealed record LabelStatement(string Name, int Line, string Source) : Statement(Line, Source);

/// <summary>`table: .branchtargets A, B;`</summary>
internal sealed record BranchTargetsStatement(string Name, string[] Labels, int Line, string Source) : Statement(Line, Source);

internal sealed record ScopeStatement(List<Statement> Body, int Line, string Source) : Statement(Line, Source);

/// <summary>`.reg .b32 %r&lt;4&gt;, x;` Count 0 means the name alone.</summary>
internal sealed record RegisterStatement(ScalarType Type, (string Name, int Count)[] Names, int Line, string Source) : Statement(Line, Source);

/// <summary>A variable in memory, in the module or in a body.</summary>
internal sealed record VariableStatement(Variable Variable, int Line, string Source) : Statement(Line, Source);

/// <summary>`@!p add.s32 d, a, b;` with the words of the opcode apart.</summary>
internal sealed record InstructionStatement(string[] Words, Operand[] Operands, string? Guard, bool GuardNegated, int Line, string Source) : Statement(Line, Source)
{
    public string Opcode => string.Join('.', Words);
}

/// <summary>`call.uni (results), function, (arguments);`</summary>
internal sealed record CallStatement(string Function, Operand[] Results, Operand[] Arguments, string? Guard, bool GuardNegated, int Line, string Source)
    : Statement(Line, Source);

/// <summary>A variable: state space, alignment, size, and the bytes it starts with.</summary>
/// <param name="Bytes">Size; 0 for an extern array, whose size the launch gives.</param>
internal sealed record Variable(string Name, string Space, ScalarType Type, int Alignment, int Bytes, bool IsExtern, byte[]? Initial);

/// <summary>A parameter of an entry or function: in memory, or a register of a function.</summary>
internal sealed record Parameter(string Name, ScalarType Type, bool IsRegister, int Alignment, int Bytes, int Offset);

/// <summary>An entry or a function.</summary>
internal sealed record FunctionSyntax(
    string Name, bool IsEntry, Parameter[] Results, Parameter[] Parameters, Dictionary<string, int[]> Directives, List<Statement> Body, int Line, string Source)
{
    public PtxException Error(string problem) => new(Line, Source, problem);

    /// <summary>Bytes of all parameters of an entry.</summary>
    public int ParameterBytes => Parameters.Length == 0 ? 0 : Parameters[^1].Offset + Parameters[^1].Bytes;
}
