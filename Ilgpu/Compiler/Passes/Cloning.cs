using Managed.Ilgpu.Compiler.Frontend;
using Managed.Ilgpu.Compiler.IR;
using Atomic = Managed.Ilgpu.Compiler.IR.Atomic;
using Barrier = Managed.Ilgpu.Compiler.IR.Barrier;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;

namespace Managed.Ilgpu.Compiler.Passes;

/// <summary>Copies of values and terminators with other operands and targets.</summary>
internal static class Cloning
{
    /// <summary>The same operation on other operands.</summary>
    public static Value Clone(Value value, Value[] operands)
    {
        Value copy = value switch
        {
            Phi => new Phi(value.Type, operands),
            Binary binary => new Binary(binary.Op, operands[0], operands[1], binary.Unsigned),
            Unary unary => new Unary(unary.Op, operands[0]),
            FusedMultiplyAdd => new FusedMultiplyAdd(operands[0], operands[1], operands[2]),
            Compare compare => new Compare(compare.Op, operands[0], operands[1], compare.Unsigned, compare.Unordered),
            Select => new Select(operands[0], operands[1], operands[2]),
            Convert convert => new Convert(operands[0], convert.Type, convert.SourceUnsigned, convert.TargetUnsigned),
            Reinterpret => new Reinterpret(operands[0], value.Type),
            CastSpace => new CastSpace(operands[0], value.Type.Space),
            AlignedPointer aligned => new AlignedPointer(operands[0], aligned.Bytes),
            PointerOffset { HasIndex: true } offset => new PointerOffset(operands[0], operands[1], offset.Scale, offset.Displacement),
            PointerOffset offset => new PointerOffset(operands[0], offset.Displacement),
            Load load => new Load(operands[0], load.Type, load.Lanes, load.Access),
            Store store => new Store(operands[0], operands[1..], store.Access),
            Result result => new Result(operands[0], result.Index, result.Type),
            SpecialRegister register => new SpecialRegister(register.Kind),
            Barrier barrier => new Barrier(barrier.Kind, operands),
            Fence fence => new Fence(fence.Scope),
            Shuffle shuffle => new Shuffle(shuffle.Kind, operands[0], operands[1], shuffle.Width),
            Atomic atomic => new Atomic(atomic.Op, operands[0], operands[1], operands.Length > 2 ? operands[2] : null, atomic.Unsigned),
            InlineAssembly assembly => new InlineAssembly(assembly.Text, assembly.Outputs, operands, assembly.Ties),
            _ => throw new InvalidOperationException($"{value.Describe()} cannot be copied"),
        };
        copy.Source = value.Source;
        copy.Type = value.Type;
        return copy;
    }

    /// <summary>The same choice between other blocks.</summary>
    public static Terminator Clone(Terminator terminator, Value[] operands, BasicBlock[] targets)
    {
        Terminator copy = terminator switch
        {
            Branch => new Branch(targets[0]),
            ConditionalBranch => new ConditionalBranch(operands[0], targets[0], targets[1]),
            Switch => new Switch(operands[0], targets[..^1], targets[^1]),
            Return => new Return(),
            Refusal refusal => new Refusal(refusal.Reason),
            _ => throw new InvalidOperationException($"{terminator.Describe()} cannot be copied"),
        };
        copy.Source = terminator.Source;
        return copy;
    }
}
