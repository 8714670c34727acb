namespace Managed.Ilgpu.Compiler.IR;

/// <summary>One SSA value or effect: it is defined once, in one block, from its operands.</summary>
internal abstract class Value(ScalarType type, params Value[] operands)
{
    /// <summary>The type of the result; <see cref="ScalarType.Void"/> for pure effects.</summary>
    public ScalarType Type { get; internal set; } = type;

    /// <summary>What it is computed from. Passes replace entries in place.</summary>
    public Value[] Operands { get; protected internal set; } = operands;

    /// <summary>Number within the kernel for printing; given by <see cref="KernelFunction.Number"/>.</summary>
    public int Id { get; internal set; } = -1;

    /// <summary>The IL it came from, for messages.</summary>
    public SourceLocation? Source { get; internal set; }

    /// <summary>Must stay where it is even if nobody uses the result.</summary>
    public virtual bool HasEffect => false;

    /// <summary>Equal operands give equal results anywhere in the kernel: may be merged and moved.</summary>
    public virtual bool IsPure => !HasEffect;

    /// <summary>The operation's name and everything but its operands, for printing and for finding equal values.</summary>
    public abstract string Describe();

    public override string ToString() => (Type == ScalarType.Void ? "" : $"%{Id}: {Type} = ")
        + Describe() + (Operands.Length == 0 ? "" : " " + string.Join(", ", Operands.Select(Reference)));

    /// <summary>How a value is written where it is used.</summary>
    public static string Reference(Value value) => value is Constant constant ? constant.Describe() : $"%{value.Id}";
}

/// <summary>A place in IL and, where symbols are at hand, in the source.</summary>
internal sealed record SourceLocation(string Method, int IlOffset, string? File = null, int Line = 0)
{
    public override string ToString() => File is null ? $"{Method} at IL {IlOffset:x4}" : $"{Method} at IL {IlOffset:x4} ({File}:{Line})";
}
