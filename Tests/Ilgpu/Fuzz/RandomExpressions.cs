using System.Globalization;

namespace Managed.Tests.Ilgpu.Fuzz;

/// <summary>The types that random kernels compute with.</summary>
internal enum Kind
{
    Int,
    UInt,
    Long,
    ULong,
    Float,
    Double,
    Bool,
}

/// <summary>
/// Random expressions whose value C# defines everywhere: no division by zero, no bits of a NaN. What a device may decide freely must
/// not show in the result.
/// </summary>
internal sealed class RandomExpressions(Random random)
{
    private static readonly int[] Corners = [0, 1, -1, 2, 3, 5, 7, 10, 31, 32, 100, 255, 256, -128, 32767, 65535, 65536, int.MaxValue, int.MinValue];

    /// <summary>Variables in scope, innermost last.</summary>
    public List<(Kind Kind, string Name)> Variables { get; } = [];

    /// <summary>Functions that may be called: result, name, parameters.</summary>
    public List<(Kind Result, string Name, Kind[] Parameters)> Functions { get; } = [];

    public static string CSharp(Kind kind) => kind.ToString().ToLowerInvariant();

    public Kind AnyKind() => (Kind)random.Next(7);

    public Kind AnyNumber() => (Kind)random.Next(6);

    public string Of(Kind kind, int depth)
    {
        if (depth <= 0 || random.Next(6) == 0)
        {
            return Leaf(kind);
        }
        int choice = random.Next(12);
        if (choice == 0)
        {
            return $"({Of(Kind.Bool, depth - 1)} ? {Of(kind, depth - 1)} : {Of(kind, depth - 1)})";
        }
        if (choice == 1 && Call(kind, depth) is string call)
        {
            return call;
        }
        if (choice == 2 && kind != Kind.Bool)
        {
            return random.Next(2) == 0
                ? $"Kernels.Horner({Of(kind, depth - 1)}, {Of(kind, depth - 1)})"
                : $"(({Of(Kind.Int, depth - 1)} & 3) switch {{ 0 => {Of(kind, depth - 1)}, 2 => {Of(kind, depth - 1)}, _ => {Of(kind, depth - 1)} }})";
        }
        return kind switch
        {
            Kind.Bool => Predicate(depth),
            Kind.Float or Kind.Double => Float(kind, depth),
            _ => Integer(kind, depth),
        };
    }

    public string Leaf(Kind kind)
    {
        string[] names = [.. Variables.Where(variable => variable.Kind == kind).Select(variable => variable.Name)];
        if (names.Length > 0 && random.Next(5) != 0)
        {
            // Later ones more often: they carry what was computed.
            return names[Math.Max(random.Next(names.Length), random.Next(names.Length))];
        }
        return kind switch
        {
            Kind.Bool => random.Next(2) == 0 ? "true" : "false",
            Kind.Float => Number((random.NextDouble() * 20) - 10, "f"),
            Kind.Double => Number((random.NextDouble() * 20) - 10, ""),
            Kind.Int => $"({Corner().ToString(CultureInfo.InvariantCulture)})",
            Kind.UInt => $"{(uint)Corner()}u",
            Kind.Long => $"({(random.Next(4) == 0 ? random.NextInt64() : Corner()).ToString(CultureInfo.InvariantCulture)}L)",
            _ => $"{(random.Next(4) == 0 ? (ulong)random.NextInt64() : (ulong)Corner())}ul",
        };
    }

    private int Corner() => random.Next(3) == 0 ? random.Next(-1000, 1000) : Corners[random.Next(Corners.Length)];

    private static string Number(double value, string suffix)
    {
        string text = value.ToString("0.0###", CultureInfo.InvariantCulture) + suffix;
        return value < 0 ? $"({text})" : text;
    }

    private string? Call(Kind kind, int depth)
    {
        (Kind, string Name, Kind[] Parameters)[] candidates = [.. Functions.Where(function => function.Result == kind)];
        if (candidates.Length == 0)
        {
            return null;
        }
        (_, string name, Kind[] parameters) = candidates[random.Next(candidates.Length)];
        return $"{name}({string.Join(", ", parameters.Select(parameter => Of(parameter, depth - 1)))})";
    }

    private string Predicate(int depth)
    {
        switch (random.Next(6))
        {
            case 0:
                return $"!{Of(Kind.Bool, depth - 1)}";
            case 1:
                return $"({Of(Kind.Bool, depth - 1)} {Pick("&&", "||", "&", "|", "^", "==", "!=")} {Of(Kind.Bool, depth - 1)})";
            case 2:
                Kind floating = random.Next(2) == 0 ? Kind.Float : Kind.Double;
                return $"{CSharp(floating)}.{Pick("IsNaN", "IsFinite", "IsInfinity")}({Of(floating, depth - 1)})";
            default:
                Kind kind = AnyNumber();
                return $"({Of(kind, depth - 1)} {Pick("<", "<=", ">", ">=", "==", "!=")} {Of(kind, depth - 1)})";
        }
    }

    private string Integer(Kind kind, int depth)
    {
        string type = CSharp(kind);
        bool signed = kind is Kind.Int or Kind.Long;
        switch (random.Next(11))
        {
            case 8:
                return $"(({type})BitConverter.SingleToInt32Bits(Kernels.Tame({Of(Kind.Float, depth - 1)})))";
            case 9:
                return $"Math.Clamp({Of(kind, depth - 1)}, {random.Next(100)}, {random.Next(100, 100000)})";
            case 0:
                return $"({Of(kind, depth - 1)} {Pick("<<", ">>", ">>>")} {Of(Kind.Int, depth - 1)})";
            case 1:
                return $"Kernels.{(random.Next(2) == 0 ? "Divide" : "Remainder")}({Of(kind, depth - 1)}, {Of(kind, depth - 1)})";
            case 2:
                return $"({Of(kind, depth - 1)} {Pick("/", "%")} {Pick("3", "7", "10", "64", signed ? "(-5)" : "1000000007")})";
            case 3:
                return kind == Kind.ULong ? $"(~{Of(kind, depth - 1)})" : $"({type})({Pick("-", "~")}{Of(kind, depth - 1)})";
            case 4:
                Kind source = AnyNumber();
                return $"(({type}){Of(source, depth - 1)})";
            case 5:
                return $"(({type})({Pick("sbyte", "byte", "short", "ushort")}){Of((Kind)random.Next(4), depth - 1)})";
            case 6:
                return $"Math.{Pick("Min", "Max")}({Of(kind, depth - 1)}, {Of(kind, depth - 1)})";
            case 7:
                bool wide = kind is Kind.Long or Kind.ULong;
                return $"(({type})BitOperations.{Pick("PopCount", "LeadingZeroCount", "TrailingZeroCount")}(({(wide ? "ulong" : "uint")}){Of(kind, depth - 1)}))";
            default:
                return $"({Of(kind, depth - 1)} {Pick("+", "-", "*", "&", "|", "^")} {Of(kind, depth - 1)})";
        }
    }

    private string Float(Kind kind, int depth)
    {
        string type = CSharp(kind), library = kind == Kind.Float ? "MathF" : "Math";
        switch (random.Next(11))
        {
            case 6 when random.Next(3) == 0:
                return $"(({type})XMath.{Pick("Exp", "Log", "Sin", "Cos", "Tanh", "Exp2", "Log2", "Atan")}(Kernels.Tame((float){Of(kind, depth - 1)})))";
            case 7:
                return $"(({type})(float)((Half)(float){Of(kind, depth - 1)} {Pick("+", "-", "*", "/")} (Half)(float){Of(Kind.Float, depth - 1)}))";
            case 8:
                return $"(({type})BitConverter.Int32BitsToSingle({Of(Kind.Int, depth - 1)}))";
            case 0:
                return $"{library}.{Pick("Sqrt", "Floor", "Ceiling", "Truncate", "Round", "Abs")}({Of(kind, depth - 1)})";
            case 1:
                return $"{library}.{Pick("Min", "Max")}({Of(kind, depth - 1)}, {Of(kind, depth - 1)})";
            case 2:
                return $"{library}.FusedMultiplyAdd({Of(kind, depth - 1)}, {Of(kind, depth - 1)}, {Of(kind, depth - 1)})";
            case 3:
                return $"(({type}){Of(AnyNumber(), depth - 1)})";
            case 4:
                return $"(({type})(float)(Half)(float){Of(kind, depth - 1)})";
            case 5:
                return $"(-{Of(kind, depth - 1)})";
            default:
                return $"({Of(kind, depth - 1)} {Pick("+", "-", "*", "/", "%")} {Of(kind, depth - 1)})";
        }
    }

    public string Pick(params string[] choices) => choices[random.Next(choices.Length)];
}
