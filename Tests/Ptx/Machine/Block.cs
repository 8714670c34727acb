using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Managed.Tests.Ptx;

/// <summary>A block of threads: its warps, shared and local memory, barriers.</summary>
internal sealed class Block
{
    /// <summary>Fills shared memory at a block's start: nobody may rely on zeros.</summary>
    private const byte Garbage = 0xCD;

    private readonly Warp[] _warps;
    private readonly byte[] _shared;
    private readonly byte[] _local;
    private readonly AccessHistory? _history;

    /// <summary>1 for bytes of shared memory that a cp.async under way will write.</summary>
    private readonly byte[] _pending;

    /// <summary>Bytes that the copy engine wrote: tensor cores and the engine itself see them without a fence.</summary>
    private readonly bool[] _fetched;


    public Block(Launch launch)
    {
        Launch = launch;
        ThreadCount = launch.BlockSize.Count;
        _shared = new byte[launch.SharedBytes];
        _local = new byte[launch.Program.LocalBytes * ThreadCount];
        _history = launch.Options.FindSharedRaces && _shared.Length > 0 ? new AccessHistory(_shared.Length) : null;
        _pending = new byte[_shared.Length];
        _fetched = new bool[_shared.Length];
        _warps = new Warp[(ThreadCount + 31) / 32];
        for (int i = 0; i < _warps.Length; i++)
            _warps[i] = new Warp(this, i);
        Barriers = new Barriers(this);
        AsyncBarriers = new AsyncBarriers(this);
    }

    public Launch Launch { get; }

    public int ThreadCount { get; }

    public int LinearIndex { get; private set; }

    public Size3 Index { get; private set; }

    public Barriers Barriers { get; }

    public AsyncBarriers AsyncBarriers { get; }

    public ReadOnlySpan<Warp> Warps => _warps;

    public Span<byte> Shared => _shared;


    public string Name => $"({Index.X},{Index.Y},{Index.Z})";

    public bool IsDone { get; private set; }

    public int LiveThreads
    {
        get
        {
            int live = 0;
            foreach (Warp warp in _warps)
                live += System.Numerics.BitOperations.PopCount(warp.Live);
            return live;
        }
    }

    public void Start(int linearIndex)
    {
        LinearIndex = linearIndex;
        Index = Launch.GridSize.At(linearIndex);
        IsDone = false;
        _shared.AsSpan().Fill(Garbage);
        Array.Clear(_pending);
        Array.Clear(_fetched);
        _history?.Clear();
        Barriers.Reset();
        AsyncBarriers.Reset();
        foreach (Warp warp in _warps)
            warp.Reset();
    }

    /// <summary>Gives every warp a turn. Returns whether any of them could do something.</summary>
    public bool Step(int budget)
    {
        bool progress = false;
        bool done = true;
        foreach (Warp warp in _warps)
        {
            if (!warp.IsDone)
                progress |= warp.Run(budget);
            done &= warp.IsDone;
        }
        IsDone = done;
        return progress;
    }

    public void ThreadsEnded() => Barriers.CheckAll();

    public PtxException Deadlock()
    {
        Operation? first = null;
        var places = new List<string>();
        foreach (Warp warp in _warps)
        {
            first ??= warp.FirstWaiting;
            places.AddRange(warp.DescribeWaiting());
        }
        return (first ?? Launch.Program.Operations[^1]).Error(
            $"deadlock in block {Name}: no thread can go on.\n    {string.Join("\n    ", places.Take(12))}");
    }

    /// <summary>Checks an access and gives the first byte.</summary>
    public ref byte Touch(Warp warp, Operation operation, MemorySpace space, ulong address, int bytes, int lane, Access access)
    {
        if ((address & ((ulong)bytes - 1)) != 0)
            throw Fault(warp, operation, lane, $"address 0x{address:X} is not a multiple of the access's {bytes} bytes");
        if (space == MemorySpace.Generic)
        {
            space = (address & AddressWindows.Mask) switch
            {
                AddressWindows.Shared => MemorySpace.Shared,
                AddressWindows.Local => MemorySpace.Local,
                AddressWindows.Parameter => MemorySpace.EntryParameter,
                _ => MemorySpace.Global,
            };
            if (space != MemorySpace.Global)
                address &= ~AddressWindows.Mask;
        }
        switch (space)
        {
            case MemorySpace.Shared:
                return ref TouchShared(warp, operation, address, bytes, lane, access);
            case MemorySpace.Local:
                if (address > (ulong)Launch.Program.LocalBytes || address + (ulong)bytes > (ulong)Launch.Program.LocalBytes)
                    throw Fault(warp, operation, lane, $"local address 0x{address:X} lies outside the {Launch.Program.LocalBytes} bytes of local memory");
                return ref _local[(Launch.Program.LocalBytes * warp.ThreadOf(lane)) + (int)address];
            case MemorySpace.EntryParameter:
                if ((access & Access.Write) != 0)
                    throw Fault(warp, operation, lane, "the entry's parameters are read-only");
                if (address + (ulong)bytes > (ulong)Launch.Arguments.Length)
                    throw Fault(warp, operation, lane, $"parameter bytes from {address} on lie outside the entry's {Launch.Arguments.Length}");
                return ref Launch.Arguments[address];
            default:
                return ref TouchGlobal(warp, operation, space, address, bytes, lane, access);
        }
    }

    private ref byte TouchShared(Warp warp, Operation operation, ulong address, int bytes, int lane, Access access)
    {
        if (address > (ulong)_shared.Length || address + (ulong)bytes > (ulong)_shared.Length)
            throw Fault(warp, operation, lane, $"shared address 0x{address:X} lies outside the block's {_shared.Length} bytes");
        int offset = (int)address;
        if (Launch.Program.HasAsyncCopies && _pending.AsSpan(offset, bytes).ContainsAnyExcept((byte)0))
            throw Fault(warp, operation, lane, $"shared address 0x{address:X} is the target of a cp.async that has not been waited for");
        if (Launch.Program.HasAsyncCopies && (access & Access.Write) != 0)
            _fetched.AsSpan(offset, bytes).Clear();
        if (_history is not null)
        {
            bool reads = (access & Access.Read) != 0;
            if (reads && Launch.Options.FindUninitialisedShared && !_history.IsWritten(offset, bytes))
                throw Fault(warp, operation, lane, $"shared address 0x{address:X} is read, but nobody has written its {bytes} bytes");
            ulong other = _history.Note(warp, lane, offset, bytes, access);
            if (other != 0)
                throw Race(warp, operation, lane, address, other, "shared");
        }
        Launch.Order.NoteStrong(warp, AddressWindows.Shared | address | ((ulong)LinearIndex << 32), access);
        return ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_shared), offset);
    }

    private ref byte TouchGlobal(Warp warp, Operation operation, MemorySpace space, ulong address, int bytes, int lane, Access access)
    {
        MemoryRegion? region = operation.LastRegion;
        if (region is null || !region.Contains(address, bytes))
        {
            region = Launch.Machine.FindRegion(address, bytes)
                ?? throw Fault(warp, operation, lane, $"{bytes} bytes at 0x{address:X} are in no allocation{Launch.Machine.DescribeNear(address)}");
            operation.LastRegion = region;
        }
        bool writes = (access & Access.Write) != 0;
        if (region.IsConstant && writes)
            throw Fault(warp, operation, lane, $"0x{address:X} is constant memory ({region.Name})");
        if (space == MemorySpace.Const && !region.IsConstant)
            throw Fault(warp, operation, lane, $"0x{address:X} is not constant memory");
        if (Launch.Program.HasReadOnlyLoads && (writes || (access & Access.NonCoherent) != 0) && !region.NoteReadOnlyPath(address, bytes, writes))
            throw Fault(warp, operation, lane, $"0x{address:X} in {region.Name} is both written and read through .nc in one launch");
        if (Launch.Options.FindGlobalRaces && !region.IsConstant)
        {
            region.History ??= new AccessHistory(region.Data.Length);
            ulong other = region.History.Note(warp, lane, (int)(address - region.Start), bytes, access);
            if (other != 0)
                throw Race(warp, operation, lane, address, other, region.Name);
        }
        if ((access & Access.Strong) != 0)
            Launch.Order.NoteStrong(warp, address, access);
        return ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(region.Data), (nint)(address - region.Start));
    }

    /// <summary>A cp.async begins: nobody may touch its target until it has landed.</summary>
    public void BeginCopy(Warp warp, Operation operation, int lane, ulong target, int bytes)
    {
        TouchAligned(warp, operation, target, bytes, lane);
        _pending.AsSpan((int)target, bytes).Fill(1);
    }

    private void TouchAligned(Warp warp, Operation operation, ulong target, int bytes, int lane)
    {
        int alignment = Math.Min(bytes, 16);
        if ((target & ((ulong)alignment - 1)) != 0)
            throw Fault(warp, operation, lane, $"shared address 0x{target:X} is not a multiple of the copy's {alignment} bytes");
        TouchShared(warp, operation, target, bytes, lane, Access.Write);
    }

    /// <summary>A cp.async lands, as if its thread wrote now; or a copy of the engine's.</summary>
    public void EndCopy(Warp warp, Operation operation, int lane, ulong target, ReadOnlySpan<byte> bytes, bool byEngine = false)
    {
        _pending.AsSpan((int)target, bytes.Length).Clear();
        TouchShared(warp, operation, target, bytes.Length, lane, Access.Write);
        bytes.CopyTo(_shared.AsSpan((int)target));
        _fetched.AsSpan((int)target, bytes.Length).Fill(byEngine);
    }

    /// <summary>What tensor cores and the copy engine read must have been written before a fence.proxy.async of its writer.</summary>
    public void CheckAsyncProxy(Warp warp, Operation operation, int address, int bytes)
    {
        if (_history is null || address < 0 || address + bytes > _shared.Length)
            return;
        for (int i = address; i < address + bytes; i += 4)
        {
            (_, int thread, uint time) = AccessHistory.Read(_history.WriterOf(i));
            if (time > 0 && !_fetched[i] && _warps[thread / 32].AsyncProxyFences[thread & 31] < time)
                throw Fault(warp, operation, 0, $"shared address 0x{i:X} was written by thread {thread}, which has not executed fence.proxy.async since");
        }
    }

    private PtxException Race(Warp warp, Operation operation, int lane, ulong address, ulong other, string where)
    {
        (int block, int thread, _) = AccessHistory.Read(other);
        Size3 index = Launch.GridSize.At(block);
        return Fault(warp, operation, lane, $"data race at 0x{address:X} ({where}): thread {thread} of block ({index.X},{index.Y},{index.Z})"
            + " touched it too, with no barrier or other order between");
    }

    private PtxException Fault(Warp warp, Operation operation, int lane, string problem) =>
        operation.Error($"{problem} (block {Name}, thread {warp.ThreadOf(lane)}).");
}
