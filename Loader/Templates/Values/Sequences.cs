namespace Managed.Loader.Templates;

/// <summary>Walking, measuring and indexing values of any kind.</summary>
internal static class Sequences
{
    /// <summary>The length, or null where the value has none.</summary>
    public static int? TryLength(object? value) => value switch
    {
        string text => PythonText.Length(text),
        Markup safe => PythonText.Length(safe.Text),
        SequenceValue sequence => sequence.Items.Count,
        DictValue dict => dict.Count,
        DictView view => view.Dict.Count,
        RangeValue range => range.Count,
        BytesValue bytes => bytes.Bytes.Length,
        Undefined => 0,
        LoopState loop => loop.Length,
        _ => null,
    };

    public static int Length(object? value) =>
        TryLength(value) ?? throw TemplateException.Type($"object of type '{Kind.Name(value)}' has no len()");

    /// <summary>The elements, or null where the value cannot be walked.</summary>
    public static IEnumerable<object?>? TryItems(object? value) => value switch
    {
        string text => PythonText.Characters(text),
        Markup safe => PythonText.Characters(safe.Text),
        SequenceValue sequence => sequence.Items,
        DictValue dict => dict.Keys,
        DictView view => view.Items,
        RangeValue range => range.Items,
        IteratorValue iterator => iterator.Rest,
        BytesValue bytes => bytes.Bytes.Select(b => (object?)(long)b),
        Undefined => [],
        LoopState loop => loop.Rest(),
        _ => null,
    };

    public static IEnumerable<object?> Items(object? value) =>
        TryItems(value) ?? throw TemplateException.Type($"'{Kind.Name(value)}' object is not iterable");

    /// <summary>All elements as a list of their own.</summary>
    public static List<object?> ToList(object? value)
    {
        if (value is SequenceValue or DictValue or RangeValue)
            Budget.SpendItems(Length(value));
        var list = new List<object?>();
        foreach (object? item in Items(value))
        {
            if ((list.Count & 63) == 0)
                Budget.SpendItems(list.Count == 0 ? 0 : 64);
            list.Add(item);
        }
        if (list.Count > Budget.Limits.Text)
            Budget.SpendItems(list.Count);
        return list;
    }

    public static bool Contains(object? container, object? item)
    {
        if (Kind.Text(container) is { } text)
        {
            if (item is Undefined undefined)
                throw TemplateException.Type("'in <string>' requires string as left operand, not Undefined");
            string sought = Kind.Text(item) ?? throw TemplateException.Type(
                $"'in <string>' requires string as left operand, not {Kind.Name(item)}");
            Budget.SpendSearch(text.Length, sought.Length);
            return text.Contains(sought, StringComparison.Ordinal);
        }
        switch (container)
        {
            case DictValue dict:
                return dict.TryGet(item, out _);
            case DictView { TypeName: "dict_keys" } keys:
                return keys.Dict.TryGet(item, out _);
            case RangeValue range:
                return range.Count > 0 && Number.Is(item) && range.Items.Any(i => Comparison.AreEqual(i, item));
        }
        var items = TryItems(container) ?? throw TemplateException.Type($"argument of type '{Kind.Name(container)}' is not iterable");
        return items.Any(i => ReferenceEquals(i, item) || Comparison.AreEqual(i, item));
    }

    /// <summary>Element number `index` of a sequence, counted from the end where negative; null where there is none.</summary>
    public static (bool Found, object? Value) At(object? sequence, object? index)
    {
        if (!Number.TryInteger(index, out var integer) || sequence is IteratorValue or LoopState or DictView || TryLength(sequence) is not { } length)
            return (false, null);
        if (integer < 0)
            integer += length;
        if (integer < 0 || integer >= length)
            return (false, null);
        int at = (int)integer;
        return (true, sequence switch
        {
            string text => PythonText.At(text, at),
            Markup safe => new Markup(PythonText.At(safe.Text, at)),
            SequenceValue list => list.Items[at],
            RangeValue range => range[at],
            BytesValue bytes => (long)bytes.Bytes[at],
            _ => null,
        });
    }

    public static object? Slice(object? sequence, object? start, object? stop, object? step)
    {
        if (sequence is Undefined undefined)
            throw undefined.Error();
        if (sequence is not (string or Markup or SequenceValue or RangeValue or BytesValue))
            throw TemplateException.Type($"'{Kind.Name(sequence)}' object is not subscriptable with a slice");
        var range = SliceRange.Of(start, stop, step, Length(sequence));
        Budget.SpendItems(sequence is string or Markup ? range.Count / 16 : range.Count);
        return sequence switch
        {
            string text => PythonText.Slice(text, range),
            Markup safe => new Markup(PythonText.Slice(safe.Text, range)),
            ListValue list => new ListValue(Take(list.Items)),
            SequenceValue tuple => new TupleValue(Take(tuple.Items)),
            RangeValue r => new RangeValue(r.Start + range.Start * r.Step, r.Start + (range.Start + (long)range.Count * range.Step) * r.Step,
                                           r.Step * range.Step, range.Count),
            _ => new BytesValue([.. Enumerable.Range(0, range.Count).Select(i => ((BytesValue)sequence).Bytes[range.Start + i * range.Step])]),
        };

        object?[] Take(IReadOnlyList<object?> items)
        {
            var taken = new object?[range.Count];
            for (int i = 0; i < taken.Length; i++)
                taken[i] = items[range.Start + i * range.Step];
            return taken;
        }
    }
}
