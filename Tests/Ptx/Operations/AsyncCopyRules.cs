using System.Numerics;
using System.Runtime.CompilerServices;

namespace Managed.Tests.Ptx;

/// <summary>cp.async: copies from global to shared memory in groups, each thread's own.</summary>
internal static class AsyncCopyRules
{
    private const string Fetch = "fetch=L2::64B|L2::128B|L2::256B";

    public static readonly Rule[] All =
    [
        .. Copies("shared", 70), .. Copies("shared::cta", 70),
        new("cp async commit_group", "", Bind((warp, _, mask) => ForEach(warp, mask, (queue, _) => queue.Commit())), 70, 80),
        new("cp async wait_group", "#", Bind((warp, op, mask) => ForEach(warp, mask, (queue, lane) => queue.Wait(warp, lane, (int)op.Literals[0]))), 70, 80),
        new("cp async wait_all", "", Bind((warp, _, mask) => ForEach(warp, mask, (queue, lane) => queue.WaitAll(warp, lane))), 70, 80),
    ];

    private static IEnumerable<Rule> Copies(string shared, int version)
    {
        foreach ((string words, string extra, int least) in new[] { ("", "", version), (" " + Fetch, "", 74), ($" L2::cache_hint {Fetch}?", " b64", 74) })
            foreach ((string size, string bytes) in new[] { ("", ""), (" sized", " u32"), (" ignored", " pred") })
            {
                int needed = size == " ignored" ? Math.Max(least, 75) : least;
                yield return new($"cp async cache=ca|cg {shared} global{words}", $"[s] [g] #{bytes}{extra}", Copy(size.Trim()), needed, 80) { Check = CheckSize };
            }
    }

    private static string? CheckSize(Operand[] operands, RuleMatch match) => (match["cache"], operands[2].Bits) switch
    {
        ("ca", 4 or 8 or 16) or ("cg", 16) => null,
        ("cg", _) => $"cp.async.cg copies 16 bytes, not {operands[2]}.",
        _ => $"cp.async.ca copies 4, 8 or 16 bytes, not {operands[2]}.",
    };

    private static Bind Bind(Execute run) => (operation, _) =>
    {
        operation.Class = InstructionClass.AsyncCopy;
        operation.Run = run;
    };

    private static void ForEach(Warp warp, uint mask, Action<CopyQueue, int> action)
    {
        for (; mask != 0; mask &= mask - 1)
            action(warp.Copies(BitOperations.TrailingZeroCount(mask)), BitOperations.TrailingZeroCount(mask));
    }

    /// <summary>Reads the source now and keeps the bytes until the wait; the rest of the size is filled with zeros.</summary>
    private static Bind Copy(string variant) => (operation, match) =>
    {
        operation.Class = InstructionClass.AsyncCopy;
        operation.Bytes = (int)operation.Literals[0];
        operation.Space = MemorySpace.Global;
        operation.Access = Access.Read;
        operation.Run = (warp, op, mask) =>
        {
            var traffic = new Traffic(warp, op, op.Bytes);
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                ulong target = (Unsafe.Add(ref warp.Register(op.Slots[0]), lane) + (ulong)op.Offsets[0]) & op.AddressMasks[0];
                ulong source = (Unsafe.Add(ref warp.Register(op.Slots[1]), lane) + (ulong)op.Offsets[1]) & op.AddressMasks[1];
                int real = variant switch
                {
                    "sized" => (int)Lanes.Get<uint>(ref warp.Register(op.Slots[2]), lane),
                    "ignored" => ((warp.ReadPredicate(op, 2) >> lane) & 1) != 0 ? 0 : op.Bytes,
                    _ => op.Bytes,
                };
                if (real < 0 || real > op.Bytes)
                    throw op.Error($"{real} bytes to read is not between 0 and {op.Bytes}{warp.Who(1u << lane)}.");
                UInt128 value = 0;
                ref byte bytes = ref warp.Touch(op, MemorySpace.Global, source, op.Bytes, lane, real == 0 ? Access.None : Access.Read);
                for (int i = 0; i < real; i++)
                    value |= (UInt128)Unsafe.Add(ref bytes, i) << (8 * i);
                if (real > 0)
                    traffic.Add(source);
                warp.Copies(lane).Start(warp, lane, op, target, op.Bytes, value);
            }
            traffic.Count();
        };
    };
}
