using System.Reflection;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Frontend;

/// <summary>Loads, stores, fields and what the runtime knows of types (ECMA-335 III.4).</summary>
internal sealed partial class MethodTranslator
{
    private bool TranslateMemory(IlInstruction instruction)
    {
        MemoryAccess access = instruction.IsVolatile ? MemoryAccess.Volatile : MemoryAccess.None;
        switch (instruction.Name)
        {
            case "ldfld":
                LoadField(ResolveField(instruction.Int), access);
                return true;
            case "ldflda":
                FieldInfo field = ResolveField(instruction.Int);
                Push(FieldAddress(Pop(), field));
                return true;
            case "stfld":
                field = ResolveField(instruction.Int);
                (StackValue value, StackValue owner) = (Pop(), Pop());
                _builder.Store(FieldAddress(owner, field).Scalar, field.FieldType, value, access);
                return true;
            case "ldsfld" or "ldsflda":
                LoadStatic(ResolveField(instruction.Int), instruction.Name == "ldsflda");
                return true;
            case "stsfld":
                StoreStatic(ResolveField(instruction.Int));
                return true;
            case "ldobj":
                Type type = ResolveType(instruction.Int);
                Push(_builder.Load(Pop().Scalar, type, access));
                return true;
            case "stobj":
                (value, StackValue address) = (Pop(), Pop());
                _builder.Store(address.Scalar, ResolveType(instruction.Int), value, access);
                return true;
            case "cpobj":
                (StackValue from, address) = (Pop(), Pop());
                type = ResolveType(instruction.Int);
                _builder.Store(address.Scalar, type, _builder.Load(from.Scalar, type));
                return true;
            case "initobj":
                type = ResolveType(instruction.Int);
                _builder.Store(Pop().Scalar, type, KernelBuilder.Zero(type));
                return true;
            case "sizeof":
                Push(Constant.Int32(TypeLayout.Of(ResolveType(instruction.Int)).SizeInHost));
                return true;
            case "localloc":
                LocalAllocation(Pop().Scalar);
                return true;
        }
        if (instruction.Name.StartsWith("ldind.", StringComparison.Ordinal))
        {
            StackValue address = Pop();
            Push(_builder.Load(address.Scalar, IndirectType(instruction.Name[6..], address), access));
            return true;
        }
        if (instruction.Name.StartsWith("stind.", StringComparison.Ordinal))
        {
            (StackValue value, StackValue address) = (Pop(), Pop());
            _builder.Store(address.Scalar, IndirectType(instruction.Name[6..], address), value, access);
            return true;
        }
        return false;
    }

    private static Type IndirectType(string name, StackValue address) => name switch
    {
        "i1" => typeof(sbyte),
        "u1" => typeof(byte),
        "i2" => typeof(short),
        "u2" => typeof(ushort),
        "i4" => typeof(int),
        "u4" => typeof(uint),
        "i8" => typeof(long),
        "r4" => typeof(float),
        "r8" => typeof(double),
        "i" => address.Type.HasElementType && address.Type.GetElementType() is { IsPointer: true } pointer ? pointer : typeof(nint),
        _ => throw new RefusedException("an object is read or written through a reference; kernels have no objects"),
    };

    private void LoadField(FieldInfo field, MemoryAccess access)
    {
        StackValue owner = Pop();
        if (owner.Leaves.Length == 1 && owner.Leaves[0].Type.IsPointer && (owner.Type.IsByRef || owner.Type.IsPointer))
        {
            Push(_builder.Load(FieldAddress(owner, field).Scalar, field.FieldType, access));
            return;
        }
        if (owner.Known is not null || !owner.Type.IsValueType)
        {
            throw new RefusedException($"the field {field.Name} of an object of class {Names.Of(field.DeclaringType!)} is read; kernels have no objects "
                + "(a lambda that captures variables is such an object)");
        }
        (_, int first, TypeLayout layout) = TypeLayout.Of(field.DeclaringType!).Field(field);
        Push(new StackValue(field.FieldType, owner.Leaves[first..(first + layout.Leaves.Length)]));
    }

    private StackValue FieldAddress(StackValue owner, FieldInfo field)
    {
        if (!field.DeclaringType!.IsValueType)
        {
            throw new RefusedException($"the field {field.Name} of the class {Names.Of(field.DeclaringType)} is used; kernels have no objects");
        }
        (int offset, _, _) = TypeLayout.Of(field.DeclaringType).Field(field);
        Value pointer = owner.Type.IsValueType ? Spill(owner) : owner.Scalar;
        Type type = field.FieldType.IsByRef ? field.FieldType.GetElementType()!.MakePointerType() : field.FieldType;
        return new StackValue(type.MakeByRefType(), _builder.Emit(new PointerOffset(pointer, offset)));
    }

    /// <summary>Memory that holds the value, for what needs an address.</summary>
    private Allocation Spill(StackValue value)
    {
        Allocation memory = _builder.AllocateLocal(TypeLayout.Of(value.Type));
        _builder.Store(memory, value.Type, value);
        return memory;
    }

    private void LoadStatic(FieldInfo field, bool address)
    {
        if (IsLambdaCache(field))
        {
            Push(StackValue.OfKnown(typeof(object), NullObject.Instance)); // the lambda is made anew, at compile time
            return;
        }
        if (!field.IsInitOnly && !field.IsLiteral)
        {
            throw new RefusedException($"the static field {Names.Of(field.DeclaringType!)}.{field.Name} can change; pass its value as a parameter or make it readonly");
        }
        if (address && IsTable(field))
        {
            Push(new StackValue(typeof(byte).MakePointerType(), HostValues.Table(_builder, field, 1)));
            return;
        }
        object? value = field.GetValue(null);
        if (value is null || !field.FieldType.IsValueType)
        {
            if (address || value is null)
            {
                throw new RefusedException($"the static field {Names.Of(field.DeclaringType!)}.{field.Name} holds an object; kernels have no objects");
            }
            Push(StackValue.OfKnown(field.FieldType, value));
            return;
        }
        StackValue constant = HostValues.ToConstants(value);
        Push(address ? new StackValue(field.FieldType.MakeByRefType(), Spill(constant)) : constant);
    }

    private void StoreStatic(FieldInfo field)
    {
        Pop();
        if (!IsLambdaCache(field))
        {
            throw new RefusedException($"the static field {Names.Of(field.DeclaringType!)}.{field.Name} is written; kernels write to their views");
        }
    }

    /// <summary>Where the C# compiler keeps the numbers of constant spans.</summary>
    private static bool IsTable(FieldInfo field) => field.DeclaringType!.Name.StartsWith("<PrivateImplementationDetails>", StringComparison.Ordinal);

    /// <summary>Where the C# compiler keeps delegates of lambdas and method groups.</summary>
    private static bool IsLambdaCache(FieldInfo field) =>
        field.DeclaringType!.Name.StartsWith("<>", StringComparison.Ordinal) && typeof(Delegate).IsAssignableFrom(field.FieldType);

    private void LocalAllocation(Value bytes)
    {
        if (bytes is not Constant { Bits: > 0 } constant)
        {
            throw new RefusedException("stackalloc needs a constant size");
        }
        Allocation memory = new(AddressSpace.Local, constant.Bits, 16);
        _builder.Function.Allocations.Add(memory);
        Push(new StackValue(typeof(byte).MakePointerType(), memory));
    }
}
