using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>
/// The few things objects are good for in a kernel: boxes that generic code makes only to look at the type, type tokens, tests
/// for null. All of it is decided at compile time.
/// </summary>
internal sealed partial class MethodTranslator
{
    private bool TranslateObject(IlInstruction instruction)
    {
        if (instruction.Name.StartsWith("ldelem", StringComparison.Ordinal) || instruction.Name.StartsWith("stelem", StringComparison.Ordinal) || instruction.Name == "ldlen")
        {
            throw new RefusedException("it uses a managed array; kernels work on ArrayView");
        }
        switch (instruction.Name)
        {
            case "ldtoken":
                object member = _method.Module.ResolveMember(instruction.Int, _typeArguments, _methodArguments)!;
                Push(StackValue.OfKnown(typeof(RuntimeTypeHandle), member));
                return true;
            case "box":
                Type type = ResolveType(instruction.Int);
                StackValue value = Pop();
                Push(type.IsValueType ? StackValue.OfKnown(typeof(object), new Boxed(_builder.Coerce(value, type))) : value);
                return true;
            case "unbox.any":
                type = ResolveType(instruction.Int);
                value = Pop();
                Push(value.Known is Boxed { Content: var content } && content.Type == type ? content
                    : !type.IsValueType ? value
                    : throw new RefusedException($"an object is cast to {Names.Of(type)}; kernels have no objects"));
                return true;
            case "isinst":
                type = ResolveType(instruction.Int);
                value = Pop();
                bool matches = value.Known is Boxed { Content.Type: var exact } ? type.IsAssignableFrom(exact)
                    : value.Known is NullObject ? false
                    : throw new RefusedException($"an object is tested for being {Names.Of(type)}; kernels have no objects");
                Push(matches ? value : StackValue.OfKnown(typeof(object), NullObject.Instance));
                return true;
            case "newarr":
                throw new RefusedException("it makes an array; kernels have no heap: use LocalMemory, SharedMemory or a struct with [InlineArray]");
            case "calli" or "ldvirtftn":
                throw new RefusedException("it calls through a function pointer; make the method generic over a struct instead");
            default:
                return false;
        }
    }

    private static Constant CompareObjects(string name, StackValue left, StackValue right)
    {
        bool isNullTest = left.Known is NullObject || right.Known is NullObject;
        if (!isNullTest && !(left.Known is Type && right.Known is Type))
        {
            throw new RefusedException("objects are compared; kernels have no objects");
        }
        bool equal = Equals(left.Known, right.Known);
        return Constant.Bool(name is "eq" ? equal : !equal); // cgt.un and bne.un against null
    }
}
