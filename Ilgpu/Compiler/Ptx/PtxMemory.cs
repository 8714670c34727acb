using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>
/// Addresses, loads and stores. A pointer with an offset is kept as a register and a constant, so that neighbouring accesses share the
/// register and carry the constant in the instruction.
/// </summary>
internal sealed class PtxMemory(PtxWriter writer, HashSet<Value> addressOnly)
{
    /// <summary>Offsets in instructions are signed 24-bit numbers.</summary>
    private const long LargestOffset = (1 << 23) - 1;

    private readonly Dictionary<Value, (string Register, long Displacement)> _addresses = [];

    /// <summary>The pointers among the live values that are used for nothing but accesses: these need no register of their own.</summary>
    public static HashSet<Value> FindAddressOnly(IEnumerable<Value> live)
    {
        HashSet<Value> offsets = [], elsewhere = [];
        foreach (Value value in live)
        {
            if (value is PointerOffset)
            {
                offsets.Add(value);
            }
            for (int i = 0; i < value.Operands.Length; i++)
            {
                bool isAddress = i == 0 && value is Load or Store or Atomic or PointerOffset;
                if (!(i == 0 && isAddress))
                {
                    elsewhere.Add(value.Operands[i]);
                }
            }
        }
        offsets.ExceptWith(elsewhere);
        return offsets;
    }

    public void Write(PointerOffset value)
    {
        (string register, long displacement) = AddressOf(value.Operands[0]);
        RegisterClass registerClass = PtxRegisters.ClassOf(value.Type);
        if (value.HasIndex && value.Operands[1] is Constant index)
        {
            displacement += index.Bits * value.Scale;
        }
        else if (value.HasIndex && value.Scale != 0)
        {
            register = registerClass == RegisterClass.Bits32
                ? AddIndex32(register, value.Operands[1], value.Scale)
                : AddIndex64(register, value.Operands[1], value.Scale);
        }
        displacement += value.Displacement;
        if (displacement is > LargestOffset or < -LargestOffset || (displacement != 0 && !addressOnly.Contains(value)))
        {
            register = writer.Compute(registerClass, $"add.s{PtxRegisters.Width(registerClass)}", register, $"{displacement}");
            displacement = 0;
        }
        _addresses[value] = (register, displacement);
        writer.Bind(value, register);
    }

    public void Write(Load load)
    {
        ScalarType element = load.Type;
        string[] registers = [.. Enumerable.Range(0, load.Lanes).Select(_ => writer.Registers.Allocate(MemoryRegister(element)))];
        bool isVolatile = (load.Access & MemoryAccess.Volatile) != 0 && load.Operands[0].Type.Space != AddressSpace.Local;
        string mnemonic = "ld" + (isVolatile ? ".volatile" : "") + Space(load.Operands[0]);
        if (load.Operands[0].Type.Space == AddressSpace.Global && !isVolatile)
        {
            mnemonic += (load.Access & MemoryAccess.ReadOnly) != 0 ? ".nc" : "";
            if ((load.Access & MemoryAccess.Streaming) != 0)
            {
                writer.Require(74, 70, "L1::no_allocate");
                mnemonic += writer.Target.Architecture >= 75 ? ".L1::no_allocate.L2::128B" : ".L1::no_allocate";
            }
        }
        foreach ((int first, int lanes) in Pieces(element, load.Lanes))
        {
            string target = lanes == 1 ? registers[first] : $"{{{string.Join(", ", registers[first..(first + lanes)])}}}";
            writer.Write(mnemonic + Vector(lanes) + "." + MemoryType(element), target, Address(load.Operands[0], first * element.Size));
        }
        for (int i = 0; i < registers.Length; i++)
        {
            registers[i] = FromMemory(element, registers[i]);
        }
        _loaded[load] = registers;
        writer.Bind(load, registers[0]);
    }

    /// <summary>One lane of a load.</summary>
    public void Write(Result result, Load load) => writer.Bind(result, _loaded[load][result.Index]);

    private readonly Dictionary<Load, string[]> _loaded = [];

    public void Write(Store store)
    {
        ScalarType element = store.Operands[1].Type;
        bool isGlobal = store.Operands[0].Type.Space == AddressSpace.Global;
        bool isVolatile = (store.Access & MemoryAccess.Volatile) != 0 && store.Operands[0].Type.Space != AddressSpace.Local;
        string mnemonic = "st" + (isVolatile ? ".volatile" : "") + Space(store.Operands[0])
            + (isGlobal && !isVolatile && (store.Access & MemoryAccess.Streaming) != 0 ? ".cs" : "");
        string[] values = [.. store.Operands.Skip(1).Select(value => ToMemory(value))];
        foreach ((int first, int lanes) in Pieces(element, store.Lanes))
        {
            string source = lanes == 1 ? values[first] : $"{{{string.Join(", ", values[first..(first + lanes)])}}}";
            writer.Write(mnemonic + Vector(lanes) + "." + MemoryType(element), Address(store.Operands[0], first * element.Size), source);
        }
    }

    /// <summary>The address operand: [%rd3+16].</summary>
    public string Address(Value pointer, long further = 0)
    {
        (string register, long displacement) = AddressOf(pointer);
        displacement += further;
        if (displacement is > LargestOffset or < -LargestOffset)
        {
            RegisterClass registerClass = PtxRegisters.ClassOf(pointer.Type);
            register = writer.Compute(registerClass, $"add.s{PtxRegisters.Width(registerClass)}", register, $"{displacement}");
            displacement = 0;
        }
        return displacement == 0 ? $"[{register}]" : $"[{register}+{displacement}]";
    }

    /// <summary>The address's space as part of a mnemonic; nothing for generic addresses.</summary>
    public static string Space(Value pointer) =>
        pointer.Type.Space == AddressSpace.Generic ? "" : "." + pointer.Type.Space.ToString().ToLowerInvariant();

    /// <summary>The type as loads and stores write it.</summary>
    public static string MemoryType(ScalarType type) => type.Kind switch
    {
        ScalarKind.Float32 => "f32",
        ScalarKind.Float64 => "f64",
        ScalarKind.Float16 => "b16",
        _ => $"u{type.Size * 8}",
    };

    private (string Register, long Displacement) AddressOf(Value pointer) =>
        _addresses.TryGetValue(pointer, out (string, long) address) ? address : (writer.Register(pointer), 0);

    private string AddIndex32(string register, Value index, int scale)
    {
        string narrow = index.Type.Kind == ScalarKind.Int64
            ? writer.Compute(RegisterClass.Bits32, "cvt.u32.u64", writer.Register(index))
            : writer.Register(index);
        return scale == 1
            ? writer.Compute(RegisterClass.Bits32, "add.s32", register, narrow)
            : writer.Compute(RegisterClass.Bits32, "mad.lo.s32", narrow, $"{scale}", register);
    }

    /// <summary>32-bit indices, also where they have been widened, are scaled and added in one instruction.</summary>
    private string AddIndex64(string register, Value index, int scale)
    {
        bool widened = index is IR.Convert && index.Operands[0].Type == ScalarType.Int32 && index.Operands[0] is not Constant;
        if (widened || index.Type == ScalarType.Int32)
        {
            string narrow = writer.Register(widened ? index.Operands[0] : index);
            string sign = widened && ((IR.Convert)index).SourceUnsigned ? "u" : "s";
            return writer.Compute(RegisterClass.Bits64, $"mad.wide.{sign}32", narrow, $"{scale}", register);
        }
        string wide = writer.Register(index);
        if (scale == 1)
        {
            return writer.Compute(RegisterClass.Bits64, "add.s64", register, wide);
        }
        if (!int.IsPow2(scale))
        {
            return writer.Compute(RegisterClass.Bits64, "mad.lo.s64", wide, $"{scale}", register);
        }
        string scaled = writer.Compute(RegisterClass.Bits64, "shl.b64", wide, $"{int.Log2(scale)}");
        return writer.Compute(RegisterClass.Bits64, "add.s64", register, scaled);
    }

    /// <summary>An access moves at most 16 bytes.</summary>
    private static IEnumerable<(int First, int Lanes)> Pieces(ScalarType element, int lanes)
    {
        int most = Math.Min(lanes, 16 / element.Size);
        for (int first = 0; first < lanes; first += most)
        {
            yield return (first, most);
        }
    }

    private static string Vector(int lanes) => lanes == 1 ? "" : $".v{lanes}";

    /// <summary>What a load fills: predicates are bytes in memory, pointers 64 bits.</summary>
    private static RegisterClass MemoryRegister(ScalarType type) =>
        type.Kind == ScalarKind.Bool ? RegisterClass.Bits16 : type.IsPointer ? RegisterClass.Bits64 : PtxRegisters.ClassOf(type);

    private string FromMemory(ScalarType type, string register) => type.Kind switch
    {
        ScalarKind.Bool => writer.Compute(RegisterClass.Predicate, "setp.ne.s16", register, "0"),
        ScalarKind.Pointer when type.Space == AddressSpace.Shared => writer.Compute(RegisterClass.Bits32, "cvt.u32.u64", register),
        _ => register,
    };

    private string ToMemory(Value value) => value.Type.Kind switch
    {
        ScalarKind.Bool => writer.Compute(RegisterClass.Bits16, "selp.b16", "1", "0", writer.Register(value)),
        ScalarKind.Pointer when value.Type.Space == AddressSpace.Shared => writer.Compute(RegisterClass.Bits64, "cvt.u64.u32", writer.Register(value)),
        ScalarKind.Float32 or ScalarKind.Float64 => writer.Operand(value, Literal.Float),
        _ => writer.Operand(value, Literal.Unsigned),
    };
}
