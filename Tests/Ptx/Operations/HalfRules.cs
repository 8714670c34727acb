namespace Managed.Tests.Ptx;

/// <summary>A 16-bit format as a type.</summary>
internal interface IHalf { static abstract double Decode(ushort bits); static abstract ushort Encode(double value); }

internal readonly struct Float16 : IHalf
{
    public static double Decode(ushort bits) => (double)BitConverter.UInt16BitsToHalf(bits);

    public static ushort Encode(double value) => double.IsNaN(value) ? (ushort)0x7FFF : BitConverter.HalfToUInt16Bits((Half)value);
}

internal readonly struct BFloat16 : IHalf
{
    public static double Decode(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>Ties to even; a double is first rounded to odd in 24 bits so that rounding happens once.</summary>
    public static ushort Encode(double value)
    {
        if (double.IsNaN(value))
            return 0x7FFF;
        float near = (float)value;
        uint bits = BitConverter.SingleToUInt32Bits(near);
        if (near != value && float.IsFinite(near) && (bits & 1) == 0)
            bits = Math.Abs(near) < Math.Abs(value) ? bits + 1 : bits - 1;
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}

/// <summary>Arithmetic of f16 and bf16, single and in pairs: exact sums and products rounded once.</summary>
internal static class HalfRules
{
    private static readonly Func<double, double, double, double> Sum = (a, b, _) => ExactArithmetic.MultiplyAddToOdd(a, 1, b);
    private static readonly Func<double, double, double, double> Difference = (a, b, _) => ExactArithmetic.MultiplyAddToOdd(a, 1, -b);
    private static readonly Func<double, double, double, double> Product = (a, b, _) => a * b;
    private static readonly Func<double, double, double, double> Tanh = (a, _, _) => Math.Tanh(a);
    private static readonly Func<double, double, double, double> Exp2 = (a, _, _) => Math.Pow(2, a);

    public static readonly Rule[] All =
    [
        .. Of("add rn? ftz? sat?", "add rn?", 2, Sum, 60, 70, 78, 90),
        .. Of("sub rn? ftz? sat?", "sub rn?", 2, Difference, 60, 70, 78, 90),
        .. Of("mul rn? ftz? sat?", "mul rn?", 2, Product, 60, 70, 78, 90),
        .. Of("fma rn ftz? sat?", null, 3, ExactArithmetic.MultiplyAddToOdd, 60, 70),
        .. Of("fma rn ftz? relu", "fma rn relu?", 3, ExactArithmetic.MultiplyAddToOdd, 70, 80, 70, 80),
        .. Of("neg ftz?", "neg", 1, (a, _, _) => -a, 60, 70, 70, 80),
        .. Of("abs ftz?", "abs", 1, (a, _, _) => Math.Abs(a), 65, 70, 70, 80),
        .. Of("min ftz?", "min", 2, (a, b, _) => double.MinNumber(a, b), 70, 80, 70, 80),
        .. Of("max ftz?", "max", 2, (a, b, _) => double.MaxNumber(a, b), 70, 80, 70, 80),
        .. Of("min ftz? NaN", "min NaN", 2, (a, b, _) => double.Min(a, b), 70, 80, 70, 80),
        .. Of("max ftz? NaN", "max NaN", 2, (a, b, _) => double.Max(a, b), 70, 80, 70, 80),
        .. Of("ex2 approx", "ex2 approx ftz", 1, Exp2, 70, 75, 78, 90),
        .. Of("tanh approx", "tanh approx", 1, Tanh, 70, 75, 78, 90),
    ];

    private static List<Rule> Of(
        string half, string? brain, int operands, Func<double, double, double, double> function,
        int version, int architecture, int brainVersion = 0, int brainArchitecture = 0)
    {
        var rules = new List<Rule>();
        string read = operands switch { 1 => " T!", 2 => " T! T!", _ => " T! T! T!" };
        rules.Add(new Rule($"{half} T=f16|f16x2", "=T" + read, Bind<Float16>(operands, function), version, architecture));
        if (brain is not null)
            rules.Add(new Rule($"{brain} T=bf16|bf16x2", "=T" + read, Bind<BFloat16>(operands, function), brainVersion, brainArchitecture));
        return rules;
    }

    private static Bind Bind<T>(int operands, Func<double, double, double, double> function) where T : IHalf => (operation, match) =>
    {
        (bool flush, bool saturate, bool relu) = (match.Has("ftz") && match["T"].StartsWith('f'), match.Has("sat"), match.Has("relu"));
        bool pair = match["T"].EndsWith("x2", StringComparison.Ordinal);
        operation.Class = InstructionClass.Float;

        ushort One(ulong a, ulong b, ulong c)
        {
            double x = Read(a), y = Read(b), z = Read(c);
            double result = function(x, y, z);
            if (saturate)
                result = result > 0 ? Math.Min(result, 1) : 0;
            if (relu && !double.IsNaN(result))
                result = Math.Max(result, 0);
            ushort bits = T.Encode(result);
            return flush && (bits & 0x7C00) == 0 ? (ushort)(bits & 0x8000) : bits;
        }

        double Read(ulong bits)
        {
            double value = T.Decode((ushort)bits);
            return flush && (bits & 0x7C00) == 0 ? Math.CopySign(0, value) : value;
        }

        ulong Both(ulong a, ulong b, ulong c) => pair ? One(a, b, c) | ((ulong)One(a >> 16, b >> 16, c >> 16) << 16) : One(a, b, c);
        operation.Run = operands switch
        {
            1 => Lanes.Each(a => Both(a, 0, 0)),
            2 => Lanes.Each((a, b) => Both(a, b, 0)),
            _ => Lanes.Each(Both),
        };
    };
}
