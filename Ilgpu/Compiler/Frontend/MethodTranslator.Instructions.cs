using System.Reflection;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>One IL instruction after the other: constants, variables, control flow; the rest is handed on.</summary>
internal sealed partial class MethodTranslator
{
    private void Translate(IlBlock block, IlInstruction instruction)
    {
        switch (instruction.Name)
        {
            case "nop" or "break":
                return;
            case "ldc.i4":
                Push(Constant.Int32(instruction.Int));
                return;
            case "ldc.i8":
                Push(Constant.Int64((long)instruction.Operand!));
                return;
            case "ldc.r4":
                Push(Constant.Float32((float)instruction.Operand!));
                return;
            case "ldc.r8":
                Push(Constant.Float64((double)instruction.Operand!));
                return;
            case "ldnull":
                Push(StackValue.OfKnown(typeof(object), NullObject.Instance));
                return;
            case "ldstr":
                Push(StackValue.OfKnown(typeof(string), _method.Module.ResolveString(instruction.Int)));
                return;
            case "dup":
                Push(_stack[^1]);
                return;
            case "pop":
                Pop();
                return;
            case "ldarg":
                Push(_arguments[instruction.Int].Read(_builder));
                return;
            case "starg":
                _arguments[instruction.Int].Write(_builder, Pop());
                return;
            case "ldarga":
                Push(_arguments[instruction.Int].Address);
                return;
            case "ldloc":
                Push(_locals[instruction.Int].Read(_builder));
                return;
            case "stloc":
                _locals[instruction.Int].Write(_builder, Pop());
                return;
            case "ldloca":
                Push(_locals[instruction.Int].Address);
                return;
            case "ret":
                Return();
                return;
            case "br" or "leave":
                _builder.Branch(Reach(block.Successors[0]));
                return;
            case "brtrue" or "brfalse":
                Value predicate = Truth(Pop());
                Choose(block, instruction.Name == "brtrue" ? predicate : _builder.Emit(new Unary(UnaryOp.Not, predicate)));
                return;
            case "beq" or "bne.un" or "bge" or "bgt" or "ble" or "blt" or "bge.un" or "bgt.un" or "ble.un" or "blt.un":
                StackValue right = Pop(), left = Pop();
                Choose(block, Comparison(instruction.Name[1..], left, right));
                return;
            case "switch":
                Switch(block, Pop().Scalar);
                return;
            case "throw" or "rethrow":
                throw new RefusedException("it throws; kernels have no exceptions: return a value, or check before the launch");
            case "call" or "callvirt":
                Call(instruction);
                return;
            case "newobj":
                NewObject((ConstructorInfo)ResolveMethod(instruction.Int));
                return;
            case "ldftn":
                Push(StackValue.OfKnown(typeof(nint), new KnownFunction(ResolveMethod(instruction.Int), null)));
                return;
            default:
                if (!TranslateArithmetic(instruction) && !TranslateMemory(instruction) && !TranslateObject(instruction))
                {
                    throw new RefusedException($"the IL instruction {instruction.Name} has no counterpart on a device");
                }
                return;
        }
    }

    private void Choose(IlBlock block, Value condition)
    {
        IlBlock whenTrue = block.Successors[0], whenFalse = block.Successors[1];
        if (condition is Constant known)
        {
            _builder.Branch(Reach(known.Bits != 0 ? whenTrue : whenFalse));
            return;
        }
        BasicBlock first = Reach(whenTrue), second = Reach(whenFalse);
        _builder.Branch(condition, first, second);
    }

    private void Switch(IlBlock block, Value value)
    {
        if (value is Constant { Bits: var known })
        {
            _builder.Branch(Reach(block.Successors[known >= 0 && known < block.Successors.Count - 1 ? (int)known : ^1]));
            return;
        }
        BasicBlock[] targets = [.. block.Successors.Select(Reach)];
        foreach (BasicBlock target in targets)
        {
            target.Predecessors.Add(_builder.Block!);
        }
        _builder.End(new Switch(value, targets[..^1], targets[^1]));
    }

    /// <summary>The predicate of brtrue: non-zero, not null.</summary>
    private Value Truth(StackValue value) => value.Known switch
    {
        null => _builder.ToPredicate(value.Scalar),
        NullObject => Constant.Bool(false),
        _ => Constant.Bool(true),
    };

    private Type ResolveType(int token) => _method.Module.ResolveType(token, _typeArguments, _methodArguments);

    private FieldInfo ResolveField(int token) => _method.Module.ResolveField(token, _typeArguments, _methodArguments)!;

    private MethodBase ResolveMethod(int token) => _method.Module.ResolveMethod(token, _typeArguments, _methodArguments)!;
}
