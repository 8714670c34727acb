using System.Numerics;
using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Methods and attributes of dicts, lists, numbers, ranges and bytes.</summary>
internal static class ValueMethods
{
    private delegate object? Body<in T>(T self, Bound arguments);

    private static readonly Dictionary<string, (Signature, Body<DictValue>)> s_dict = Table<DictValue>(
        ("items", "", (d, _) => new DictView("dict_items", d)),
        ("keys", "", (d, _) => new DictView("dict_keys", d)),
        ("values", "", (d, _) => new DictView("dict_values", d)),
        ("get", "key default=", (d, a) => d.TryGet(a[0], out object? value) ? value : a[1]),
        ("copy", "", (d, _) => d),
        ("fromkeys", "keys value=", (_, a) => FromKeys(a[0], a[1])));

    private static readonly Dictionary<string, (Signature, Body<SequenceValue>)> s_sequence = Table<SequenceValue>(
        ("index", "value start= stop=", (s, a) => IndexOf(s, a[0], a.Integer(1, 0), a.Integer(2, int.MaxValue))),
        ("count", "value", (s, a) => (long)s.Items.Count(i => Comparison.AreEqual(i, a[0]))));

    private static readonly Dictionary<string, (Signature, Body<RangeValue>)> s_range = Table<RangeValue>(
        ("index", "value", (r, a) => IndexOf(new ListValue([.. r.Items]), a[0], 0, int.MaxValue)),
        ("count", "value", (r, a) => Sequences.Contains(r, a[0]) ? 1L : 0L));

    private static readonly Dictionary<string, (Signature, Body<object>)> s_integer = Table<object>(
        ("bit_length", "", (n, _) => (long)BigInteger.Abs(Integer(n)).GetBitLength()),
        ("bit_count", "", (n, _) => BitCount(BigInteger.Abs(Integer(n)))),
        ("conjugate", "", (n, _) => Number.Normal(Integer(n))),
        ("as_integer_ratio", "", (n, _) => new TupleValue([Number.Normal(Integer(n)), 1L])));

    private static readonly Dictionary<string, (Signature, Body<object>)> s_real = Table<object>(
        ("is_integer", "", (x, _) => double.IsFinite((double)x) && Math.Floor((double)x) == (double)x),
        ("conjugate", "", (x, _) => x));

    private static readonly Dictionary<string, (Signature, Body<BytesValue>)> s_bytes = Table<BytesValue>(
        ("decode", "encoding= errors=", (b, _) => Encoding.UTF8.GetString(b.Bytes)),
        ("hex", "", (b, _) => Convert.ToHexStringLower(b.Bytes)));

    public static bool TryGet(object? owner, string name, out object? value)
    {
        value = owner switch
        {
            DictValue dict => Bind(s_dict, dict, name),
            ListValue list when name == "copy" => new NativeFunction(new Signature(name, ""), (_, _) => new ListValue([.. list.Items])),
            SequenceValue sequence => Bind(s_sequence, sequence, name),
            RangeValue range => name switch
            {
                "start" => range.Start,
                "stop" => range.Stop,
                "step" => range.Step,
                _ => Bind(s_range, range, name),
            },
            double real => name is "real" or "imag" ? (name == "real" ? real : 0.0) : Bind(s_real, owner, name),
            long or bool or BigInteger => name switch
            {
                "real" or "numerator" => Number.Normal(Integer(owner)),
                "imag" => 0L,
                "denominator" => 1L,
                _ => Bind(s_integer, owner, name),
            },
            BytesValue bytes => Bind(s_bytes, bytes, name),
            _ => Bound.Absent,
        };
        return value != Bound.Absent;
    }

    private static object Bind<T>(Dictionary<string, (Signature Signature, Body<T> Body)> table, T self, string name) =>
        table.TryGetValue(name, out var method)
            ? new NativeFunction(method.Signature, (_, a) => method.Body(self, a), $"<built-in method {name} of {Kind.Name(self)} object>")
            : Bound.Absent;

    private static Dictionary<string, (Signature, Body<T>)> Table<T>(params (string Name, string Parameters, Body<T> Body)[] methods) =>
        methods.ToDictionary(m => m.Name, m => (new Signature(m.Name, m.Parameters), m.Body), StringComparer.Ordinal);

    private static BigInteger Integer(object value) => Number.TryInteger(value, out var integer) ? integer : default;

    private static long BitCount(BigInteger value)
    {
        long bits = 0;
        foreach (byte part in value.ToByteArray())
            bits += BitOperations.PopCount(part);
        return bits;
    }

    private static DictValue FromKeys(object? keys, object? value)
    {
        var dict = new DictValue();
        foreach (object? key in Sequences.ToList(keys))
            dict.Set(key, value);
        return dict;
    }

    private static object IndexOf(SequenceValue sequence, object? value, int start, int stop)
    {
        int count = sequence.Items.Count;
        int from = Math.Max(0, start < 0 ? start + count : start);
        int to = Math.Min(count, stop < 0 ? stop + count : stop);
        for (int i = from; i < to; i++)
            if (Comparison.AreEqual(sequence.Items[i], value))
                return (long)i;
        throw TemplateException.Value($"{Display.Repr(value)} is not in {Kind.Name(sequence)}");
    }
}
