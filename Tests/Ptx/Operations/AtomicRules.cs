using System.Numerics;
using System.Runtime.CompilerServices;

namespace Managed.Tests.Ptx;

/// <summary>Atomic operations, with the old value (atom) or without (red). Lanes take their turns in order.</summary>
internal static class AtomicRules
{
    private delegate ulong Combine(ulong old, ulong a, ulong b);

    /// <summary>Operation, its types, least version and target; any order of the words, as ptxas has it.</summary>
    private static readonly (string Words, string Types, int Version, int Architecture)[] Kinds =
    [
        ("op=add", "u32|s32|u64|f32|f64", 60, 70), ("op=add noftz", "f16x2", 62, 70), ("op=add noftz", "f16", 63, 70), ("op=add noftz", "bf16|bf16x2", 78, 90),
        ("op=min|max", "u32|s32|u64|s64", 60, 70), ("op=and|or|xor", "b32|b64", 60, 70), ("op=inc|dec", "u32", 60, 70),
    ];

    public static readonly Rule[] All =
    [
        .. Kinds.SelectMany(kind => new[]
        {
            new Rule($"~atom {Order(true)} {kind.Words} T={kind.Types}", "=T [S] T", Atomic(true, 1), kind.Version, kind.Architecture),
            new Rule($"~red {Order(false)} {kind.Words} T={kind.Types}", "[S] T", Atomic(false, 1), kind.Version, kind.Architecture),
            new Rule($"~atom {Order(true, "cluster")} {kind.Words} T={kind.Types}", "=T [S] T", Atomic(true, 1), 78, 90),
            new Rule($"~red {Order(false, "cluster")} {kind.Words} T={kind.Types}", "[S] T", Atomic(false, 1), 78, 90),
        }),
        new($"~atom {Order(true)} op=exch T=b32|b64", "=T [S] T", Atomic(true, 1)),
        new($"~atom {Order(true)} op=cas T=b32|b64", "=T [S] T T", Atomic(true, 1)),
        new($"~atom {Order(true)} op=cas T=b16", "=T [S] T T", Atomic(true, 1), 63),
        .. new[] { 2, 4 }.SelectMany(count => new[]
        {
            new Rule($"~red sem=relaxed|release? scope=cta|gpu|sys|cluster? S=global op=add v{count} T=f32", $"[S] <{count}>T", Atomic(false, count), 81, 90),
            new Rule($"~atom sem=relaxed|acquire|release|acq_rel? scope=cta|gpu|sys|cluster? S=global op=add v{count} T=f32",
                $"=<{count}>T [S] <{count}>T", Atomic(true, count), 81, 90),
        }),
    ];

    private static string Order(bool acquires, string scopes = "cta|gpu|sys") =>
        $"sem=relaxed|{(acquires ? "acquire|acq_rel|" : "")}release? scope={scopes}{(scopes == "cluster" ? "" : "?")} S=global|shared|shared::cta?";

    private static Combine Combination(string op, ScalarType type, bool flush) => (op, type.Name) switch
    {
        ("add", "f32") when flush => (old, a, _) => Bits(Single32.Flush(AddSingle.Apply(Single32.Flush(Single(old)), Single32.Flush(Single(a))))),
        ("add", "f32") => (old, a, _) => Bits(AddSingle.Apply(Single(old), Single(a))),
        ("add", "f64") => (old, a, _) => BitConverter.DoubleToUInt64Bits(BitConverter.UInt64BitsToDouble(old) + BitConverter.UInt64BitsToDouble(a)),
        ("add", "f16" or "f16x2") => (old, a, _) => AddHalves<Float16>(old, a),
        ("add", "bf16" or "bf16x2") => (old, a, _) => AddHalves<BFloat16>(old, a),
        ("add", _) => (old, a, _) => old + a,
        ("min", "s32") => (old, a, _) => (uint)Math.Min((int)old, (int)a),
        ("max", "s32") => (old, a, _) => (uint)Math.Max((int)old, (int)a),
        ("min", "s64") => (old, a, _) => (ulong)Math.Min((long)old, (long)a),
        ("max", "s64") => (old, a, _) => (ulong)Math.Max((long)old, (long)a),
        ("min", _) => (old, a, _) => Math.Min(old, a),
        ("max", _) => (old, a, _) => Math.Max(old, a),
        ("and", _) => (old, a, _) => old & a,
        ("or", _) => (old, a, _) => old | a,
        ("xor", _) => (old, a, _) => old ^ a,
        ("inc", _) => (old, a, _) => old >= a ? 0 : old + 1,
        ("dec", _) => (old, a, _) => old == 0 || old > a ? a : old - 1,
        ("exch", _) => (_, a, _) => a,
        _ => (old, a, b) => old == a ? b : old,
    };

    private static float Single(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    private static ulong Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    private static ulong AddHalves<T>(ulong a, ulong b) where T : IHalf
    {
        ulong One(int shift) => (ulong)T.Encode(ExactArithmetic.MultiplyAddToOdd(T.Decode((ushort)(a >> shift)), 1, T.Decode((ushort)(b >> shift)))) << shift;
        return One(0) | One(16);
    }

    private static Bind Atomic(bool returns, int count) => (operation, match) =>
    {
        ScalarType type = match.Type("T");
        string sem = match["sem"];
        operation.Class = InstructionClass.Atomic;
        operation.Bytes = type.Bytes;
        operation.Count = count;
        operation.Access = Access.Read | Access.Write | Access.Strong
            | (sem is "acquire" or "acq_rel" ? Access.Acquire : 0) | (sem is "release" or "acq_rel" ? Access.Release : 0);
        // adding f32 in global memory flushes subnormals, in shared memory it does not
        Combine combine = Combination(match["op"], type, flush: operation.Space != MemorySpace.Shared);
        int first = returns ? count : 0;
        bool compares = match["op"] == "cas";
        operation.Run = (warp, op, mask) =>
        {
            var traffic = new Traffic(warp, op, op.Bytes * count);
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                ulong address = (Unsafe.Add(ref warp.Register(op.Slots[first]), lane) + (ulong)op.Offsets[0]) & op.AddressMasks[0];
                ref byte bytes = ref warp.Touch(op, op.Space, address, op.Bytes * count, lane, op.Access);
                traffic.Add(address);
                for (int i = 0; i < count; i++)
                {
                    ref byte place = ref Unsafe.Add(ref bytes, i * op.Bytes);
                    ulong old = Read(ref place, op.Bytes);
                    ulong a = Trim(Unsafe.Add(ref warp.Register(op.Slots[first + 1 + i]), lane), op.Bytes);
                    ulong b = compares ? Trim(Unsafe.Add(ref warp.Register(op.Slots[first + 2]), lane), op.Bytes) : 0;
                    Write(ref place, op.Bytes, combine(old, a, b));
                    if (returns)
                        Unsafe.Add(ref warp.Register(op.Slots[i]), lane) = old;
                }
            }
            traffic.Count();
        };
    };

    private static ulong Trim(ulong value, int bytes) => bytes == 8 ? value : value & ((1UL << (8 * bytes)) - 1);

    private static ulong Read(ref byte place, int bytes) => bytes switch
    {
        2 => Unsafe.ReadUnaligned<ushort>(ref place),
        4 => Unsafe.ReadUnaligned<uint>(ref place),
        _ => Unsafe.ReadUnaligned<ulong>(ref place),
    };

    private static void Write(ref byte place, int bytes, ulong value)
    {
        if (bytes == 2)
            Unsafe.WriteUnaligned(ref place, (ushort)value);
        else if (bytes == 4)
            Unsafe.WriteUnaligned(ref place, (uint)value);
        else
            Unsafe.WriteUnaligned(ref place, value);
    }
}
