using System.Reflection;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend.Intrinsics;

/// <summary>Writes what a call to a known method means; null for void.</summary>
internal delegate StackValue? Intrinsic(IntrinsicCall call);

/// <summary>A call to a known method and what is needed to write it into the kernel.</summary>
/// <param name="Builder">Where it is written.</param>
/// <param name="Method">With its type arguments.</param>
/// <param name="Arguments">`this` first.</param>
/// <param name="Invoke">Calls another method instead.</param>
/// <param name="Inline">Translates the method from its IL after all.</param>
internal sealed record IntrinsicCall(
    KernelBuilder Builder, MethodBase Method, StackValue[] Arguments,
    Func<MethodBase, StackValue[], StackValue?> Invoke, Func<StackValue?> Inline)
{
    public Type ReturnType => (Method as MethodInfo)?.ReturnType ?? typeof(void);

    public Type GenericArgument(int index = 0) => Method.GetGenericArguments()[index];

    public Type DeclaringArgument(int index = 0) => Method.DeclaringType!.GetGenericArguments()[index];

    public Value Scalar(int index) => Arguments[index].Scalar;

    /// <summary>The argument as the parameter's type has it: numbers narrowed and widened as IL does.</summary>
    public Value Coerced(int index) =>
        Builder.Coerce(Arguments[index], Method.GetParameters()[index - (Method.IsStatic ? 0 : 1)].ParameterType).Scalar;

    public Value Emit(Value value) => Builder.Emit(value);

    /// <summary>A value as the method's return type: a predicate becomes 0 or 1, a wide number is narrowed.</summary>
    public StackValue Return(Value value)
    {
        if (value.Type == ScalarType.Bool)
        {
            value = Builder.FromPredicate(value);
        }
        return ReturnType.IsByRef || ReturnType.IsPointer
            ? new StackValue(ReturnType, value)
            : Builder.Coerce(StackValue.OfScalar(value), ReturnType);
    }

    /// <summary>An integer argument (also an index struct of one dimension) as Int64; unsigned ones are zero-extended.</summary>
    public Value Long(int index)
    {
        Type type = Arguments[index].Type;
        return Builder.ToInteger(Scalar(index), ScalarType.Int64, type == typeof(uint));
    }

    /// <summary>A constant string, as inline assembly and messages need it.</summary>
    public string Text(int index) => Arguments[index].Known as string
        ?? throw new RefusedException($"{Names.Of(Method)} needs a literal string");

    public int ConstantInt(int index, string what) => Scalar(index) is Constant constant
        ? checked((int)constant.Bits)
        : throw new RefusedException($"{Names.Of(Method)} needs a constant {what}");
}
