using System.Numerics;

namespace Managed.Tests.Ptx;

internal readonly struct Truncate<TFrom, TTo> : IUnary<TFrom, TTo> where TFrom : INumber<TFrom> where TTo : INumber<TTo>
{
    public static TTo Apply(TFrom a) => TTo.CreateTruncating(a);
}

internal readonly struct SaturateTo<TFrom, TTo> : IUnary<TFrom, TTo> where TFrom : INumber<TFrom> where TTo : INumber<TTo>
{
    public static TTo Apply(TFrom a) => TTo.CreateSaturating(a);
}

/// <summary>Conversions between integers, floats and packed formats.</summary>
internal static class ConvertRules
{
    private const string Whole = "u8|s8|u16|s16|u32|s32|u64|s64";

    public static readonly Rule[] All =
    [
        new($"cvt sat? D={Whole} T={Whole}", "=≥D ≥T", BetweenIntegers),
        new($"cvt R=@integral ftz? sat? D={Whole} T=f32|f64|f16", "=≥D T!", ToInteger),
        new($"cvt R=@integral sat? D={Whole} T=bf16", "=≥D T!", ToInteger, 78, 90),
        new($"cvt R=@round sat? D=f32|f64|f16 T={Whole}", "=D ≥T", FromInteger),
        new($"cvt R=@round sat? D=bf16 T={Whole}", "=D ≥T", FromInteger, 78, 90),
        new("cvt R=@integral? ftz? sat? D=f32 T=f32", "=D T!", BetweenFloats),
        new("cvt R=@integral? sat? D=f64 T=f64", "=D T!", BetweenFloats),
        new("cvt R=@integral? sat? D=f16 T=f16", "=D T!", BetweenFloats),
        new("cvt ftz? sat? D=f32|f64 T=f16", "=D T!", BetweenFloats),
        new("cvt ftz? sat? D=f64 T=f32", "=D T!", BetweenFloats),
        new("cvt R=rn? D=f32 T=bf16", "=D T!", BetweenFloats, 71, 80),
        new("cvt D=f64 T=bf16", "=D T!", BetweenFloats, 78, 90),
        new("cvt R=@round ftz? sat? D=f32 T=f64", "=D T!", BetweenFloats),
        new("cvt R=@round ftz? sat? D=f16 T=f32|f64", "=D T!", BetweenFloats),
        new("cvt R=rn|rz relu D=f16 T=f32", "=D T!", BetweenFloats, 70, 80),
        new("cvt R=rn|rz relu? satfinite D=f16 T=f32", "=D T!", BetweenFloats, 81, 70),
        new("cvt R=rn|rz relu? D=bf16 T=f32", "=D T!", BetweenFloats, 70, 80),
        new("cvt R=rn|rz relu? satfinite D=bf16 T=f32", "=D T!", BetweenFloats, 81, 80),
        new("cvt R=@round D=bf16 T=f16|f64", "=D T!", BetweenFloats, 78, 90),
        new("cvt R=rna D=tf32 T=f32", "=D T!", BetweenFloats, 70, 80),
        new("cvt R=rna satfinite D=tf32 T=f32", "=D T!", BetweenFloats, 81, 80),
        new("cvt R=rn|rz relu? D=tf32 T=f32", "=D T!", BetweenFloats, 78, 90),
        new("cvt R=rn|rz relu? D=f16x2|bf16x2 f32", "=D f32 f32", PackPair, 70, 80),
        new("cvt R=rn|rz relu? satfinite D=f16x2|bf16x2 f32", "=D f32 f32", PackPair, 81, 80),
        new("cvt R=rn satfinite relu? D=e4m3x2|e5m2x2 f32", "=D f32 f32", PackPair, 81, 89),
        new("cvt R=rn satfinite relu? D=e4m3x2|e5m2x2 T=f16x2", "=D T!", RepackPair, 81, 89),
        new("cvt R=rn relu? D=f16x2 T=e4m3x2|e5m2x2", "=D T!", RepackPair, 81, 89),
        new("cvt pack sat D=u16|s16 s32", "=b32 s32 s32", PackIntegers(2), 65, 72),
        new("cvt pack sat D=u8|s8 s32 b32", "=b32 s32 s32 b32", PackIntegers(4), 65, 75),
    ];

    private static void BetweenIntegers(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Convert;
        Type from = match.Type("T").Clr!, to = match.Type("D").Clr!;
        operation.Run = Lanes.Close("Unary", from, to, (match.Has("sat") ? typeof(SaturateTo<,>) : typeof(Truncate<,>)).MakeGenericType(from, to));
    }

    private static void ToInteger(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Convert;
        ScalarType from = match.Type("T"), to = match.Type("D");
        Func<ulong, double> read = Reader(from.Name, match.Has("ftz"));
        Func<double, double> round = Integral(match["R"])!;
        int width = to.Bytes * 8;
        // what NaN becomes: the top bit where 64 bits are involved, otherwise 0
        ulong nan = to.Bytes == 8 || from.Name == "f64" ? 1UL << (width - 1) : 0;
        operation.Run = to.IsSigned
            ? Lanes.Each(bits =>
            {
                double value = round(read(bits));
                double limit = Math.ScaleB(1, width - 1);
                return double.IsNaN(value) ? Extend(nan, width)
                    : value >= limit ? (ulong)long.MaxValue >> (64 - width)
                    : value <= -limit ? Extend(1UL << (width - 1), width) : (ulong)(long)value;
            })
            : Lanes.Each(bits =>
            {
                double value = round(read(bits));
                return double.IsNaN(value) ? nan : value <= 0 ? 0 : value >= Math.ScaleB(1, width) ? ulong.MaxValue >> (64 - width) : (ulong)value;
            });
    }

    private static ulong Extend(ulong value, int width) => (ulong)((long)(value << (64 - width)) >> (64 - width));

    private static void FromInteger(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Convert;
        ScalarType from = match.Type("T");
        int unused = 64 - (8 * from.Bytes);
        FloatFormat format = FloatFormat.ByName[match["D"]];
        Rounding rounding = FloatFormat.ParseRounding(match["R"]);
        Func<double, ulong> write = Writer(format, match);
        // up to 32 bits a double is exact, and f32 is rounded when it is encoded; the rest goes by exact integers
        bool exact = from.Bytes == 8 || rounding != Rounding.Nearest || format.Bits < 32;
        operation.Run = Lanes.Each(bits =>
        {
            BigInteger whole = from.IsSigned ? (long)(bits << unused) >> unused : bits << unused >> unused;
            return write(exact ? format.Round(whole, 0, false, rounding) : (double)whole);
        });
        if (!exact && format == FloatFormat.F32 && !match.Has("sat"))
            operation.Run = from.IsSigned
                ? Lanes.Each(bits => BitConverter.SingleToUInt32Bits((float)(double)((long)(bits << unused) >> unused)))
                : Lanes.Each(bits => BitConverter.SingleToUInt32Bits((float)(double)(bits << unused >> unused)));
    }

    private static void BetweenFloats(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Convert;
        FloatFormat format = FloatFormat.ByName[match["D"]];
        Func<ulong, double> read = Reader(match["T"], match.Has("ftz"));
        Func<double, ulong> write = Writer(format, match);
        Func<double, double>? integral = Integral(match["R"]);
        Rounding rounding = FloatFormat.ParseRounding(match["R"]);
        operation.Run = Lanes.Each(bits => write(integral is null ? RoundTo(format, read(bits), rounding) : integral(read(bits))));
    }

    private static double RoundTo(FloatFormat format, double value, Rounding rounding)
    {
        if (rounding == Rounding.Nearest)
        {
            if (format == FloatFormat.F32)
                return (float)value;
            if (format == FloatFormat.F16)
                return (double)(Half)value;
            if (format == FloatFormat.BF16)
                return BFloat16.Decode(BFloat16.Encode(value));
        }
        return format == FloatFormat.F64 ? value : format.Round(value, rounding);
    }

    private static void PackPair(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Convert;
        FloatFormat format = FloatFormat.ByName[match["D"][..^2]];
        Func<double, ulong> write = Writer(format, match);
        Rounding rounding = FloatFormat.ParseRounding(match["R"]);
        ulong One(ulong bits) => write(RoundTo(format, BitConverter.UInt32BitsToSingle((uint)bits), rounding));
        operation.Run = Lanes.Each((high, low) => (One(high) << format.Bits) | One(low));
    }

    private static void RepackPair(Operation operation, RuleMatch match)
    {
        operation.Class = InstructionClass.Convert;
        FloatFormat to = FloatFormat.ByName[match["D"][..^2]], from = FloatFormat.ByName[match["T"][..^2]];
        Func<double, ulong> write = Writer(to, match);
        uint low = (1u << from.Bits) - 1;
        ulong One(ulong bits) => write(RoundTo(to, from.Decode((uint)bits & low), Rounding.Nearest));
        operation.Run = Lanes.Each(bits => (One(bits >> from.Bits) << to.Bits) | One(bits));
    }

    private static Bind PackIntegers(int count) => (operation, match) =>
    {
        operation.Class = InstructionClass.Convert;
        ScalarType type = match.Type("D");
        int width = type.Bytes * 8;
        (long least, long most) = type.IsSigned ? (-(1L << (width - 1)), (1L << (width - 1)) - 1) : (0, (1L << width) - 1);
        ulong mask = (1UL << width) - 1;
        ulong One(ulong bits) => (ulong)Math.Clamp((int)bits, least, most) & mask;
        operation.Run = count == 2
            ? Lanes.Each((a, b) => (One(a) << width) | One(b))
            : Lanes.Each((a, b, c) => (uint)(c << (2 * width)) | (One(a) << width) | One(b));
    };

    private static Func<double, double>? Integral(string word) => word switch
    {
        "rni" => value => Math.Round(value, MidpointRounding.ToEven),
        "rzi" => Math.Truncate,
        "rmi" => Math.Floor,
        "rpi" => Math.Ceiling,
        _ => null,
    };

    private static Func<ulong, double> Reader(string type, bool flush) => type switch
    {
        "f64" => BitConverter.UInt64BitsToDouble,
        "f32" when flush => bits => Single32.Flush(BitConverter.UInt32BitsToSingle((uint)bits)),
        "f32" => bits => BitConverter.UInt32BitsToSingle((uint)bits),
        "f16" => bits => Float16.Decode((ushort)bits),
        _ => bits => BFloat16.Decode((ushort)bits),
    };

    /// <summary>Applies .sat, .relu, .satfinite and .ftz to a rounded value and gives its bits.</summary>
    private static Func<double, ulong> Writer(FloatFormat format, RuleMatch match)
    {
        (bool saturate, bool relu, bool finite) = (match.Has("sat"), match.Has("relu"), match.Has("satfinite"));
        bool flush = match.Has("ftz") && format == FloatFormat.F32;
        return value =>
        {
            if (saturate)
                value = value > 0 ? Math.Min(value, 1) : 0;
            if (relu && !double.IsNaN(value))
                value = Math.Max(value, 0);
            if (finite && Math.Abs(value) > format.Greatest)
                value = Math.CopySign(format.Greatest, value);
            if (flush)
                value = Single32.Flush((float)value);
            return format == FloatFormat.F64 ? BitConverter.DoubleToUInt64Bits(value) : format.Encode(value);
        };
    }
}
