using System.Numerics;
using System.Runtime.CompilerServices;

namespace Managed.Tests.Ptx;

/// <summary>mbarrier, bulk copies and tensor copies (a block's own shared memory only; no clusters).</summary>
internal static class AsyncBarrierRules
{
    private const string Shared = "place=shared|shared::cta";
    private const string Complete = "mbarrier::complete_tx::bytes";

    private delegate ulong PerLane(Warp warp, Operation operation, int lane, int barrier);

    public static readonly Rule[] All =
    [
        .. Both("mbarrier init {S} b64", "[s] u32", 0, (warp, op, lane, barrier) =>
        {
            warp.Block.AsyncBarriers.Initialise(warp, op, lane, barrier, Value(warp, op, 1, lane));
            return 0;
        }, 70, 80),
        .. Both("mbarrier inval {S} b64", "[s]", 0, (warp, op, lane, barrier) =>
        {
            warp.Block.AsyncBarriers.Invalidate(warp, op, lane, barrier);
            return 0;
        }, 70, 80),
        .. Both("mbarrier arrive {S} b64", "=b64 [s]", 1, (warp, op, lane, barrier) => warp.Block.AsyncBarriers.Arrive(warp, op, lane, barrier, 1, 0), 70, 80),
        new($"mbarrier arrive release cta {Shared} b64", "=b64 [s]",
            Bind(1, (warp, op, lane, barrier) => warp.Block.AsyncBarriers.Arrive(warp, op, lane, barrier, 1, 0)), 80, 80),
        .. Both("mbarrier arrive {S} b64", "=b64 [s] u32", 1,
            (warp, op, lane, barrier) => warp.Block.AsyncBarriers.Arrive(warp, op, lane, barrier, Value(warp, op, 2, lane), 0), 78, 90),
        .. new[] { "", "release cta " }.Select(order => new Rule($"mbarrier arrive expect_tx {order}{Shared} b64", "=b64 [s] u32",
            Bind(1, (warp, op, lane, barrier) => warp.Block.AsyncBarriers.Arrive(warp, op, lane, barrier, 1, Value(warp, op, 2, lane))), 80, 90)),
        new($"mbarrier expect_tx relaxed cta {Shared} b64", "[s] u32", Bind(0, (warp, op, lane, barrier) =>
        {
            warp.Block.AsyncBarriers.Announce(warp, op, lane, barrier, Value(warp, op, 1, lane));
            return 0;
        }), 80, 90),
        .. Wait("test_wait", "", "b64", 70, 80), .. Wait("test_wait parity", "", "u32", 71, 80),
        .. Wait("try_wait", "", "b64", 78, 90), .. Wait("try_wait parity", "", "u32", 78, 90),
        .. Wait("try_wait", "acquire cta ", "b64", 80, 90), .. Wait("try_wait parity", "acquire cta ", "u32", 80, 90),
        .. Both("cp async mbarrier arrive noinc {S} b64", "[s]", 0, (warp, op, lane, barrier) =>
        {
            warp.Copies(lane).WaitAll(warp, lane);
            return warp.Block.AsyncBarriers.Arrive(warp, op, lane, barrier, 1, 0);
        }, 70, 80),
        new("fence mbarrier_init release cluster", "", (operation, _) => operation.Class = InstructionClass.Barrier, 80, 90),
        new("fence proxy tensormap::generic acquire scope=cta|cluster|gpu|sys", "[g] #", (operation, _) => operation.Class = InstructionClass.Barrier, 83, 90),
        new("prefetch tensormap", "[g]", (operation, _) => operation.Class = InstructionClass.Load, 80, 90),
        .. Bulk("shared::cluster", 80), .. Bulk("shared::cta", 86),
        new("cp async bulk global shared::cta bulk_group", "[g] [s] u32", StoreBulk, 80, 90),
        new("cp async bulk commit_group", "", (operation, _) => operation.Class = InstructionClass.AsyncCopy, 80, 90),
        new("cp async bulk wait_group read?", "#", (operation, _) => operation.Class = InstructionClass.AsyncCopy, 80, 90),
    ];

    private static IEnumerable<Rule> Bulk(string target, int version)
    {
        foreach (string hint in new[] { "", " L2::cache_hint" })
        {
            string policy = hint.Length > 0 ? " b64" : "";
            yield return new($"cp async bulk {target} global {Complete}{hint}", $"[s] [g] u32 [s]{policy}", LoadBulk, version, 90);
            for (int rank = 1; rank <= 5; rank++)
            {
                int coordinates = rank;
                yield return new($"cp async bulk tensor {rank}d {target} global tile? {Complete}{hint}",
                    $"[s] [t{rank}] [s]{policy}", (operation, _) => LoadTensor(operation, coordinates), version, 90);
            }
        }
    }

    /// <summary>A rule for .shared, and one for .shared::cta, which came with 7.8.</summary>
    private static IEnumerable<Rule> Both(string pattern, string operands, int addressSlot, PerLane action, int version, int architecture) =>
    [
        new(pattern.Replace("{S}", "shared"), operands, Bind(addressSlot, action), version, architecture),
        new(pattern.Replace("{S}", "shared::cta"), operands, Bind(addressSlot, action), Math.Max(version, 78), architecture),
    ];

    private static IEnumerable<Rule> Wait(string words, string order, string type, int version, int architecture)
    {
        bool parity = words.EndsWith("parity");
        foreach (string limit in words.StartsWith("try") ? new[] { "", " u32" } : [""])
            foreach (string shared in new[] { "shared", "shared::cta" })
                yield return new Rule($"mbarrier {words} {order}{shared} b64", $"=pred [s] {type}{limit}", (operation, _) =>
                {
                    operation.Class = InstructionClass.Barrier;
                    operation.Kind = OperationKind.Pause;
                    operation.Run = (warp, op, mask) =>
                    {
                        uint over = 0;
                        for (uint rest = mask; rest != 0; rest &= rest - 1)
                        {
                            int lane = BitOperations.TrailingZeroCount(rest);
                            ulong value = parity ? Value(warp, op, 2, lane) : Lanes.Get<ulong>(ref warp.Register(op.Slots[2]), lane);
                            if (warp.Block.AsyncBarriers.Test(warp, op, lane, Address(warp, op, 1, 0, lane), value, parity))
                                over |= 1u << lane;
                        }
                        warp.SetPredicate(op.D, mask, over);
                    };
                }, shared == "shared" ? version : Math.Max(version, 78), architecture);
    }

    private static uint Value(Warp warp, Operation operation, int slot, int lane) => Lanes.Get<uint>(ref warp.Register(operation.Slots[slot]), lane);

    private static ulong Address64(Warp warp, Operation operation, int slot, int address, int lane) =>
        (Unsafe.Add(ref warp.Register(operation.Slots[slot]), lane) + (ulong)operation.Offsets[address]) & operation.AddressMasks[address];

    private static int Address(Warp warp, Operation operation, int slot, int address, int lane) => (int)Address64(warp, operation, slot, address, lane);

    private static Bind Bind(int addressSlot, PerLane action) => (operation, _) =>
    {
        operation.Class = InstructionClass.Barrier;
        operation.Run = (warp, op, mask) =>
        {
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                ulong result = action(warp, op, lane, Address(warp, op, addressSlot, 0, lane));
                if (addressSlot > 0)
                    Unsafe.Add(ref warp.Register(op.D), lane) = result;
            }
        };
    };

    private static void LoadBulk(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.AsyncCopy;
        operation.Run = (warp, op, mask) =>
        {
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                int size = CheckSize(warp, op, lane, Value(warp, op, 2, lane));
                ulong source = Address64(warp, op, 1, 1, lane);
                byte[] bytes = new byte[size];
                for (int i = 0; i < size; i += 16)
                    Unsafe.CopyBlockUnaligned(ref bytes[i], ref warp.Touch(op, MemorySpace.Global, source + (ulong)i, 16, lane, Access.Read), 16);
                warp.Block.AsyncBarriers.Send(warp, op, lane, Address(warp, op, 3, 2, lane), Address(warp, op, 0, 0, lane), bytes);
            }
        };
    }

    private static void StoreBulk(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.AsyncCopy;
        operation.Run = (warp, op, mask) =>
        {
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                int size = CheckSize(warp, op, lane, Value(warp, op, 2, lane)), source = Address(warp, op, 1, 1, lane);
                ulong target = Address64(warp, op, 0, 0, lane);
                for (int i = 0; i < size; i += 16)
                {
                    warp.Block.CheckAsyncProxy(warp, op, source + i, 16);
                    ref byte from = ref warp.Touch(op, MemorySpace.Shared, (ulong)(source + i), 16, lane, Access.Read);
                    Unsafe.CopyBlockUnaligned(ref warp.Touch(op, MemorySpace.Global, target + (ulong)i, 16, lane, Access.Write), ref from, 16);
                }
            }
        };
    }

    private static int CheckSize(Warp warp, Operation operation, int lane, uint size) =>
        size > 0 && size % 16 == 0 ? (int)size : throw operation.Error($"a bulk copy moves a multiple of 16 bytes, not {size}{warp.Who(1u << lane)}.");

    /// <summary>Slots: target, map, coordinates, barrier. What lies outside the tensor is zero and counts all the same.</summary>
    private static void LoadTensor(Operation operation, int rank)
    {
        operation.Class = InstructionClass.AsyncCopy;
        operation.Run = (warp, op, mask) =>
        {
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                TensorMap map = ReadMap(warp, op, lane, rank);
                int[] coordinates = [.. Enumerable.Range(0, rank).Select(i => (int)Value(warp, op, 2 + i, lane))];
                int target = Address(warp, op, 0, 0, lane);
                int alignment = Math.Max(128, 8 * map.SwizzleBytes);
                if (target % alignment != 0)
                    throw op.Error($"shared address 0x{target:X} is not aligned to {alignment} bytes as the map's swizzle demands{warp.Who(1u << lane)}.");
                byte[] bytes = new byte[map.BoxBytes];
                map.ForEach(coordinates, (element, address) =>
                {
                    if (address is { } source)
                        Unsafe.CopyBlockUnaligned(ref bytes[map.Place(target, element * map.ElementBytes) - target],
                            ref warp.Touch(op, MemorySpace.Global, source, map.ElementBytes, lane, Access.Read), (uint)map.ElementBytes);
                });
                warp.Block.AsyncBarriers.Send(warp, op, lane, Address(warp, op, 2 + rank, 2, lane), target, bytes);
            }
        };
    }

    private static TensorMap ReadMap(Warp warp, Operation operation, int lane, int rank)
    {
        ulong address = Address64(warp, operation, 1, 1, lane);
        byte[] bytes = new byte[128];
        for (int i = 0; i < 128; i += 16)
            Unsafe.CopyBlockUnaligned(ref bytes[i], ref warp.Touch(operation, MemorySpace.Generic, address + (ulong)i, 16, lane, Access.Read), 16);
        TensorMap? map = TensorMap.Decode(bytes);
        return map is not null && map.Rank == rank ? map
            : throw operation.Error($"0x{address:X} holds no tensor map of rank {rank}{warp.Who(1u << lane)}.");
    }
}
