namespace Managed.Ilgpu.Compiler.IR;

/// <summary>How a block ends.</summary>
internal abstract class Terminator(BasicBlock[] targets, params Value[] operands) : Value(ScalarType.Void, operands)
{
    public BasicBlock[] Targets { get; } = targets;

    public override bool HasEffect => true;
}

internal sealed class Branch(BasicBlock target) : Terminator([target])
{
    public override string Describe() => $"branch b{Targets[0].Id}";
}

/// <summary>To the first target if the predicate holds, else to the second.</summary>
internal sealed class ConditionalBranch(Value condition, BasicBlock whenTrue, BasicBlock whenFalse) : Terminator([whenTrue, whenFalse], condition)
{
    public override string Describe() => $"branch b{Targets[0].Id} else b{Targets[1].Id} if";
}

/// <summary>To target i for the Int32 value i; to the last target otherwise.</summary>
internal sealed class Switch(Value value, BasicBlock[] cases, BasicBlock otherwise) : Terminator([.. cases, otherwise], value)
{
    public override string Describe() => $"switch {string.Join(" ", Targets.Select(target => $"b{target.Id}"))}";
}

internal sealed class Return() : Terminator([])
{
    public override string Describe() => "return";
}
