using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>
/// Where a local or an argument of an inlined method lives: in the thread's memory if its address is taken (a later pass takes it
/// out again), in scalar variables if it is written, else simply as the value it has.
/// </summary>
internal sealed class Place
{
    private readonly Type _type;
    private readonly Allocation? _memory;
    private readonly Variable[] _variables = [];
    private StackValue? _bound;
    private string? _refusal;

    private Place(Type type, Allocation? memory, Variable[] variables, StackValue? bound) =>
        (_type, _memory, _variables, _bound) = (type, memory, variables, bound);

    /// <summary>A place that never changes.</summary>
    public static Place Bound(StackValue value) => new(value.Type, null, [], value);

    /// <summary>For an object that only the compiler knows; it is written once.</summary>
    public static Place ForObject(Type type) => new(type, null, [], null);

    /// <summary>For a type that kernels do not have: unreachable code may declare it.</summary>
    public static Place Refused(Type type, string reason) => new(type, null, [], null) { _refusal = reason };

    public static Place InMemory(Type type, KernelBuilder builder) => new(type, builder.AllocateLocal(TypeLayout.Of(type)), [], null);

    public static Place InVariables(Type type) => new(type, null, [.. TypeLayout.Of(type).Leaves.Select(leaf => new Variable(leaf.Stack))], null);

    private void Require()
    {
        if (_refusal is not null)
        {
            throw new RefusedException(_refusal);
        }
    }

    private bool HoldsObject => _memory is null && _variables.Length == 0 && !(_type.IsValueType || _type.IsByRef || _type.IsPointer);

    public StackValue Read(KernelBuilder builder)
    {
        Require();
        if (_memory is not null)
        {
            return builder.Load(_memory, _type);
        }
        if (_bound is not null)
        {
            return _bound;
        }
        if (HoldsObject)
        {
            throw new RefusedException($"a variable of the class {Names.Of(_type)} is used; kernels have no objects");
        }
        return new StackValue(_type, [.. _variables.Select(variable => builder.Ssa.Read(variable, builder.Block!))]);
    }

    public void Write(KernelBuilder builder, StackValue value)
    {
        Require();
        if (_memory is not null)
        {
            builder.Store(_memory, _type, value);
        }
        else if (HoldsObject)
        {
            if (_bound is not null && !ReferenceEquals(_bound.Known, value.Known))
            {
                throw new RefusedException($"a variable of the class {Names.Of(_type)} has several values; kernels have no objects");
            }
            _bound = value;
        }
        else
        {
            StackValue coerced = builder.Coerce(value, _type);
            if (coerced.Known is not null)
            {
                throw new RefusedException($"an object of type {Names.Of(value.Type)} is stored; kernels have no objects");
            }
            for (int i = 0; i < _variables.Length; i++)
            {
                builder.Ssa.Write(_variables[i], builder.Block!, coerced.Leaves[i]);
            }
        }
    }

    public StackValue Address => _memory is not null
        ? new StackValue(_type.MakeByRefType(), _memory)
        : throw new RefusedException(_refusal ?? $"the address of a variable of type {Names.Of(_type)} is taken");
}
