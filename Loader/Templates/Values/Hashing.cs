using System.Numerics;
using System.Runtime.CompilerServices;

namespace Managed.Loader.Templates;

/// <summary>Hash codes that agree with <see cref="Comparison.AreEqual"/>.</summary>
internal static class Hashing
{
    /// <summary>Refuses a value that cannot be a key.</summary>
    public static void Require(object? key)
    {
        if (!IsPossible(key))
            throw TemplateException.Type($"unhashable type: '{(key is TupleValue ? "list" : Kind.Name(key))}'");
    }

    /// <summary>Whether a value can be a key: lists and dicts cannot, nor tuples that hold one.</summary>
    public static bool IsPossible(object? key)
    {
        if (key is not TupleValue tuple)
            return key is not (ListValue or DictValue);
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (object? item in tuple.Items)
        {
            Budget.Spend(1);
            if (!IsPossible(item))
                return false;
        }
        return true;
    }

    public static int Of(object? value)
    {
        switch (value)
        {
            case null: return 0;
            case string or Markup:
                string text = Kind.Text(value)!;
                Budget.SpendScan(text.Length);
                return text.GetHashCode(StringComparison.Ordinal);
            case bool flag: return (flag ? 1L : 0L).GetHashCode();
            case long integer: return integer.GetHashCode();
            case BigInteger big: return big.GetHashCode();
            case double real when Math.Abs(real) < 1L << 62 && real == Math.Floor(real): return ((long)real).GetHashCode();
            case double real when double.IsFinite(real) && real == Math.Floor(real): return new BigInteger(real).GetHashCode();
            case double real: return real.GetHashCode();
            case Undefined: return 1;
            case RangeValue range: return range.Count;
            case BytesValue bytes: return bytes.Bytes.Length;
            case TupleValue tuple:
                RuntimeHelpers.EnsureSufficientExecutionStack();
                var hash = new HashCode();
                foreach (object? item in tuple.Items)
                {
                    Budget.Spend(1);
                    hash.Add(Of(item));
                }
                return hash.ToHashCode();
            default: return RuntimeHelpers.GetHashCode(value);
        }
    }
}
