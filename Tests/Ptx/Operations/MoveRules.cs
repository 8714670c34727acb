using System.Numerics;
using System.Runtime.CompilerServices;

namespace Managed.Tests.Ptx;

internal readonly struct Equal<T> : IComparison<T> where T : INumber<T> { public static bool Apply(T a, T b) => a == b; }

internal readonly struct NotEqual<T> : IComparison<T> where T : INumber<T> { public static bool Apply(T a, T b) => a < b || a > b; }

internal readonly struct Less<T> : IComparison<T> where T : INumber<T> { public static bool Apply(T a, T b) => a < b; }

internal readonly struct LessEqual<T> : IComparison<T> where T : INumber<T> { public static bool Apply(T a, T b) => a <= b; }

internal readonly struct Greater<T> : IComparison<T> where T : INumber<T> { public static bool Apply(T a, T b) => a > b; }

internal readonly struct GreaterEqual<T> : IComparison<T> where T : INumber<T> { public static bool Apply(T a, T b) => a >= b; }

internal readonly struct BothNumbers<T> : IComparison<T> where T : INumber<T> { public static bool Apply(T a, T b) => !T.IsNaN(a) && !T.IsNaN(b); }

/// <summary>The opposite: turns an ordered comparison into the unordered one of the opposite sense.</summary>
internal readonly struct Opposite<T, TComparison> : IComparison<T> where TComparison : IComparison<T> { public static bool Apply(T a, T b) => !TComparison.Apply(a, b); }

internal readonly struct FlushComparison<TComparison> : IComparison<float> where TComparison : IComparison<float>
{
    public static bool Apply(float a, float b) => TComparison.Apply(Single32.Flush(a), Single32.Flush(b));
}

internal readonly struct HalfComparison<THalf, TComparison> : IComparison<ushort> where THalf : IHalf where TComparison : IComparison<double>
{
    public static bool Apply(ushort a, ushort b) => TComparison.Apply(THalf.Decode(a), THalf.Decode(b));
}

/// <summary>Moves, packing, comparisons and selection.</summary>
internal static class MoveRules
{
    private delegate uint Comparison(Warp warp, int first, int second, uint mask);

    /// <summary>Comparison words and their C# form; a true flag marks the negation of it.</summary>
    private static readonly Dictionary<string, (Type Type, bool Opposite)> Comparisons = new()
    {
        ["eq"] = (typeof(Equal<>), false),
        ["ne"] = (typeof(NotEqual<>), false),
        ["lt"] = (typeof(Less<>), false),
        ["le"] = (typeof(LessEqual<>), false),
        ["gt"] = (typeof(Greater<>), false),
        ["ge"] = (typeof(GreaterEqual<>), false),
        ["lo"] = (typeof(Less<>), false),
        ["ls"] = (typeof(LessEqual<>), false),
        ["hi"] = (typeof(Greater<>), false),
        ["hs"] = (typeof(GreaterEqual<>), false),
        ["equ"] = (typeof(NotEqual<>), true),
        ["neu"] = (typeof(Equal<>), true),
        ["ltu"] = (typeof(GreaterEqual<>), true),
        ["leu"] = (typeof(Greater<>), true),
        ["gtu"] = (typeof(LessEqual<>), true),
        ["geu"] = (typeof(Less<>), true),
        ["num"] = (typeof(BothNumbers<>), false),
        ["nan"] = (typeof(BothNumbers<>), true),
    };

    private const string Signed = "eq|ne|lt|le|gt|ge";
    private const string Floating = Signed + "|equ|neu|ltu|leu|gtu|geu|num|nan";

    /// <summary>Patterns behind "setp" and "set": comparison, optional logic, type; and since when.</summary>
    private static readonly (string Before, string After, int Version, int Architecture)[] Compared =
    [
        ("op=" + Signed, "T=s16|s32|s64", 60, 70), ("op=" + Signed + "|lo|ls|hi|hs", "T=u16|u32|u64", 60, 70), ("op=eq|ne", "T=@bits", 60, 70),
        ("op=" + Floating, "ftz? T=f32", 60, 70), ("op=" + Floating, "T=f64", 60, 70), ("op=" + Floating, "ftz? T=f16", 60, 70), ("op=" + Floating, "T=bf16", 78, 90),
    ];

    public static readonly Rule[] All =
    [
        new("mov T=b16|u16|s16|b32|u32|s32|f32|b64|u64|s64|f64", "=T T@", Move),
        new("mov pred", "=pred pred", Logic((a, _) => a)),
        new("mov b32", "=b32 <2>b16!", Pack(16)), new("mov b64", "=b64 <2>b32!", Pack(32)), new("mov b64", "=b64 <4>b16!", Pack(16)),
        new("mov b32", "=<2>b16 b32!", Unpack(16)), new("mov b64", "=<2>b32 b64!", Unpack(32)), new("mov b64", "=<4>b16 b64!", Unpack(16)),
        new("and pred", "=pred pred^ pred^", Logic((a, b) => a & b)),
        new("or pred", "=pred pred^ pred^", Logic((a, b) => a | b)),
        new("xor pred", "=pred pred^ pred^", Logic((a, b) => a ^ b)),
        new("not pred", "=pred pred^", Logic((a, _) => ~a)),
        .. Compared.SelectMany(form => new[]
        {
            new Rule($"setp {form.Before} {form.After}", "=pred| T T", SetPredicate, form.Version, form.Architecture),
            new Rule($"setp {form.Before} logic=and|or|xor {form.After}", "=pred| T T pred^", SetPredicate, form.Version, form.Architecture),
            new Rule($"set {form.Before} {form.After.Replace("T=", "D=u32|s32|f32 T=")}", "=D T T", SetValue, form.Version, form.Architecture),
        }),
        new("selp T=b16|u16|s16|b32|u32|s32|f32|b64|u64|s64|f64", "=T T T pred", Select),
        new("slct D=b16|u16|s16|b32|u32|s32|f32|b64|u64|s64|f64 s32", "=D D D s32", (operation, _) =>
            operation.Run = Lanes.Each((a, b, c) => (int)c >= 0 ? a : b)),
        new("slct ftz? D=b16|u16|s16|b32|u32|s32|f32|b64|u64|s64|f64 f32", "=D D D f32", (operation, _) =>
            operation.Run = Lanes.Each((a, b, c) => BitConverter.UInt32BitsToSingle((uint)c) >= 0 ? a : b)),
    ];

    private static void Move(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Move;
        operation.Run = (warp, op, mask) =>
        {
            ref ulong d = ref warp.Register(op.D);
            ref ulong a = ref warp.Register(op.A);
            if (mask == Lanes.All)
                for (int lane = 0; lane < 32; lane++)
                    Unsafe.Add(ref d, lane) = Unsafe.Add(ref a, lane);
            else
                for (; mask != 0; mask &= mask - 1)
                    Unsafe.Add(ref d, BitOperations.TrailingZeroCount(mask)) = Unsafe.Add(ref a, BitOperations.TrailingZeroCount(mask));
        };
    }

    private static Bind Logic(Func<uint, uint, uint> function) => (operation, _) =>
    {
        operation.Class = InstructionClass.Compare;
        bool two = operation.Slots.Length > 2;
        operation.Run = (warp, op, mask) => warp.SetPredicate(op.D, mask, function(warp.ReadPredicate(op, 1), two ? warp.ReadPredicate(op, 2) : 0));
    };

    private static Bind Pack(int bits) => (operation, _) =>
    {
        operation.Class = InstructionClass.Move;
        ulong low = (1UL << bits) - 1;
        operation.Run = (warp, op, mask) =>
        {
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                ulong value = 0;
                for (int i = 1; i < op.Slots.Length; i++)
                    value |= (Unsafe.Add(ref warp.Register(op.Slots[i]), lane) & low) << (bits * (i - 1));
                Unsafe.Add(ref warp.Register(op.D), lane) = value;
            }
        };
    };

    private static Bind Unpack(int bits) => (operation, _) =>
    {
        operation.Class = InstructionClass.Move;
        ulong low = (1UL << bits) - 1;
        int count = operation.Slots.Length - 1;
        operation.Run = (warp, op, mask) =>
        {
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                ulong value = Unsafe.Add(ref warp.Register(op.Slots[count]), lane);
                for (int i = 0; i < count; i++)
                    Unsafe.Add(ref warp.Register(op.Slots[i]), lane) = (value >> (bits * i)) & low;
            }
        };
    };

    private static Comparison Compare(RuleMatch match)
    {
        ScalarType type = match.Type("T");
        (Type open, bool opposite) = Comparisons[match["op"]];
        bool half = type.Bytes == 2 && type.IsFloat;
        Type element = half ? typeof(double) : type.Clr!;
        Type closed = open.MakeGenericType(element);
        if (opposite)
            closed = typeof(Opposite<,>).MakeGenericType(element, closed);
        if (half)
            (element, closed) = (typeof(ushort), typeof(HalfComparison<,>).MakeGenericType(type.Name == "f16" ? typeof(Float16) : typeof(BFloat16), closed));
        else if (match.Has("ftz"))
            closed = typeof(FlushComparison<>).MakeGenericType(closed);
        return typeof(Lanes).GetMethod(nameof(Lanes.Compare))!.MakeGenericMethod(element, closed).CreateDelegate<Comparison>();
    }

    private static void SetPredicate(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Compare;
        Comparison compare = Compare(match);
        string logic = match["logic"];
        // slots: p, q (or the sink), a, b, and the predicate to combine with
        operation.Run = (warp, op, mask) =>
        {
            uint result = compare(warp, op.B, op.C, mask), opposite = ~result;
            if (logic.Length > 0)
            {
                uint other = warp.ReadPredicate(op, 4);
                (result, opposite) = logic switch
                {
                    "and" => (result & other, opposite & other),
                    "or" => (result | other, opposite | other),
                    _ => (result ^ other, opposite ^ other),
                };
            }
            warp.SetPredicate(op.D, mask, result);
            warp.SetPredicate(op.A, mask, opposite);
        };
    }

    private static void SetValue(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Compare;
        Comparison compare = Compare(match);
        ulong yes = match["D"] == "f32" ? 0x3F800000u : uint.MaxValue;
        operation.Run = (warp, op, mask) =>
        {
            uint result = compare(warp, op.A, op.B, mask);
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                Unsafe.Add(ref warp.Register(op.D), lane) = ((result >> lane) & 1) != 0 ? yes : 0;
            }
        };
    }

    private static void Select(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Move;
        operation.Run = (warp, op, mask) =>
        {
            ref ulong d = ref warp.Register(op.D);
            ref ulong a = ref warp.Register(op.A);
            ref ulong b = ref warp.Register(op.B);
            uint choice = warp.ReadPredicate(op, 3);
            for (; mask != 0; mask &= mask - 1)
            {
                int lane = BitOperations.TrailingZeroCount(mask);
                Unsafe.Add(ref d, lane) = ((choice >> lane) & 1) != 0 ? Unsafe.Add(ref a, lane) : Unsafe.Add(ref b, lane);
            }
        };
    }
}
