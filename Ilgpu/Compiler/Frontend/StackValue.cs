using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>
/// What stands on IL's evaluation stack: the scalars of a value of some type, or something known only to the compiler
/// (a string, a type, a delegate, a boxed value).
/// </summary>
internal sealed class StackValue
{
    public StackValue(Type type, params Value[] leaves) => (Type, Leaves) = (type, leaves);

    private StackValue(Type type, object known) => (Type, Leaves, Known) = (type, [], known);

    public Type Type { get; }

    public Value[] Leaves { get; }

    /// <summary>Set for what the compiler alone knows; then there are no leaves.</summary>
    public object? Known { get; }

    /// <summary>The only scalar.</summary>
    public Value Scalar => Leaves.Length == 1
        ? Leaves[0]
        : throw new RefusedException(Known is null
            ? $"a value of type {Names.Of(Type)} stands where a number is needed"
            : $"an object of type {Names.Of(Type)} is used; kernels have no objects");

    public static StackValue OfKnown(Type type, object known) => new(type, known);

    public static StackValue OfScalar(Value value) => new(
        value.Type.Kind switch
        {
            ScalarKind.Float32 => typeof(float),
            ScalarKind.Float64 => typeof(double),
            ScalarKind.Int64 => typeof(long),
            ScalarKind.Pointer => typeof(byte).MakePointerType(),
            _ => typeof(int),
        },
        value);
}

/// <summary>A value in a box: only unboxing, type tests and null tests see it.</summary>
internal sealed record Boxed(StackValue Content);

/// <summary>The null reference.</summary>
internal sealed class NullObject
{
    public static readonly NullObject Instance = new();
}

/// <summary>A function pointer or a delegate over it, known at compile time.</summary>
internal sealed record KnownFunction(System.Reflection.MethodBase Method, StackValue? Target);
