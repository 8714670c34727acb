using System.Globalization;
using System.Numerics;

namespace Managed.Loader.Templates;

/// <summary>Filters on numbers.</summary>
internal static class NumberFilters
{
    public static readonly (string Names, string Parameters, FilterBody Body)[] All =
    [
        ("abs", "", (_, v, _) => Abs(v)),
        ("int", "default= base=", (_, v, a) => ToInteger(v, a.Or(0, 0L), a.Integer(1, 10))),
        ("float", "default=", (_, v, a) => ToReal(v) ?? a.Or(0, 0.0)),
        ("round", "precision= method=", (_, v, a) => Round(v, a.Integer(0, 0), a.Text(1, "common")!)),
        ("filesizeformat", "binary=", (_, v, a) => FileSize(v, a.Flag(0))),
    ];

    private static object Abs(object? value) => value switch
    {
        double real => Math.Abs(real),
        Undefined undefined => throw undefined.Error(),
        _ when Number.TryInteger(value, out var integer) => Number.Normal(BigInteger.Abs(integer)),
        _ => throw TemplateException.Type($"bad operand type for abs(): '{Kind.Name(value)}'"),
    };

    private static object? ToInteger(object? value, object? missing, int numberBase)
    {
        if (value is Undefined undefined)
            throw undefined.Error();
        if (Number.TryInteger(value, out var integer))
            return Number.Normal(integer);
        if (Kind.Text(value) is { } text)
        {
            if (Number.ParseInteger(text, numberBase) is { } parsed)
                return parsed;
            return Number.ParseReal(text) is { } number && double.IsFinite(number) ? Number.Normal(new BigInteger(number)) : missing;
        }
        return value is double real && double.IsFinite(real) ? Number.Normal(new BigInteger(real)) : missing;
    }

    private static object? ToReal(object? value)
    {
        if (value is Undefined undefined)
            throw undefined.Error();
        return Number.Is(value) ? Number.ToDouble(value) : Kind.Text(value) is { } text ? Number.ParseReal(text) : null;
    }

    private static object Round(object? value, int precision, string method)
    {
        if (value is Undefined undefined)
            throw undefined.Error();
        if (method is not ("common" or "ceil" or "floor"))
            throw TemplateException.Runtime("FilterArgumentError: method must be common, ceil or floor");
        if (!Number.Is(value))
            throw TemplateException.Type($"type {Kind.Name(value)} doesn't define __round__ method");
        if (method != "common")
        {
            double factor = Math.Pow(10, precision), scaled = Number.ToDouble(value) * factor;
            return (method == "ceil" ? Math.Ceiling(scaled) : Math.Floor(scaled)) / factor;
        }
        if (value is double real)
            return RealText.Round(real, precision);
        Number.TryInteger(value, out var integer);
        if (precision >= 0)
            return Number.Normal(integer);
        var unit = BigInteger.Pow(10, Math.Min(-precision, 5000));
        var quotient = BigInteger.DivRem(BigInteger.Abs(integer), unit, out var rest);
        int half = (rest * 2).CompareTo(unit);
        quotient += half > 0 || (half == 0 && !quotient.IsEven) ? 1 : 0;
        return Number.Normal(quotient * unit * integer.Sign);
    }

    private static readonly string[] s_decimalSizes = ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
    private static readonly string[] s_binarySizes = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

    private static string FileSize(object? value, bool binary)
    {
        double bytes = ToReal(value) is double real ? real : throw TemplateException.Type("float() argument must be a string or a real number");
        double unit = binary ? 1024 : 1000;
        if (bytes == 1)
            return "1 Byte";
        if (bytes < unit)
            return ((long)bytes).ToString(CultureInfo.InvariantCulture) + " Bytes";
        string[] names = binary ? s_binarySizes : s_decimalSizes;
        int i = 0;
        while (i + 1 < names.Length && bytes >= Math.Pow(unit, i + 2))
            i++;
        return RealText.Fixed(unit * bytes / Math.Pow(unit, i + 2), 1) + " " + names[i];
    }
}
