using System.Text;

namespace Managed.Loader.Templates;

/// <summary>Filters on lists and other sequences, and those that take any value.</summary>
internal static class ListFilters
{
    public static readonly (string Names, string Parameters, FilterBody Body)[] All =
    [
        ("attr", "name", (_, v, a) => Members.OnlyAttribute(v, a.Text(0) ?? throw TemplateException.Type("attribute name must be string"))),
        ("default d", "default_value= boolean=", (_, v, a) => v is Undefined || (a.Flag(1) && !Comparison.IsTrue(v)) ? a.Or(0, "") : v),
        ("length count", "", (_, v, _) => (long)Sequences.Length(v)),
        ("list", "", (_, v, _) => new ListValue(Sequences.ToList(v))),
        ("first", "", (_, v, _) => First(Sequences.Items(v), "No first item, sequence was empty.")),
        ("last", "", (_, v, _) => First(Reversed(v), "No last item, sequence was empty.")),
        ("random", "", (run, v, _) => Choose(run, v)),
        ("reverse", "", (_, v, _) => Reverse(v)),
        ("items", "", (_, v, _) => new IteratorValue(Pairs(v), "<generator object do_items>")),
        ("join", "d= attribute=", (run, v, a) => Join(run, v, a.Or(0, ""), a[1])),
        ("sort", "reverse= case_sensitive= attribute=", (_, v, a) => Sort(v, a.Flag(0), a.Flag(1), a[2])),
        ("dictsort", "case_sensitive= by= reverse=", (_, v, a) => SortDict(v, a.Flag(0), a.Text(1, "key")!, a.Flag(2))),
        ("unique", "case_sensitive= attribute=", (_, v, a) => new IteratorValue(Unique(v, a.Flag(0), a[1]), "<generator object do_unique>")),
        ("min", "case_sensitive= attribute=", (_, v, a) => Extreme(v, a.Flag(0), a[1], -1)),
        ("max", "case_sensitive= attribute=", (_, v, a) => Extreme(v, a.Flag(0), a[1], 1)),
        ("sum", "attribute= start=", (_, v, a) => Sum(v, a[0], a.Or(1, 0L))),
        ("groupby", "attribute default= case_sensitive=", (_, v, a) => Group(v, a[0], a[1], a.Flag(2))),
        ("batch", "linecount fill_with=", (_, v, a) => new IteratorValue(Batch(v, a.Integer(0, 1), a[1]), "<generator object do_batch>")),
        ("slice", "slices fill_with=", (_, v, a) => new IteratorValue(Slice(v, a.Integer(0, 1), a[1]), "<generator object do_slice>")),
    ];

    private static object? First(IEnumerable<object?> items, string missing)
    {
        foreach (object? item in items)
            return item;
        return new Undefined(missing);
    }

    private static IEnumerable<object?> Reversed(object? value)
    {
        if (value is IteratorValue)
            throw TemplateException.Type("'generator' object is not reversible");
        var items = Sequences.ToList(value);
        items.Reverse();
        return items;
    }

    private static object Reverse(object? value)
    {
        if (Kind.Text(value) is { } text)
        {
            string reversed = PythonText.Slice(text, SliceRange.Of(null, null, -1L, PythonText.Length(text)));
            return value is Markup ? new Markup(reversed) : reversed;
        }
        var items = Sequences.ToList(value);
        items.Reverse();
        return new IteratorValue(items, "<list_reverseiterator object>");
    }

    private static object? Choose(Rendering run, object? value)
    {
        int length = Sequences.Length(value);
        return length == 0
            ? new Undefined("No random item, sequence was empty.")
            : Sequences.At(value, (long)run.Random.Next(length)).Value;
    }

    private static IEnumerable<object?> Pairs(object? value)
    {
        if (value is Undefined)
            yield break;
        if (value is not DictValue dict)
            throw TemplateException.Type("Can only get item pairs from a mapping.");
        foreach (var (key, item) in dict)
            yield return new TupleValue([key, item]);
    }

    private static object Join(Rendering run, object? value, object? separator, object? attribute)
    {
        var get = Attributes.Getter(attribute);
        var text = new StringBuilder();
        string between = run.Escapes ? Markup.EscapeValue(separator) : Display.Text(separator);
        bool first = true;
        foreach (object? item in Sequences.Items(value))
        {
            if (!first)
                text.Append(between);
            first = false;
            object? part = get(item);
            text.Append(run.Escapes ? Markup.EscapeValue(part) : Display.Text(part));
            Budget.Spend(1);
            Budget.CheckText(text.Length);
        }
        Budget.SpendText(text.Length);
        return run.Escapes ? new Markup(text.ToString()) : text.ToString();
    }

    private static ListValue Sort(object? value, bool reverse, bool caseSensitive, object? attribute)
    {
        var key = Attributes.SortKey(attribute, caseSensitive, several: attribute is not null);
        var items = Sequences.ToList(value);
        return new ListValue(Sorting.Sort(items, key, reverse));
    }

    private static ListValue SortDict(object? value, bool caseSensitive, string by, bool reverse)
    {
        if (by is not ("key" or "value"))
            throw TemplateException.Runtime("FilterArgumentError: You can only sort by either \"key\" or \"value\"");
        if (value is not DictValue)
            throw value is Undefined undefined ? undefined.Error() : TemplateException.Runtime($"'{Kind.Name(value)} object' has no attribute 'items'");
        var pairs = Pairs(value);
        object? Key(object? pair) => Attributes.Folded(((TupleValue)pair!).Items[by == "key" ? 0 : 1], caseSensitive);
        return new ListValue(Sorting.Sort(pairs, Key, reverse));
    }

    private static IEnumerable<object?> Unique(object? value, bool caseSensitive, object? attribute)
    {
        var key = Attributes.SortKey(attribute, caseSensitive, several: false);
        var seen = new HashSet<DictKey>();
        foreach (object? item in Sequences.Items(value))
        {
            object? mark = key(item);
            Hashing.Require(mark);
            if (seen.Add(new DictKey(mark)))
                yield return item;
        }
    }

    private static object? Extreme(object? value, bool caseSensitive, object? attribute, int sign)
    {
        var key = Attributes.SortKey(attribute, caseSensitive, several: false);
        object? best = null, bestKey = null;
        bool any = false;
        foreach (object? item in Sequences.Items(value))
        {
            object? itemKey = key(item);
            if (any && Comparison.Order(itemKey, bestKey) * sign <= 0)
                continue;
            (best, bestKey, any) = (item, itemKey, true);
        }
        return any ? best : new Undefined("No aggregated item, sequence was empty.");
    }

    private static object? Sum(object? value, object? attribute, object? start)
    {
        if (Kind.IsText(start))
            throw TemplateException.Type("sum() can't sum strings [use ''.join(seq) instead]");
        var get = Attributes.Getter(attribute);
        foreach (object? item in Sequences.Items(value))
            start = Arithmetic.Binary("+", start, get(item));
        return start;
    }

    private static ListValue Group(object? value, object? attribute, object? missing, bool caseSensitive)
    {
        var get = Attributes.Getter(attribute, missing);
        var sorted = Sorting.Sort(Sequences.ToList(value).Select(i => (Item: i, Key: Attributes.Folded(get(i), caseSensitive))), p => p.Key);
        var groups = new List<(object? Key, List<object?> Items)>();
        foreach (var (item, key) in sorted)
        {
            if (groups.Count == 0 || !Comparison.AreEqual(groups[^1].Key, key))
                groups.Add((key, []));
            groups[^1].Items.Add(item);
        }
        return new ListValue([.. groups.Select(g => new GroupValue(get(g.Items[0]), new ListValue(g.Items)))]);
    }

    private static IEnumerable<object?> Batch(object? value, int size, object? fill)
    {
        var batch = new List<object?>();
        foreach (object? item in Sequences.Items(value))
        {
            if (batch.Count == size)
            {
                yield return new ListValue(batch);
                batch = [];
            }
            batch.Add(item);
        }
        if (batch.Count == 0)
            yield break;
        if (fill is not null && batch.Count < size)
        {
            Budget.SpendItems(size);
            batch.AddRange(Enumerable.Repeat(fill, size - batch.Count));
        }
        yield return new ListValue(batch);
    }

    private static IEnumerable<object?> Slice(object? value, int slices, object? fill)
    {
        var items = Sequences.ToList(value);
        if (slices == 0)
            throw TemplateException.Runtime("ZeroDivisionError: integer division or modulo by zero");
        int each = items.Count / slices, larger = items.Count % slices, from = 0;
        for (int s = 0; s < slices; s++)
        {
            Budget.Spend(1);
            int count = each + (s < larger ? 1 : 0);
            var part = items.GetRange(from, count);
            from += count;
            if (fill is not null && s >= larger)
                part.Add(fill);
            yield return new ListValue(part);
        }
    }
}
