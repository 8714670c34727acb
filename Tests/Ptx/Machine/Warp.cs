using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Managed.Tests.Ptx;

/// <summary>
/// 32 threads with registers as arrays of lanes. Every lane has its own place in the program; lanes at the same place run together,
/// the hindmost first, so that they meet again after a divergence. A lane that synchronises waits until its partners are there.
/// </summary>
internal sealed partial class Warp
{
    private readonly ulong[] _registers;
    private readonly uint[] _predicates;
    private readonly uint[] _written;
    private readonly uint[] _predicatesWritten;
    private readonly CopyQueue?[] _copies = new CopyQueue?[32];
    private readonly PtxProgram _program;

    public Warp(Block block, int index)
    {
        Block = block;
        Index = index;
        _program = block.Launch.Program;
        _registers = new ulong[_program.RegisterCount * 32];
        _written = new uint[_program.RegisterCount];
        _predicates = new uint[_program.PredicateCount];
        _predicatesWritten = new uint[_program.PredicateCount];
        foreach ((int slot, ulong value) in _program.Constants)
            _registers.AsSpan(slot * 32, 32).Fill(value);
    }

    public Block Block { get; }

    public int Index { get; }

    /// <summary>Carry flags of add.cc and the like.</summary>
    public uint Carry { get; set; }

    public uint Live => _live;

    public bool IsDone => _live == 0;

    /// <summary>Whether the warp has executed a fence: later strong writes publish what came before.</summary>
    public bool Fenced { get; set; }

    /// <summary>Room for the results of instructions whose lanes read each other's registers.</summary>
    public uint[] Scratch { get; } = new uint[128];

    /// <summary>wgmma products under way.</summary>
    public ProductQueue Products { get; } = new();

    /// <summary>When each lane last executed fence.proxy.async.</summary>
    public uint[] AsyncProxyFences { get; } = new uint[32];

    /// <summary>A lane's cp.async copies.</summary>
    public CopyQueue Copies(int lane) => _copies[lane] ??= new CopyQueue();

    public void Reset()
    {
        int threads = Math.Min(32, Block.ThreadCount - (Index * 32));
        _live = threads == 32 ? Lanes.All : (1u << threads) - 1;
        _waiting = _atBarrier = 0;
        Carry = 0;
        Fenced = false;
        Products.Clear();
        Array.Clear(AsyncProxyFences);
        foreach (CopyQueue? queue in _copies)
            queue?.Clear();
        Array.Clear(_places);
        Array.Clear(_written);
        Array.Clear(_predicatesWritten);
        ForgetOrder();
        foreach ((int slot, _) in _program.Constants)
            _written[slot] = Lanes.All;
        foreach ((int slot, uint value) in _program.PredicateConstants)
        {
            _predicates[slot] = value;
            _predicatesWritten[slot] = Lanes.All;
        }
        foreach ((int slot, SpecialRegister register) in _program.Specials)
        {
            _written[slot] = Lanes.All;
            for (int lane = 0; lane < 32; lane++)
                _registers[(slot * 32) + lane] = register.Value(this, lane);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref ulong Register(int slot) => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_registers), slot * 32);

    /// <summary>A predicate operand's lanes, turned if the operand is negated.</summary>
    public uint ReadPredicate(Operation operation, int operand) =>
        _predicates[operation.Slots[operand]] ^ (((operation.Negated >> operand) & 1) != 0 ? Lanes.All : 0);

    public void SetPredicate(int slot, uint mask, uint value) => _predicates[slot] = (_predicates[slot] & ~mask) | (value & mask);

    public int ThreadOf(int lane) => (Index * 32) + lane;

    public string Who(uint lanes) => $" (block {Block.Name}, thread {ThreadOf(BitOperations.TrailingZeroCount(lanes))})";

    public ref byte Touch(Operation operation, MemorySpace space, ulong address, int bytes, int lane, Access access) =>
        ref Block.Touch(this, operation, space, address, bytes, lane, access);

    public void MarkWritten(int[] registers, bool written)
    {
        foreach (int slot in registers)
            _written[slot] = written ? Lanes.All : 0;
    }

    public void RequireWritten(Operation operation, int[] registers)
    {
        foreach (int slot in registers)
            if (_written[slot] != Lanes.All)
                throw operation.Error($"register {_program.NameOfRegister(slot)} is added to before it was written{Who(~_written[slot])}.");
    }
}
