namespace Managed.Tests.Ptx;

/// <summary>Integer arithmetic, logic, shifts and bit fields.</summary>
internal static class IntegerRules
{
    public static readonly Rule[] All =
    [
        new("add T=@int", "=T T T", Binary(typeof(Add<>))),
        new("sub T=@int", "=T T T", Binary(typeof(Subtract<>))),
        new("add sat s32", "=s32 s32 s32", Fixed("Binary", typeof(int), typeof(SaturatingAdd))),
        new("sub sat s32", "=s32 s32 s32", Fixed("Binary", typeof(int), typeof(SaturatingSubtract))),
        new("add cc T=@int3264", "=T T T", Carry(subtract: false, takesIn: false, setsOut: true)),
        new("addc cc? T=@int3264", "=T T T", Carry(subtract: false, takesIn: true, setsOut: null)),
        new("sub cc T=@int3264", "=T T T", Carry(subtract: true, takesIn: false, setsOut: true)),
        new("subc cc? T=@int3264", "=T T T", Carry(subtract: true, takesIn: true, setsOut: null)),
        new("add T=u16x2|s16x2", "=T T T", Set(Lanes.Each((a, b) => (ushort)(a + b) | ((((a >> 16) + (b >> 16)) & 0xFFFF) << 16))), 80, 90),
        new("mul lo T=@int", "=T T T", Binary(typeof(MultiplyLow<>))),
        new("mul hi T=u16|s16|u32|s32|s64", "=T T T", Binary(typeof(MultiplyHigh<>))),
        new("mul hi u64", "=u64 u64 u64", Fixed("Binary", typeof(ulong), typeof(MultiplyHighUnsigned))),
        new("mul wide T=u16|s16|u32|s32", "=T*2 T T", Wide("Wide")),
        new("mad lo T=@int", "=T T T T", Ternary(typeof(MultiplyAddLow<>))),
        new("mad hi T=u16|s16|u32|s32|s64", "=T T T T", Ternary(typeof(MultiplyAddHigh<>))),
        new("mad hi u64", "=u64 u64 u64 u64", Fixed("Ternary", typeof(ulong), typeof(MultiplyAddHighUnsigned))),
        new("mad hi sat s32", "=s32 s32 s32 s32", Set(Lanes.Each((a, b, c) => (uint)SaturatingAdd.Apply((int)(((long)(int)a * (int)b) >> 32), (int)c)))),
        new("mad wide T=u16|s16|u32|s32", "=T*2 T T T*2", Wide("WideSum")),
        new("sad T=u32|s32", "=T T T T", (operation, match) => operation.Run = match.Type("T").IsSigned
            ? Lanes.Each((a, b, c) => (uint)c + (uint)Math.Abs((long)(int)a - (int)b)) : Lanes.Each((a, b, c) => (uint)c + (uint)Math.Abs((long)(uint)a - (uint)b))),
        new("div T=@int", "=T T T", Binary(typeof(Divide<>))),
        new("rem T=@int", "=T T T", Binary(typeof(Remainder<>))),
        new("min T=@int", "=T T T", Binary(typeof(Minimum<>))),
        new("max T=@int", "=T T T", Binary(typeof(Maximum<>))),
        new("neg T=@signed", "=T T", Unary(typeof(Negate<>))),
        new("abs T=@signed", "=T T", Unary(typeof(Absolute<>))),
        new("and T=@bits", "=T T T", Binary(typeof(And<>))),
        new("or T=@bits", "=T T T", Binary(typeof(Or<>))),
        new("xor T=@bits", "=T T T", Binary(typeof(ExclusiveOr<>))),
        new("not T=@bits", "=T T", Unary(typeof(Not<>))),
        new("cnot T=@bits", "=T T", Unary(typeof(LogicalNot<>))),
        new("lop3 b32", "=b32 b32 b32 b32 #", (operation, _) =>
        {
            long table = operation.Literals[0];
            operation.Run = Lanes.Each((a, b, c) => BitFields.LookUp(a, b, c, table));
        }),
        new("shl T=@bits", "=T T u32", Shift(typeof(ShiftLeft<>))),
        new("shr T=u16|s16|b16|u32|s32|b32|u64|s64|b64", "=T T u32", Shift(typeof(ShiftRight<>))),
        new("shf l mode=wrap|clamp b32", "=b32 b32 b32 u32", (operation, match) =>
        {
            bool clamp = match["mode"] == "clamp";
            operation.Run = Lanes.Each((low, high, n) => BitFields.FunnelLeft(low, high, n, clamp));
        }),
        new("shf r mode=wrap|clamp b32", "=b32 b32 b32 u32", (operation, match) =>
        {
            bool clamp = match["mode"] == "clamp";
            operation.Run = Lanes.Each((low, high, n) => BitFields.FunnelRight(low, high, n, clamp));
        }),
        new("popc T=b32|b64", "=u32 T", Count(typeof(PopulationCount<>))),
        new("clz T=b32|b64", "=u32 T", Count(typeof(LeadingZeros<>))),
        new("brev T=b32|b64", "=T T", (operation, match) =>
        {
            int width = match.Type("T").Bytes * 8;
            operation.Run = Lanes.Each(a => BitFields.Reverse(a, width));
        }),
        new("bfind shiftamt? T=@int3264", "=u32 T", (operation, match) =>
        {
            (int width, bool signed, bool shift) = (match.Type("T").Bytes * 8, match.Type("T").IsSigned, match.Has("shiftamt"));
            operation.Run = Lanes.Each(a => BitFields.FindTop(a, width, signed, shift));
        }),
        new("bfe T=@int3264", "=T T u32 u32", (operation, match) =>
        {
            (int width, bool signed) = (match.Type("T").Bytes * 8, match.Type("T").IsSigned);
            operation.Run = Lanes.Each((a, position, length) => BitFields.Extract(a, position, length, width, signed));
        }),
        new("bfi T=b32|b64", "=T T T u32 u32", (operation, match) =>
        {
            int width = match.Type("T").Bytes * 8;
            operation.Run = Lanes.Each((a, b, position, length) => BitFields.Insert(a, b, position, length, width));
        }),
        new("prmt b32", "=b32 b32 b32 b32", Set(Lanes.Each(BitFields.Permute))),
        .. PermuteModes.Select(mode => new Rule($"prmt b32 {mode.Key}", "=b32 b32 b32 b32", Set(Lanes.Each((a, b, c) => BitFields.Permute(a, b, mode.Value[c & 3]))))),
        new("dp4a A=u32|s32 B=u32|s32", "=b32 b32 b32 b32", Dot(4, _ => 0)),
        new("dp2a half=lo|hi A=u32|s32 B=u32|s32", "=b32 b32 b32 b32", Dot(2, match => match["half"] == "hi" ? 2 : 0)),
    ];

    /// <summary>Selectors of prmt's named modes for the low two bits of the third operand.</summary>
    private static Dictionary<string, ulong[]> PermuteModes => new()
    {
        ["f4e"] = [0x3210, 0x4321, 0x5432, 0x6543],
        ["b4e"] = [0x5670, 0x6701, 0x7012, 0x0123],
        ["rc8"] = [0x0000, 0x1111, 0x2222, 0x3333],
        ["ecl"] = [0x3210, 0x3211, 0x3222, 0x3333],
        ["ecr"] = [0x0000, 0x1110, 0x2210, 0x3210],
        ["rc16"] = [0x1010, 0x3232, 0x1010, 0x3232],
    };

    private static Bind Set(Execute run) => (operation, _) => operation.Run = run;

    private static Bind Fixed(string loop, params Type[] types) => (operation, _) => operation.Run = Lanes.Close(loop, types);

    private static Bind Closed(string loop, Type open) => (operation, match) =>
    {
        Type type = match.Type("T").Clr!;
        operation.Run = Lanes.Close(loop, type, open.MakeGenericType(type));
    };

    private static Bind Binary(Type open) => Closed("Binary", open);

    private static Bind Ternary(Type open) => Closed("Ternary", open);

    private static Bind Shift(Type open) => Closed("Shift", open);

    private static Bind Unary(Type open) => (operation, match) =>
    {
        Type type = match.Type("T").Clr!;
        operation.Run = Lanes.Close("Unary", type, type, open.MakeGenericType(type));
    };

    private static Bind Count(Type open) => (operation, match) =>
    {
        Type type = match.Type("T").Clr!;
        operation.Run = Lanes.Close("Unary", type, typeof(uint), open.MakeGenericType(type));
    };

    private static Bind Wide(string loop) => (operation, match) =>
    {
        ScalarType type = match.Type("T");
        operation.Run = Lanes.Close(loop, type.Clr!, ScalarType.Find($"{type.Name[0]}{type.Bytes * 16}")!.Clr!);
    };

    private static Bind Dot(int count, Func<RuleMatch, int> firstByte) => (operation, match) =>
    {
        (bool signedA, bool signedB, int first) = (match["A"] == "s32", match["B"] == "s32", firstByte(match));
        operation.Run = Lanes.Each((a, b, c) => BitFields.Dot(a, b, c, count, first, signedA, signedB));
    };

    /// <summary>Sums with a carry between instructions; setsOut null means where .cc stands. A borrow is kept as carry too.</summary>
    private static Bind Carry(bool subtract, bool takesIn, bool? setsOut) => (operation, match) =>
    {
        bool wide = match.Type("T").Bytes == 8;
        bool sets = setsOut ?? match.Has("cc");
        operation.Run = (warp, op, mask) =>
        {
            for (int lane = 0; lane < 32; lane++)
            {
                if (((mask >> lane) & 1) == 0)
                    continue;
                UInt128 a = Lanes.Get<ulong>(ref warp.Register(op.A), lane), b = Lanes.Get<ulong>(ref warp.Register(op.B), lane);
                if (!wide)
                    (a, b) = ((uint)a, (uint)b);
                UInt128 carry = takesIn ? (warp.Carry >> lane) & 1 : 0;
                UInt128 result = subtract ? a - b - carry : a + b + carry;
                Lanes.Put(ref warp.Register(op.D), lane, (ulong)result);
                if (sets)
                    warp.Carry = (warp.Carry & ~(1u << lane)) | ((uint)(result >> (wide ? 64 : 32)) & 1) << lane;
            }
        };
    };
}
