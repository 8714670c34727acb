using System.Reflection;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>
/// The kernel's first lines: flat scalar parameters become the method's arguments, and where the launch is implicitly grouped the
/// thread's index is computed and threads beyond the extent return.
/// </summary>
internal static class EntryPoint
{
    private static readonly SpecialRegisterKind[] Groups = [SpecialRegisterKind.GroupX, SpecialRegisterKind.GroupY, SpecialRegisterKind.GroupZ];

    private static readonly SpecialRegisterKind[] Dimensions =
        [SpecialRegisterKind.GroupDimensionX, SpecialRegisterKind.GroupDimensionY, SpecialRegisterKind.GroupDimensionZ];

    private static readonly SpecialRegisterKind[] Threads = [SpecialRegisterKind.ThreadX, SpecialRegisterKind.ThreadY, SpecialRegisterKind.ThreadZ];

    public static void Build(KernelBuilder builder, KernelRequest request)
    {
        MethodInfo method = request.Method;
        if (!method.IsStatic || method.ReturnType != typeof(void))
        {
            throw new RefusedException("a kernel is a static method that returns nothing");
        }
        builder.Location = SourceLines.Locate(method, 0);
        builder.Block = builder.NewBlock();
        builder.Ssa.Seal(builder.Block);
        ParameterInfo[] parameters = method.GetParameters();
        StackValue[] arguments = new StackValue[parameters.Length];
        BasicBlock? outside = null;
        for (int i = 0; i < parameters.Length; i++)
        {
            object? specialised = i < request.SpecialisedValues.Length ? request.SpecialisedValues[i] : null;
            arguments[i] = request.ImplicitlyGrouped && i == 0 ? GlobalIndex(builder, parameters[0], out outside)
                : specialised is not null ? Specialised(specialised, parameters[i])
                : Argument(builder, parameters[i]);
        }
        new MethodTranslator(builder, method, arguments, null).Run();
        if (builder.Block is not null)
        {
            if (outside is not null)
            {
                builder.Branch(outside);
            }
            else
            {
                builder.End(new Return());
            }
        }
        if (outside is not null)
        {
            builder.Block = outside;
            builder.End(new Return());
            builder.Ssa.Seal(outside);
        }
    }

    private static StackValue Argument(KernelBuilder builder, ParameterInfo parameter)
    {
        Leaf[] leaves = TypeLayout.Of(parameter.ParameterType).Leaves;
        Value[] values = new Value[leaves.Length];
        for (int i = 0; i < values.Length; i++)
        {
            string name = leaves[i].Path == "" ? parameter.Name! : $"{parameter.Name}.{leaves[i].Path}";
            ScalarType type = leaves[i].Memory.IsPointer ? ScalarType.PointerTo(AddressSpace.Global) : leaves[i].Memory;
            values[i] = builder.Widen(NewParameter(builder, type, name, type.IsPointer ? ElementAlignment(leaves[i].Type) : 1), leaves[i]);
        }
        return new StackValue(parameter.ParameterType, values);
    }

    /// <summary>Views of a type begin at multiples of its size, unless they were cast.</summary>
    private static int ElementAlignment(Type pointer)
    {
        if (!pointer.IsByRef)
        {
            return 1;
        }
        int size = TypeLayout.Of(pointer.GetElementType()!).SizeInHost;
        return Math.Min(16, size & -size);
    }

    private static Parameter NewParameter(KernelBuilder builder, ScalarType type, string name, int elementAlignment = 1)
    {
        Parameter parameter = new(type, builder.Function.Parameters.Count, name) { ElementAlignment = elementAlignment };
        builder.Function.Parameters.Add(parameter);
        return parameter;
    }

    private static StackValue Specialised(object value, ParameterInfo parameter)
    {
        TypeLayout layout = TypeLayout.Of(parameter.ParameterType);
        if (layout.HasPointers)
        {
            throw new RefusedException($"{parameter.Name} holds views or pointers and cannot be specialised");
        }
        StackValue constants = HostValues.ToConstants(value);
        if (constants.Leaves.Length != layout.Leaves.Length)
        {
            throw new RefusedException($"the value given for {parameter.Name} is a {Names.Of(value.GetType())}, not a {Names.Of(parameter.ParameterType)}");
        }
        return new StackValue(parameter.ParameterType, constants.Leaves); // SpecializedValue<T> has T's scalars
    }

    private static StackValue GlobalIndex(KernelBuilder builder, ParameterInfo parameter, out BasicBlock outside)
    {
        Leaf[] leaves = TypeLayout.Of(parameter.ParameterType).Leaves;
        if (leaves.Length is 0 or > 3 || parameter.ParameterType.Namespace != "ILGPU")
        {
            throw new RefusedException($"the first parameter of an implicitly grouped kernel is an index (Index1D, LongIndex2D, …), not {Names.Of(parameter.ParameterType)}");
        }
        Value[] index = new Value[leaves.Length];
        Value inside = Constant.Bool(true);
        for (int i = 0; i < index.Length; i++)
        {
            ScalarType type = leaves[i].Memory;
            Parameter extent = NewParameter(builder, type, $"extent.{leaves[i].Path}");
            Value group = builder.ToInteger(builder.Emit(new SpecialRegister(Groups[i])), type);
            Value dimension = builder.ToInteger(builder.Emit(new SpecialRegister(Dimensions[i])), type);
            Value thread = builder.ToInteger(builder.Emit(new SpecialRegister(Threads[i])), type);
            index[i] = builder.Add(builder.Multiply(group, dimension), thread);
            Value isBelow = builder.Emit(new Compare(CompareOp.Less, index[i], extent));
            inside = builder.Emit(new Binary(BinaryOp.And, inside, isBelow));
        }
        BasicBlock body = builder.NewBlock();
        outside = builder.NewBlock();
        builder.Branch(inside, body, outside);
        builder.Ssa.Seal(body);
        builder.Block = body;
        return new StackValue(parameter.ParameterType, index);
    }
}
