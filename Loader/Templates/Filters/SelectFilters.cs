namespace Managed.Loader.Templates;

/// <summary>Filters that run another filter or test on each element: map, select, reject and their like. They are lazy, as in Jinja.</summary>
internal static class SelectFilters
{
    public static readonly (string Names, string Parameters, FilterBody Body)[] All =
    [
        ("map", "*", (run, v, a) => Lazy("map", Map(run, v, a.Raw))),
        ("select", "*", (run, v, a) => Lazy("select", Select(run, v, a.Raw, byAttribute: false, wanted: true))),
        ("reject", "*", (run, v, a) => Lazy("reject", Select(run, v, a.Raw, byAttribute: false, wanted: false))),
        ("selectattr", "*", (run, v, a) => Lazy("selectattr", Select(run, v, a.Raw, byAttribute: true, wanted: true))),
        ("rejectattr", "*", (run, v, a) => Lazy("rejectattr", Select(run, v, a.Raw, byAttribute: true, wanted: false))),
    ];

    private static IteratorValue Lazy(string name, IEnumerable<object?> items) => new(items, $"<generator object do_{name}>");

    private static IEnumerable<object?> Map(Rendering run, object? value, CallArguments arguments)
    {
        if (!Comparison.IsTrue(value))
            yield break;
        var convert = Converter(run, arguments);
        foreach (object? item in Sequences.Items(value))
            yield return convert(item);
    }

    private static Func<object?, object?> Converter(Rendering run, CallArguments arguments)
    {
        if (arguments.Positional.Count == 0 && arguments.Named.Any(n => n.Key == "attribute"))
        {
            var bound = new Signature("map", "attribute default=").Bind(arguments);
            return Attributes.Getter(bound[0], bound[1]);
        }
        string name = Name(arguments, "map requires a filter argument");
        var rest = arguments.Skip(1);
        return item => Filters.Apply(run, name, item, rest);
    }

    private static IEnumerable<object?> Select(Rendering run, object? value, CallArguments arguments, bool byAttribute, bool wanted)
    {
        if (!Comparison.IsTrue(value))
            yield break;
        Func<object?, object?> get = item => item;
        if (byAttribute)
        {
            if (arguments.Positional.Count == 0)
                throw TemplateException.Runtime("FilterArgumentError: Missing parameter for attribute name");
            get = Attributes.Getter(arguments.Positional[0]);
            arguments = arguments.Skip(1);
        }
        string? test = arguments.Positional.Count == 0 ? null : Name(arguments, "the name of a test is needed");
        var rest = arguments.Skip(1);
        foreach (object? item in Sequences.Items(value))
        {
            object? tested = get(item);
            bool holds = test is null ? Comparison.IsTrue(tested) : Tests.Holds(run, test, tested, rest);
            if (holds == wanted)
                yield return item;
        }
    }

    private static string Name(CallArguments arguments, string missing) =>
        arguments.Positional.Count > 0 && Kind.Text(arguments.Positional[0]) is { } name
            ? name
            : throw TemplateException.Runtime("FilterArgumentError: " + missing);
}
