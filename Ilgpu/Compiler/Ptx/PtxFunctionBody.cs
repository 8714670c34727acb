using Managed.Ilgpu.Compiler.IR;

namespace Managed.Ilgpu.Compiler.Ptx;

/// <summary>Writes the blocks of a kernel, value by value.</summary>
internal sealed class PtxFunctionBody
{
    private static readonly Dictionary<SpecialRegisterKind, string> s_registers = new()
    {
        [SpecialRegisterKind.ThreadX] = "%tid.x",
        [SpecialRegisterKind.ThreadY] = "%tid.y",
        [SpecialRegisterKind.ThreadZ] = "%tid.z",
        [SpecialRegisterKind.GroupDimensionX] = "%ntid.x",
        [SpecialRegisterKind.GroupDimensionY] = "%ntid.y",
        [SpecialRegisterKind.GroupDimensionZ] = "%ntid.z",
        [SpecialRegisterKind.GroupX] = "%ctaid.x",
        [SpecialRegisterKind.GroupY] = "%ctaid.y",
        [SpecialRegisterKind.GroupZ] = "%ctaid.z",
        [SpecialRegisterKind.GridDimensionX] = "%nctaid.x",
        [SpecialRegisterKind.GridDimensionY] = "%nctaid.y",
        [SpecialRegisterKind.GridDimensionZ] = "%nctaid.z",
        [SpecialRegisterKind.Lane] = "%laneid",
        [SpecialRegisterKind.DynamicSharedBytes] = "%dynamic_smem_size",
    };

    private static readonly Dictionary<FenceScope, string> s_fences = new()
    {
        [FenceScope.Group] = "membar.cta",
        [FenceScope.Device] = "membar.gl",
        [FenceScope.System] = "membar.sys",
    };

    /// <summary>Mode, and whether its clamp is the segment's last lane (31) or its first (0).</summary>
    private static readonly Dictionary<ShuffleKind, (string Mode, int Clamp)> s_shuffles = new()
    {
        [ShuffleKind.Index] = ("idx", 31),
        [ShuffleKind.Up] = ("up", 0),
        [ShuffleKind.Down] = ("down", 31),
        [ShuffleKind.Xor] = ("bfly", 31),
    };

    private readonly PtxWriter _writer;
    private readonly PtxMemory _memory;
    private readonly PtxControl _control;
    private readonly HashSet<Value> _used;
    private readonly Dictionary<Value, string[]> _assemblyOutputs = [];
    private readonly Liveness _liveness;

    public PtxFunctionBody(PtxWriter writer)
    {
        _writer = writer;
        _memory = new PtxMemory(writer, PtxMemory.FindAddressOnly(writer.Live));
        _control = new PtxControl(writer);
        _liveness = new Liveness(writer.Kernel, writer.Live);
        _used = [.. writer.Live.SelectMany(value => value.Operands)];
    }

    public void Write()
    {
        WritePrologue();
        List<BasicBlock> blocks = _writer.Kernel.Blocks;
        foreach (Phi phi in blocks.SelectMany(block => block.Phis).Where(_writer.Live.Contains))
        {
            _writer.Define(phi);
        }
        for (int i = 0; i < blocks.Count; i++)
        {
            BasicBlock block = blocks[i];
            if (i > 0)
            {
                _writer.Label(PtxControl.Label(block), $"from {string.Join(", ", block.Predecessors.Distinct())}");
            }
            WriteValues(block);
            _control.Write(block, i + 1 < blocks.Count ? blocks[i + 1] : null);
        }
    }

    /// <summary>Parameters and the addresses of memory: the assembler folds them to where they are used.</summary>
    private void WritePrologue()
    {
        foreach (Parameter parameter in _writer.Kernel.Parameters.Where(_writer.Live.Contains))
        {
            _writer.Comment(parameter.Name);
            string slot = $"[{PtxEmitter.ParameterName(_writer.Kernel, parameter)}]";
            string mnemonic = $"ld.param.{PtxEmitter.ParameterType(parameter.Type)}";
            ScalarType type = parameter.Type;
            if (type.Kind == ScalarKind.Bool)
            {
                string flag = _writer.Compute(RegisterClass.Bits16, mnemonic, slot);
                _writer.Bind(parameter, _writer.Compute(RegisterClass.Predicate, "setp.ne.s16", flag, "0"));
            }
            else if (type.IsPointer && type.Space == AddressSpace.Global)
            {
                string generic = _writer.Compute(RegisterClass.Bits64, mnemonic, slot);
                _writer.Bind(parameter, _writer.Compute(RegisterClass.Bits64, "cvta.to.global.u64", generic));
            }
            else if (type.IsPointer && type.Space != AddressSpace.Generic)
            {
                throw _writer.Refuse($"Parameter {parameter.Name} points to {type.Space} memory; a launch can pass global pointers only.");
            }
            else
            {
                _writer.Bind(parameter, _writer.Compute(PtxRegisters.ClassOf(type), mnemonic, slot));
            }
        }
        foreach (Allocation allocation in _writer.Kernel.Allocations.Where(_writer.Live.Contains))
        {
            bool shared = allocation.Type.Space == AddressSpace.Shared;
            _writer.Bind(allocation, _writer.Compute(shared ? RegisterClass.Bits32 : RegisterClass.Bits64,
                shared ? "mov.u32" : "mov.u64", PtxEmitter.AllocationName(allocation)));
        }
        foreach (DynamicShared dynamic in _writer.Live.OfType<DynamicShared>().OrderBy(value => value.Id))
        {
            PtxEmitter.UseDynamicShared(_writer, dynamic);
        }
    }

    private void WriteValues(BasicBlock block)
    {
        SourceLocation? last = null;
        foreach (Value value in block.Values)
        {
            if (!_writer.Live.Contains(value) || value is Phi)
            {
                continue;
            }
            if (value.Source is { Line: > 0, File: not null } source && (source.Line != last?.Line || source.File != last?.File))
            {
                _writer.Comment($"{Path.GetFileName(source.File)}:{source.Line}");
                last = source;
            }
            Write(value);
        }
    }

    private void Write(Value value)
    {
        switch (value)
        {
            case Binary binary: PtxArithmetic.Write(_writer, binary); break;
            case Unary unary: PtxArithmetic.Write(_writer, unary); break;
            case FusedMultiplyAdd fma: PtxArithmetic.Write(_writer, fma); break;
            case Compare compare: PtxArithmetic.Write(_writer, compare); break;
            case Select select: PtxArithmetic.Write(_writer, select); break;
            case IR.Convert convert: PtxConversions.Write(_writer, convert); break;
            case Reinterpret reinterpret: PtxConversions.Write(_writer, reinterpret); break;
            case CastSpace cast: PtxConversions.Write(_writer, cast); break;
            case PointerOffset offset: _memory.Write(offset); break;
            case Load load: _memory.Write(load); break;
            case Store store: _memory.Write(store); break;
            case Result { Operands: [Load load] } result: _memory.Write(result, load); break;
            case Result result: _writer.Bind(result, _assemblyOutputs[result.Operands[0]][result.Index]); break;
            case Atomic atomic: PtxAtomics.Write(_writer, _memory, atomic, _used.Contains(atomic)); break;
            case InlineAssembly assembly: PtxAssembly.Write(_writer, assembly, _assemblyOutputs, _liveness); break;
            case SpecialRegister { Kind: SpecialRegisterKind.WarpSize }: _writer.Bind(value, "32"); break;
            case SpecialRegister register: _writer.Write("mov.u32", _writer.Define(value), s_registers[register.Kind]); break;
            case IR.Barrier barrier: Write(barrier); break;
            case Fence fence: _writer.Write(s_fences[fence.Scope]); break;
            case Shuffle shuffle: Write(shuffle); break;
            case DynamicShared: break; // in the prologue
            default: throw _writer.Refuse($"'{value.Describe()}' has no form in PTX.", value);
        }
    }

    private void Write(IR.Barrier barrier)
    {
        switch (barrier.Kind)
        {
            case BarrierKind.Group:
                _writer.Write("bar.sync", "0");
                break;
            case BarrierKind.Warp:
                _writer.Write("bar.warp.sync", "0xFFFFFFFF");
                break;
            case BarrierKind.GroupCount:
                _writer.Write("bar.red.popc.u32", _writer.Define(barrier), "0", _writer.Register(barrier.Operands[0]));
                break;
            default:
                string operation = barrier.Kind == BarrierKind.GroupAnd ? "and" : "or";
                _writer.Write($"bar.red.{operation}.pred", _writer.Define(barrier), "0", _writer.Register(barrier.Operands[0]));
                break;
        }
    }

    private void Write(Shuffle shuffle)
    {
        (string mode, int clamp) = s_shuffles[shuffle.Kind];
        int width = shuffle.Width == 0 ? 32 : shuffle.Width;
        if (width > 32 || !int.IsPow2(width))
        {
            throw _writer.Refuse($"A shuffle within {width} lanes; the width is a power of two up to 32.", shuffle);
        }
        int control = ((32 - width) << 8) | clamp;
        string value = _writer.Register(shuffle.Operands[0]);
        _writer.Write($"shfl.sync.{mode}.b32", _writer.Define(shuffle), value,
            _writer.Operand(shuffle.Operands[1], Literal.Unsigned), $"0x{control:X}", "0xFFFFFFFF");
    }
}
