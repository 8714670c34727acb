namespace Managed.Tests.Ptx;

/// <summary>Arithmetic of f32 and f64. Without a rounding mode, .rn; contraction into fma is never done here.</summary>
internal static class FloatRules
{
    public static readonly Rule[] All =
    [
        .. Arithmetic("add", typeof(AddSingle), typeof(Add<double>), typeof(AddRounded<>)),
        .. Arithmetic("sub", typeof(SubtractSingle), typeof(Subtract<double>), typeof(SubtractRounded<>)),
        .. Arithmetic("mul", typeof(MultiplySingle), typeof(MultiplyLow<double>), typeof(MultiplyRounded<>)),
        .. Fused("fma"),
        .. Fused("mad"),
        new("div round=@round ftz? f32", "=f32 f32 f32", Bind(2, typeof(DivideSingle), typeof(DivideRounded<>))),
        new("div round=@round f64", "=f64 f64 f64", Bind(2, typeof(DivideDouble), typeof(DivideRounded<>), isDouble: true)),
        new("div kind=approx|full ftz? f32", "=f32 f32 f32", Bind(2, typeof(DivideSingle), null)),
        .. OfOne("neg", "", typeof(NegateSingle), typeof(NegateDouble)),
        .. OfOne("abs", "", typeof(AbsoluteSingle), typeof(AbsoluteDouble)),
        .. OfOne("sqrt", "round=@round ", typeof(SquareRootSingle), typeof(SquareRootDouble), typeof(SquareRootRounded<>)),
        .. OfOne("rcp", "round=@round ", typeof(ReciprocalSingle), typeof(ReciprocalDouble), typeof(ReciprocalRounded<>)),
        .. OfOne("sqrt", "approx ", typeof(SquareRootSingle), null),
        .. OfOne("rcp", "approx ", typeof(ReciprocalSingle), null),
        .. OfOne("rsqrt", "approx ", typeof(ReciprocalRootSingle), typeof(ReciprocalRootDouble)),
        new("rsqrt approx ftz f64", "=f64 f64", Bind(1, typeof(ReciprocalRootDouble), null, isDouble: true)),
        new("rcp approx ftz f64", "=f64 f64", Bind(1, typeof(ReciprocalDouble), null, isDouble: true)),
        .. OfOne("ex2", "approx ", typeof(Exp2Single), null),
        .. OfOne("lg2", "approx ", typeof(Log2Single), null),
        .. OfOne("sin", "approx ", typeof(SineSingle), null),
        .. OfOne("cos", "approx ", typeof(CosineSingle), null),
        new("tanh approx f32", "=f32 f32", Bind(1, typeof(TanhSingle), null), 70, 75),
        .. Extreme("min", typeof(MinimumSingle), typeof(MinimumNaNSingle), typeof(MinimumDouble)),
        .. Extreme("max", typeof(MaximumSingle), typeof(MaximumNaNSingle), typeof(MaximumDouble)),
        new("copysign f32", "=f32 f32 f32", (operation, _) => operation.Run = Lanes.Close("Binary", typeof(uint), typeof(CopySignSingle))),
        new("copysign f64", "=f64 f64 f64", (operation, _) => operation.Run = Lanes.Close("Binary", typeof(ulong), typeof(CopySignDouble))),
        new("testp test=finite|infinite|number|notanumber|normal|subnormal T=f32|f64", "=pred T", TestProperty),
    ];

    private static Rule[] Arithmetic(string name, Type single, Type twice, Type rounded) =>
    [
        new($"{name} round=@round? ftz? sat? f32", "=f32 f32 f32", Bind(2, single, rounded)),
        new($"{name} round=@round? f64", "=f64 f64 f64", Bind(2, twice, rounded, isDouble: true)),
    ];

    private static Rule[] Fused(string name) =>
    [
        new($"{name} round=@round ftz? sat? f32", "=f32 f32 f32 f32", Bind(3, typeof(FusedSingle), typeof(FusedRounded<>))),
        new($"{name} round=@round f64", "=f64 f64 f64 f64", Bind(3, typeof(FusedDouble), typeof(FusedRounded<>), isDouble: true)),
    ];

    private static Rule[] OfOne(string name, string word, Type single, Type? twice, Type? rounded = null)
    {
        var rules = new List<Rule> { new($"{name} {word}ftz? f32", "=f32 f32", Bind(1, single, rounded)) };
        if (twice is not null)
            rules.Add(new($"{name} {word}f64", "=f64 f64", Bind(1, twice, rounded, isDouble: true)));
        return [.. rules];
    }

    private static Rule[] Extreme(string name, Type single, Type propagating, Type twice) =>
    [
        new($"{name} ftz? f32", "=f32 f32 f32", Bind(2, single, null)),
        new($"{name} ftz? NaN f32", "=f32 f32 f32", Bind(2, propagating, null), 70, 80),
        new($"{name} ftz? xorsign abs f32", "=f32 f32 f32", Bind(2, typeof(XorSign<>).MakeGenericType(single), null), 72, 86),
        new($"{name} ftz? NaN xorsign abs f32", "=f32 f32 f32", Bind(2, typeof(XorSign<>).MakeGenericType(propagating), null), 72, 86),
        new($"{name} f64", "=f64 f64 f64", Bind(2, twice, null, isDouble: true)),
    ];

    /// <summary>Chooses the operation by rounding mode and wraps it for .sat and .ftz.</summary>
    private static Bind Bind(int operands, Type nearest, Type? rounded, bool isDouble = false) => (operation, match) =>
    {
        Type? mode = match["round"] switch { "rz" => typeof(TowardZero), "rm" => typeof(TowardMinus), "rp" => typeof(TowardPlus), _ => null };
        Type type = mode is null ? nearest : rounded!.MakeGenericType(mode);
        if (match.Has("sat"))
            type = (operands == 2 ? typeof(Saturate2<>) : typeof(Saturate3<>)).MakeGenericType(type);
        if (match.Has("ftz") && !isDouble)
            type = (operands == 1 ? typeof(Flush1<>) : operands == 2 ? typeof(Flush2<>) : typeof(Flush3<>)).MakeGenericType(type);
        Type element = isDouble ? typeof(double) : typeof(float);
        operation.Class = InstructionClass.Float;
        operation.Run = operands switch
        {
            1 => Lanes.Close("Unary", element, element, type),
            2 => Lanes.Close("Binary", element, type),
            _ => Lanes.Close("Ternary", element, type),
        };
    };

    private static void TestProperty(Operation operation, RuleMatch match)
    {
        bool single = match["T"] == "f32";
        Func<double, bool> test = match["test"] switch
        {
            "finite" => double.IsFinite,
            "infinite" => double.IsInfinity,
            "number" => value => !double.IsNaN(value),
            "notanumber" => double.IsNaN,
            "subnormal" => value => single ? float.IsSubnormal((float)value) : double.IsSubnormal(value),
            _ => value => single ? float.IsNormal((float)value) : double.IsNormal(value),
        };
        operation.Run = (warp, op, mask) =>
        {
            uint result = 0;
            for (int lane = 0; lane < 32; lane++)
                if (((mask >> lane) & 1) != 0 && test(single ? Lanes.Get<float>(ref warp.Register(op.A), lane) : Lanes.Get<double>(ref warp.Register(op.A), lane)))
                    result |= 1u << lane;
            warp.SetPredicate(op.D, mask, result);
        };
    }
}
