using System.Globalization;
using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.OpenCL;

/// <summary>Addresses, loads, stores, fences. An address is a pointer to bytes; the type is told where memory is read or written.</summary>
internal static class MemoryEmitter
{
    public static void Write(OpenCLWriter writer, Value value)
    {
        switch (value)
        {
            case Load load:
                string loaded = Place(writer, load, load.Operands[0], load.Type, load.Lanes, load.Access);
                writer.Line($"{writer.Use(load)} = {loaded}{(load.Type == ScalarType.Bool ? " != 0" : "")};");
                break;
            case Store store:
                WriteStore(writer, store);
                break;
            case Result result:
                writer.Line($"{writer.Use(result)} = {writer.Use(result.Operands[0])}.s{result.Index};");
                break;
            case PointerOffset offset:
                writer.Line($"{writer.Use(offset)} = {Address(writer, offset)};");
                break;
            case CastSpace cast when cast.Type == cast.Operands[0].Type:
                writer.Line($"{writer.Use(cast)} = {writer.Use(cast.Operands[0])};");
                break;
            case CastSpace:
                throw writer.Refuse(value, "OpenCL 1.2 has no generic address space: a pointer cannot change from one memory to another.");
            case Fence:
                // OpenCL 1.2 knows one scope.
                writer.Line("mem_fence(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);");
                break;
            case Atomic atomic:
                AtomicEmitter.Write(writer, atomic);
                break;
            default:
                throw new InvalidOperationException($"{value} is not an access to memory.");
        }
    }

    private static string Address(OpenCLWriter writer, PointerOffset offset)
    {
        string text = writer.Use(offset.Operands[0]);
        if (offset.HasIndex)
        {
            Value index = offset.Operands[1];
            string wide = index is Constant constant
                ? constant.Bits.ToString(CultureInfo.InvariantCulture) + "l"
                : index.Type == ScalarType.Int64 ? writer.UseSigned(index) : $"(long){writer.UseSigned(index)}";
            text += offset.Scale == 1 ? $" + {wide}" : $" + {wide} * {offset.Scale}";
        }
        return offset.Displacement == 0 ? text : text + $" + {offset.Displacement.ToString(CultureInfo.InvariantCulture)}l";
    }

    private static void WriteStore(OpenCLWriter writer, Store store)
    {
        ScalarType type = store.Operands[1].Type;
        string place = Place(writer, store, store.Operands[0], type, store.Lanes, store.Access);
        string value = store.Lanes == 1
            ? (type == ScalarType.Bool ? $"{writer.Use(store.Operands[1])} ? 1 : 0" : writer.Use(store.Operands[1]))
            : $"({OpenCLTypes.Register(type)}{store.Lanes})({string.Join(", ", store.Operands.Skip(1).Select(writer.Use))})";
        writer.Line($"{place} = {value};");
    }

    private static string Place(OpenCLWriter writer, Value at, Value pointer, ScalarType type, int lanes, MemoryAccess access)
    {
        AddressSpace space = pointer.Type.Space;
        if (type.IsPointer && (space == AddressSpace.Global || lanes > 1))
        {
            throw writer.Refuse(at, "pointers (views) cannot lie in global memory in OpenCL 1.2. Pass the views as parameters of the kernel.");
        }
        string qualifier = (access & MemoryAccess.Volatile) != 0 ? "volatile " : "";
        // A pointer's own star must come after the qualifier of the memory it lies in.
        return type.IsPointer
            ? $"*({OpenCLTypes.Memory(type)} {OpenCLTypes.Space(space)}*){writer.Use(pointer)}"
            : $"*({qualifier}{OpenCLTypes.Space(space)} {OpenCLTypes.Memory(type, lanes)}*){writer.Use(pointer)}";
    }
}
