using System.Reflection;
using Managed.Ilgpu.Compiler.Frontend.Intrinsics;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>Calls: intrinsics become operations, everything else is translated in place.</summary>
internal sealed partial class MethodTranslator
{
    private void Call(IlInstruction instruction)
    {
        MethodBase method = ResolveMethod(instruction.Int);
        ParameterInfo[] parameters = method.GetParameters();
        StackValue[] arguments = new StackValue[parameters.Length + (method.IsStatic ? 0 : 1)];
        for (int i = arguments.Length - 1; i >= 0; i--)
        {
            arguments[i] = Pop();
        }
        if (instruction.ConstrainedToken != 0)
        {
            method = CallResolution.OnType(ResolveType(instruction.ConstrainedToken), method);
        }
        else if (instruction.Name == "callvirt" && arguments[0].Known is KnownFunction function && method.Name == "Invoke")
        {
            (method, arguments) = (function.Method, function.Method.IsStatic ? arguments[1..] : [function.Target!, .. arguments[1..]]);
        }
        else if (method.IsVirtual && !method.IsFinal && !method.IsStatic && instruction.Name == "callvirt")
        {
            Type type = arguments[0].Type;
            method = type.IsByRef && type.GetElementType() is { IsValueType: true } exact
                ? CallResolution.OnType(exact, method)
                : throw new RefusedException($"{Names.Of(method)} is called through a class or interface; make the method generic over a struct instead");
        }
        if (Invoke(method, arguments) is { } result)
        {
            Push(result);
        }
    }

    private StackValue? Invoke(MethodBase method, StackValue[] arguments)
    {
        if (IntrinsicTable.Find(method) is { } intrinsic)
        {
            return intrinsic(Describe(method, arguments));
        }
        return Inline(method, arguments);
    }

    private IntrinsicCall Describe(MethodBase method, StackValue[] arguments) =>
        new(_builder, method, arguments, (other, values) => Invoke(other, values), () => Inline(method, arguments));

    private StackValue? Inline(MethodBase method, StackValue[] arguments)
    {
        ParameterInfo[] parameters = method.GetParameters();
        int first = method.IsStatic ? 0 : 1;
        StackValue[] values = new StackValue[arguments.Length];
        for (int i = 0; i < values.Length; i++)
        {
            Type? declared = i < first ? null : parameters[i - first].ParameterType;
            values[i] = declared is { IsValueType: true } ? _builder.Coerce(arguments[i], declared) : arguments[i];
        }
        return new MethodTranslator(_builder, method, values, this).Run();
    }

    private void NewObject(ConstructorInfo constructor)
    {
        Type type = constructor.DeclaringType!;
        StackValue[] arguments = new StackValue[constructor.GetParameters().Length];
        for (int i = arguments.Length - 1; i >= 0; i--)
        {
            arguments[i] = Pop();
        }
        if (typeof(Delegate).IsAssignableFrom(type) && arguments is [{ } target, { Known: KnownFunction function }])
        {
            Push(StackValue.OfKnown(type, function with { Target = target.Known is NullObject ? null : target }));
            return;
        }
        if (typeof(Exception).IsAssignableFrom(type))
        {
            throw new RefusedException($"it throws {Names.Of(type)}; kernels have no exceptions: return a value, or check before the launch");
        }
        if (!type.IsValueType)
        {
            throw new RefusedException($"it makes an object of the class {Names.Of(type)}; kernels have no objects: use a struct");
        }
        if (IntrinsicTable.Find(constructor) is { } intrinsic)
        {
            Push(intrinsic(Describe(constructor, arguments))!);
            return;
        }
        Allocation memory = _builder.AllocateLocal(TypeLayout.Of(type));
        _builder.Store(memory, type, KernelBuilder.Zero(type));
        Inline(constructor, [new StackValue(type.MakeByRefType(), memory), .. arguments]);
        if (_builder.Block is not null)
        {
            Push(_builder.Load(memory, type));
        }
    }
}
