using System.Runtime.InteropServices;
using Managed.Ilgpu.Compiler.IR;
using Atomic = Managed.Ilgpu.Compiler.IR.Atomic;
using Barrier = Managed.Ilgpu.Compiler.IR.Barrier;
using Convert = Managed.Ilgpu.Compiler.IR.Convert;
using Switch = Managed.Ilgpu.Compiler.IR.Switch;

namespace Managed.Tests.Ilgpu.Frontend;

/// <summary>
/// Runs a kernel in the intermediate form, one group after the other, the threads of a group in turns from barrier to barrier.
/// It computes each operation by itself and not by the compiler's constant folding.
/// A pointer is the number of a segment of memory in its upper half and an offset in its lower half; nothing lies in segment 0.
/// </summary>
internal sealed class KernelInterpreter(KernelFunction kernel)
{
    private const int SegmentShift = 40;
    private const int WarpSize = 32;

    private readonly List<Memory<byte>> _segments = [Memory<byte>.Empty];
    private (int X, int Y, int Z) _grid, _group;

    /// <summary>Instructions run so far; a kernel that does not end is stopped.</summary>
    public long Steps { get; private set; }

    public long MostSteps { get; init; } = 50_000_000;

    public int DynamicSharedBytes { get; init; }

    /// <summary>Makes memory of the host visible to the kernel; the result is a pointer to its start.</summary>
    public long Map<T>(T[] memory)
        where T : unmanaged => Map(new CastMemory<T>(memory).Memory);

    public void Launch((int X, int Y, int Z) grid, (int X, int Y, int Z) group, params long[] arguments)
    {
        (_grid, _group) = (grid, group);
        Assert.That(arguments, Has.Length.EqualTo(kernel.Parameters.Count), "number of arguments");
        for (int z = 0; z < grid.Z; z++)
        {
            for (int y = 0; y < grid.Y; y++)
            {
                for (int x = 0; x < grid.X; x++)
                {
                    RunGroup((x, y, z), arguments);
                }
            }
        }
    }

    private long Map(Memory<byte> memory)
    {
        _segments.Add(memory);
        return (long)(_segments.Count - 1) << SegmentShift;
    }

    private void RunGroup((int X, int Y, int Z) at, long[] arguments)
    {
        Dictionary<Value, long> shared = [];
        foreach (Allocation allocation in kernel.Allocations.Where(a => a.Type.Space == AddressSpace.Shared))
        {
            shared[allocation] = Map(Junk(allocation.Bytes));
        }
        long dynamicShared = Map(Junk(DynamicSharedBytes));
        List<ThreadState> threads = [];
        for (int i = 0; i < _group.X * _group.Y * _group.Z; i++)
        {
            ThreadState thread = new()
            {
                Index = i,
                Thread = (i % _group.X, i / _group.X % _group.Y, i / (_group.X * _group.Y)),
                Group = at,
                DynamicShared = dynamicShared,
            };
            foreach ((Value allocation, long pointer) in shared)
            {
                thread.Values[allocation] = pointer;
            }
            foreach (Allocation allocation in kernel.Allocations.Where(a => a.Type.Space != AddressSpace.Shared))
            {
                thread.Values[allocation] = Map(Junk(allocation.Bytes));
            }
            foreach (Parameter parameter in kernel.Parameters)
            {
                thread.Values[parameter] = arguments[parameter.Index];
            }
            threads.Add(thread);
        }
        IEnumerator<bool>[] running = [.. threads.Select(thread => Run(thread, threads).GetEnumerator())];
        bool any = true;
        while (any)
        {
            any = false;
            for (int i = 0; i < running.Length; i++)
            {
                threads[i].IsRunning = running[i].MoveNext();
                any |= threads[i].IsRunning;
            }
        }
    }

    private sealed class ThreadState
    {
        public int Index;
        public (int X, int Y, int Z) Thread, Group;
        public long DynamicShared, Posted;
        public bool IsRunning = true;
        public Dictionary<Value, long> Values { get; } = [];
        public Dictionary<Value, long[]> Lanes { get; } = [];
    }

    /// <summary>Memory that was never written holds nonsense, so that a missing store shows.</summary>
    private static byte[] Junk(long bytes)
    {
        byte[] junk = new byte[bytes];
        Array.Fill(junk, (byte)0xcd);
        return junk;
    }

    private IEnumerable<bool> Run(ThreadState thread, List<ThreadState> group)
    {
        BasicBlock block = kernel.Blocks[0];
        BasicBlock? from = null;
        while (true)
        {
            if (from is not null)
            {
                int edge = block.Predecessors.IndexOf(from);
                (Phi Phi, long Value)[] chosen = [.. block.Phis.Select(phi => (phi, Get(thread, phi.Operands[edge])))];
                foreach ((Phi phi, long value) in chosen)
                {
                    thread.Values[phi] = value;
                }
            }
            foreach (Value value in block.Values)
            {
                if (++Steps > MostSteps)
                {
                    throw new InvalidOperationException("the kernel does not end");
                }
                switch (value)
                {
                    case Phi:
                        break;
                    case Barrier barrier:
                        thread.Posted = barrier.Operands.Length > 0 ? Get(thread, barrier.Operands[0]) : 0;
                        yield return true;
                        int holds = group.Count(other => other.Posted != 0);
                        thread.Values[barrier] = barrier.Kind switch
                        {
                            BarrierKind.GroupCount => holds,
                            BarrierKind.GroupAnd => holds == group.Count ? 1 : 0,
                            _ => holds > 0 ? 1 : 0,
                        };
                        yield return true; // nobody posts anew before all have read
                        break;
                    case Shuffle shuffle:
                        thread.Posted = Get(thread, shuffle.Operands[0]);
                        yield return true;
                        thread.Values[shuffle] = group[Source(shuffle, thread, (int)Get(thread, shuffle.Operands[1]), group.Count)].Posted;
                        yield return true;
                        break;
                    default:
                        Execute(thread, value);
                        break;
                }
            }
            int target;
            switch (block.Terminator)
            {
                case Return:
                    yield break;
                case ConditionalBranch branch:
                    target = Get(thread, branch.Operands[0]) != 0 ? 0 : 1;
                    break;
                case Switch choice:
                    long selector = Get(thread, choice.Operands[0]);
                    target = selector >= 0 && selector < choice.Targets.Length - 1 ? (int)selector : choice.Targets.Length - 1;
                    break;
                case Branch:
                    target = 0;
                    break;
                default:
                    throw new InvalidOperationException($"cannot run {block.Terminator}");
            }
            (from, block) = (block, block.Terminator.Targets[target]);
        }
    }

    private static int Source(Shuffle shuffle, ThreadState thread, int argument, int count)
    {
        int width = shuffle.Width == 0 ? WarpSize : shuffle.Width, lane = thread.Index % WarpSize, first = lane & -width;
        int source = shuffle.Kind switch
        {
            ShuffleKind.Index => first + (argument & (width - 1)),
            ShuffleKind.Up => lane - argument,
            ShuffleKind.Down => lane + argument,
            _ => lane ^ argument,
        };
        source = source < first || source >= first + width ? lane : source;
        return Math.Min(thread.Index - lane + source, count - 1);
    }

    private static long Get(ThreadState thread, Value value) => value switch
    {
        Constant constant => constant.Bits,
        DynamicShared => thread.DynamicShared,
        _ => thread.Values[value],
    };

    private Span<byte> At(long pointer, int bytes)
    {
        int segment = (int)(pointer >> SegmentShift);
        long offset = pointer & ((1L << SegmentShift) - 1);
        Assert.That(segment > 0 && segment < _segments.Count && offset + bytes <= _segments[segment].Length, Is.True, $"access of {bytes} bytes at {pointer:x}");
        return _segments[segment].Span.Slice((int)offset, bytes);
    }

    private long LoadBits(long pointer, ScalarType type) => type.Size switch
    {
        1 => (sbyte)At(pointer, 1)[0],
        2 => MemoryMarshal.Read<short>(At(pointer, 2)),
        4 => MemoryMarshal.Read<int>(At(pointer, 4)),
        _ => MemoryMarshal.Read<long>(At(pointer, 8)),
    };

    private void StoreBits(long pointer, ScalarType type, long bits) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in bits))[..type.Size].CopyTo(At(pointer, type.Size));

    private void Execute(ThreadState thread, Value value)
    {
        long Operand(int index) => Get(thread, value.Operands[index]);
        switch (value)
        {
            case Load { Lanes: 1 }:
                thread.Values[value] = LoadBits(Operand(0), value.Type);
                return;
            case Load load:
                Assert.That(Operand(0) % (load.Lanes * value.Type.Size), Is.Zero, "a vector access is aligned");
                thread.Lanes[value] = [.. Enumerable.Range(0, load.Lanes).Select(i => LoadBits(Operand(0) + i * value.Type.Size, value.Type))];
                return;
            case Result result:
                thread.Values[value] = thread.Lanes[result.Operands[0]][result.Index];
                return;
            case Store store:
                ScalarType element = value.Operands[1].Type;
                Assert.That(store.Lanes == 1 || Operand(0) % (store.Lanes * element.Size) == 0, Is.True, "a vector access is aligned");
                for (int i = 0; i < store.Lanes; i++)
                {
                    StoreBits(Operand(0) + i * element.Size, element, Operand(1 + i));
                }
                return;
            case Atomic atomic:
                long old = LoadBits(Operand(0), value.Type);
                thread.Values[value] = old;
                StoreBits(Operand(0), value.Type, Scalars.Combine(atomic, old, Operand(1), value.Operands.Length > 2 ? Operand(2) : 0));
                return;
            case Fence:
                return;
            case SpecialRegister register:
                thread.Values[value] = Register(thread, register.Kind);
                return;
            case PointerOffset offset:
                thread.Values[value] = Operand(0) + offset.Displacement + (offset.HasIndex ? Operand(1) * offset.Scale : 0);
                return;
            default:
                thread.Values[value] = Scalars.Compute(value, [.. value.Operands.Select(operand => Get(thread, operand))]);
                return;
        }
    }

    private int Register(ThreadState thread, SpecialRegisterKind kind) => kind switch
    {
        SpecialRegisterKind.ThreadX => thread.Thread.X,
        SpecialRegisterKind.ThreadY => thread.Thread.Y,
        SpecialRegisterKind.ThreadZ => thread.Thread.Z,
        SpecialRegisterKind.GroupDimensionX => _group.X,
        SpecialRegisterKind.GroupDimensionY => _group.Y,
        SpecialRegisterKind.GroupDimensionZ => _group.Z,
        SpecialRegisterKind.GroupX => thread.Group.X,
        SpecialRegisterKind.GroupY => thread.Group.Y,
        SpecialRegisterKind.GroupZ => thread.Group.Z,
        SpecialRegisterKind.GridDimensionX => _grid.X,
        SpecialRegisterKind.GridDimensionY => _grid.Y,
        SpecialRegisterKind.GridDimensionZ => _grid.Z,
        SpecialRegisterKind.Lane => thread.Index % WarpSize,
        SpecialRegisterKind.WarpSize => WarpSize,
        _ => DynamicSharedBytes,
    };

    /// <summary>An array's bytes as memory.</summary>
    private sealed class CastMemory<T>(T[] array) : System.Buffers.MemoryManager<byte>
        where T : unmanaged
    {
        public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(array.AsSpan());

        public override System.Buffers.MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin() => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
        }
    }
}
