using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>
/// Atomic operations: one instruction where the hardware has it, else a loop of compare and swap. An unused result makes it a reduction.
/// Float32 additions in global memory flush subnormals, as the hardware's instruction does.
/// </summary>
internal static class PtxAtomics
{
    /// <summary>{0} is the width, {1} the signedness.</summary>
    private static readonly Dictionary<AtomicOp, string> s_integer = new()
    {
        [AtomicOp.Add] = "add.u{0}",
        [AtomicOp.And] = "and.b{0}",
        [AtomicOp.Or] = "or.b{0}",
        [AtomicOp.Xor] = "xor.b{0}",
        [AtomicOp.Min] = "min.{1}{0}",
        [AtomicOp.Max] = "max.{1}{0}",
        [AtomicOp.Exchange] = "exch.b{0}",
        [AtomicOp.CompareExchange] = "cas.b{0}",
    };

    private static readonly Dictionary<AtomicOp, string> s_float = new()
    {
        [AtomicOp.Add] = "add.f{0}",
        [AtomicOp.Exchange] = "exch.b{0}",
        [AtomicOp.CompareExchange] = "cas.b{0}",
    };

    private static readonly Dictionary<AtomicOp, BinaryOp> s_operations = new()
    {
        [AtomicOp.Add] = BinaryOp.Add,
        [AtomicOp.And] = BinaryOp.And,
        [AtomicOp.Or] = BinaryOp.Or,
        [AtomicOp.Xor] = BinaryOp.Xor,
        [AtomicOp.Min] = BinaryOp.Min,
        [AtomicOp.Max] = BinaryOp.Max,
    };

    public static void Write(PtxWriter writer, PtxMemory memory, Atomic value, bool resultUsed)
    {
        ScalarType type = value.Type;
        if (type.Kind is not (ScalarKind.Int32 or ScalarKind.Int64 or ScalarKind.Float32 or ScalarKind.Float64))
        {
            throw writer.Refuse($"An atomic operation on {type} does not exist; 32 and 64 bits do.", value);
        }
        int width = type.Size * 8;
        string address = memory.Address(value.Operands[0]);
        if (value.Operands[0].Type.Space == AddressSpace.Local)
        {
            WithoutOthers(writer, value, address);
            return;
        }
        string space = PtxMemory.Space(value.Operands[0]);
        if (!(type.IsFloat ? s_float : s_integer).TryGetValue(value.Op, out string? form))
        {
            CompareAndSwapLoop(writer, value, address, space);
            return;
        }
        string operation = string.Format(null, form, width, value.Unsigned ? "u" : "s");
        string operand = Operand(writer, value.Operands[1], value.Op == AtomicOp.Add);
        if (value.Op == AtomicOp.CompareExchange)
        {
            writer.Write($"atom{space}.{operation}", writer.Define(value), address, Operand(writer, value.Operands[2], false), operand);
        }
        else if (resultUsed || value.Op == AtomicOp.Exchange)
        {
            writer.Write($"atom{space}.{operation}", writer.Define(value), address, operand);
        }
        else
        {
            writer.Write($"red{space}.{operation}", address, operand);
        }
    }

    /// <summary>A thread's own memory: nobody else is there.</summary>
    private static void WithoutOthers(PtxWriter writer, Atomic value, string address)
    {
        string memoryType = PtxMemory.MemoryType(value.Type);
        string old = writer.Define(value);
        writer.Write($"ld.local.{memoryType}", old, address);
        string result = NewValue(writer, value, old);
        writer.Write($"st.local.{memoryType}", address, result);
    }

    /// <summary>Reads, computes, and stores if nobody has stored meanwhile; else once more with what is there now.</summary>
    private static void CompareAndSwapLoop(PtxWriter writer, Atomic value, string address, string space)
    {
        int width = value.Type.Size * 8;
        string again = writer.NewLabel("cas");
        string seen = writer.Define(value);
        string expected = writer.Registers.Allocate(value.Type);
        writer.Write($"ld.volatile{space}.b{width}", seen, address);
        writer.Label(again);
        writer.Write($"mov.b{width}", expected, seen);
        string result = NewValue(writer, value, expected);
        writer.Write($"atom{space}.cas.b{width}", seen, address, expected, result);
        string changed = writer.Compute(RegisterClass.Predicate, $"setp.ne.s{width}", seen, expected);
        writer.Line($"@{changed} bra {again};");
    }

    private static string NewValue(PtxWriter writer, Atomic value, string old)
    {
        string operand = Operand(writer, value.Operands[1], true);
        switch (value.Op)
        {
            case AtomicOp.Exchange:
                return operand;
            case AtomicOp.CompareExchange:
                string equal = writer.Compute(RegisterClass.Predicate, $"setp.eq.s{value.Type.Size * 8}", old, Operand(writer, value.Operands[2], false));
                return writer.Compute(PtxRegisters.ClassOf(value.Type), $"selp.b{value.Type.Size * 8}", writer.Register(value.Operands[1]), old, equal);
            default:
                return PtxArithmetic.Compute(writer, s_operations[value.Op], value.Unsigned, value.Type, old, operand, value);
        }
    }

    private static string Operand(PtxWriter writer, Value value, bool asNumber) =>
        writer.Operand(value, value.Type.IsFloat && asNumber ? Literal.Float : Literal.Bits);
}
