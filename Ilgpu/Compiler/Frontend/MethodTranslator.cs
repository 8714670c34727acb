using System.Reflection;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>
/// Runs a method's IL over values instead of numbers and so writes it into the kernel. Each call is translated in place, by a
/// translator of its own.
/// </summary>
internal sealed partial class MethodTranslator
{
    private const int DeepestCall = 200;

    private readonly KernelBuilder _builder;
    private readonly MethodBase _method;
    private readonly MethodTranslator? _caller;
    private readonly MethodBody _body;
    private readonly Type[] _typeArguments;
    private readonly Type[] _methodArguments;
    private readonly List<IlBlock> _blocks;
    private readonly Dictionary<IlBlock, BlockState> _states = [];
    private readonly Place[] _arguments;
    private readonly Place[] _locals;
    private readonly List<StackValue> _stack = [];
    private readonly Type _returnType;
    private StackValue? _result;
    private BasicBlock? _exit;
    private Place? _results;
    private bool _followedBySingle; // C# writes (float)uint as conv.r.un, conv.r4: one rounding

    /// <param name="builder">Stands where the call is.</param>
    /// <param name="method">Has IL.</param>
    /// <param name="arguments">One for each parameter, `this` first.</param>
    /// <param name="caller">The translator of the calling method; null for the kernel.</param>
    public MethodTranslator(KernelBuilder builder, MethodBase method, StackValue[] arguments, MethodTranslator? caller)
    {
        (_builder, _method, _caller) = (builder, method, caller);
        RefuseRecursion();
        _body = method.GetMethodBody()
            ?? throw new RefusedException($"{Names.Of(method)} has no IL (it is abstract, native or built into the runtime)");
        if (_body.ExceptionHandlingClauses.Count > 0)
        {
            throw new RefusedException($"{Names.Of(method)} has try, catch, using, lock or foreach blocks; kernels have no exceptions");
        }
        _typeArguments = method.DeclaringType?.IsGenericType == true ? method.DeclaringType.GetGenericArguments() : [];
        _methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : [];
        _returnType = (method as MethodInfo)?.ReturnType ?? typeof(void);
        List<IlInstruction> instructions = IlReader.Read(_body.GetILAsByteArray()!);
        _blocks = IlBlock.Build(instructions);
        _arguments = MakeArguments(arguments, instructions);
        _locals = MakeLocals(instructions);
    }

    /// <summary>A block while its method is translated: what stands on the stack when control comes to it.</summary>
    private sealed class BlockState
    {
        public BasicBlock? Block { get; set; }

        public Place[]? Stack { get; set; }

        public int WaitingFor { get; set; }
    }

    /// <summary>
    /// Translates the whole method from the builder's block on. Afterwards the builder stands behind it, or nowhere if it never
    /// returns. Null for void methods.
    /// </summary>
    public StackValue? Run()
    {
        SourceLocation? callerLocation = _builder.Location;
        foreach (IlBlock block in _blocks)
        {
            _states[block] = new BlockState { WaitingFor = block.Predecessors.Count };
        }
        int returns = _blocks.Count(block => block.Instructions[^1].Name == "ret");
        if (returns > 1)
        {
            _exit = _builder.NewBlock();
            _results = _returnType == typeof(void) ? null : _returnType.IsValueType || _returnType.IsByRef || _returnType.IsPointer
                ? Place.InVariables(_returnType)
                : Place.ForObject(_returnType);
        }
        BasicBlock start = _builder.Block!;
        _builder.Block = null;
        foreach (IlBlock block in _blocks)
        {
            if (Enter(block, start))
            {
                Translate(block);
            }
            foreach (IlBlock successor in block.Successors)
            {
                BlockState state = _states[successor];
                if (--state.WaitingFor == 0 && state.Block is { } reached)
                {
                    _builder.Ssa.Seal(reached);
                }
            }
        }
        _builder.Location = callerLocation;
        _builder.Block = _exit;
        if (returns > 1)
        {
            _builder.Ssa.Seal(_exit!);
            if (_exit!.Predecessors.Count == 0)
            {
                _builder.Block = null;
            }
            else
            {
                _result = _results?.Read(_builder);
            }
        }
        return _result;
    }

    private bool Enter(IlBlock block, BasicBlock start)
    {
        BlockState state = _states[block];
        _stack.Clear();
        if (block == _blocks[0])
        {
            _builder.Block = start;
            if (block.Predecessors.Count > 0)
            {
                state.Block ??= _builder.NewBlock();
                _builder.Branch(state.Block);
                _builder.Block = state.Block;
            }
            return true;
        }
        if (state.Block is null)
        {
            return false; // only false conditions lead here
        }
        _builder.Block = state.Block;
        foreach (Place place in state.Stack!)
        {
            _stack.Add(place.Read(_builder));
        }
        return true;
    }

    private void Translate(IlBlock block)
    {
        IlInstruction last = block.Instructions[^1];
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            IlInstruction instruction = block.Instructions[i];
            _followedBySingle = i + 1 < block.Instructions.Count && block.Instructions[i + 1].Name == "conv.r4";
            _builder.Location = SourceLines.Locate(_method, instruction.Offset);
            try
            {
                Translate(block, instruction);
            }
            catch (RefusedException refused)
            {
                if (_builder.Block is not null)
                {
                    _builder.End(new Refusal(refused.Message));
                }
            }
            if (_builder.Block is null)
            {
                return;
            }
        }
        if (!last.EndsFlow)
        {
            _builder.Branch(Reach(block.Successors[^1]));
        }
    }

    /// <summary>The block where a jump lands; hands it what stands on the stack.</summary>
    private BasicBlock Reach(IlBlock target)
    {
        BlockState state = _states[target];
        state.Block ??= _builder.NewBlock();
        state.Stack ??= [.. _stack.Select(value => value.Known is null ? Place.InVariables(OnStack(value.Type)) : Place.ForObject(value.Type))];
        if (state.Stack.Length != _stack.Count)
        {
            throw new RefusedException("paths that join leave different numbers of values on the stack");
        }
        for (int i = 0; i < _stack.Count; i++)
        {
            state.Stack[i].Write(_builder, _stack[i]);
        }
        return state.Block;
    }

    // IL's stack has no integers below 32 bits: a byte of one path must not narrow the number of another.
    private static Type OnStack(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Boolean or TypeCode.Char or TypeCode.SByte or TypeCode.Byte or TypeCode.Int16 or TypeCode.UInt16 => typeof(int),
        _ => type,
    };

    private void Return()
    {
        StackValue? value = _returnType == typeof(void) ? null : Pop();
        if (value is { Known: null })
        {
            value = _returnType.IsByRef || _returnType.IsPointer ? value : _builder.Coerce(value, _returnType);
        }
        if (_exit is null)
        {
            _result = value;
            _exit = _builder.Block;
            _builder.Block = null;
            return;
        }
        if (value is not null)
        {
            _results!.Write(_builder, value);
        }
        _builder.Branch(_exit);
    }

    private void Push(StackValue value) => _stack.Add(value);

    private void Push(Value value) => _stack.Add(StackValue.OfScalar(value));

    private StackValue Pop()
    {
        StackValue value = _stack[^1];
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private Place[] MakeArguments(StackValue[] arguments, List<IlInstruction> instructions)
    {
        HashSet<int> addressed = [.. instructions.Where(i => i.Name == "ldarga").Select(i => i.Int)];
        HashSet<int> written = [.. instructions.Where(i => i.Name == "starg").Select(i => i.Int)];
        Place[] places = new Place[arguments.Length];
        for (int i = 0; i < places.Length; i++)
        {
            StackValue value = arguments[i];
            if (value.Known is null && (addressed.Contains(i) || written.Contains(i)))
            {
                places[i] = addressed.Contains(i) ? Place.InMemory(value.Type, _builder) : Place.InVariables(value.Type);
                places[i].Write(_builder, value);
            }
            else
            {
                places[i] = Place.Bound(value);
            }
        }
        return places;
    }

    private Place[] MakeLocals(List<IlInstruction> instructions)
    {
        HashSet<int> addressed = [.. instructions.Where(i => i.Name == "ldloca").Select(i => i.Int)];
        Place[] places = new Place[_body.LocalVariables.Count];
        foreach (LocalVariableInfo local in _body.LocalVariables)
        {
            try
            {
                places[local.LocalIndex] = MakeLocal(local.LocalType, addressed.Contains(local.LocalIndex));
            }
            catch (RefusedException refused)
            {
                places[local.LocalIndex] = Place.Refused(local.LocalType, refused.Message);
            }
        }
        return places;
    }

    private Place MakeLocal(Type type, bool isAddressed)
    {
        if (!type.IsValueType && !type.IsByRef && !type.IsPointer)
        {
            return Place.ForObject(type);
        }
        if (!isAddressed)
        {
            return Place.InVariables(type);
        }
        Place place = Place.InMemory(type, _builder);
        if (_body.InitLocals && TypeLayout.Of(type).Leaves.Length <= 16)
        {
            place.Write(_builder, KernelBuilder.Zero(type)); // larger ones are left to C#'s definite assignment
        }
        return place;
    }

    private void RefuseRecursion()
    {
        int depth = 0;
        for (MethodTranslator? outer = _caller; outer is not null; outer = outer._caller)
        {
            if (outer._method == _method)
            {
                throw new RefusedException($"{Names.Of(_method)} calls itself; kernels have no call stack: write it as a loop");
            }
            if (++depth > DeepestCall)
            {
                throw new RefusedException($"calls are nested more than {DeepestCall} deep");
            }
        }
    }
}
