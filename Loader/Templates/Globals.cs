namespace Managed.Loader.Templates;

/// <summary>The names that every chat template finds: Jinja's own and the two that Hugging Face adds.</summary>
internal static class Globals
{
    public static Scope Create()
    {
        var scope = new Scope(null);
        foreach (var (name, parameters, body, display) in s_functions)
            scope.Set(name, new NativeFunction(new Signature(name, parameters), body, display));
        return scope;
    }

    private static readonly (string Name, string Parameters, NativeBody Body, string? Display)[] s_functions =
    [
        ("range", "*", (_, a) => Range(a.Raw), null),
        ("dict", "*", (_, a) => Dict(a.Raw), "<class 'dict'>"),
        ("namespace", "*", (_, a) => Namespace(a.Raw), "<class 'jinja2.utils.Namespace'>"),
        ("cycler", "*", (_, a) => new Cycler(a.Raw.Positional), "<class 'jinja2.utils.Cycler'>"),
        ("joiner", "sep=", (_, a) => new Joiner(a.Text(0, ", ")!), "<class 'jinja2.utils.Joiner'>"),
        ("lipsum", "n= html= min= max=", (_, a) => Lipsum.Write(a.Integer(0, 5), a.Flag(1, true), a.Integer(2, 20), a.Integer(3, 100)), null),
        ("raise_exception", "message", (_, a) => throw new TemplateException(TemplateError.Raise, Display.Text(a[0])), null),
        ("strftime_now", "format", (run, a) => TimeFormat.Write(run.Now, a.Text(0) ?? throw TemplateException.Type("strftime() argument 1 must be str, not None")), null),
    ];

    private static RangeValue Range(CallArguments arguments)
    {
        int count = arguments.Positional.Count;
        if (count is 0 or > 3 || arguments.Named.Count > 0)
            throw TemplateException.Type($"range expected 1 to 3 positional arguments, got {count}");
        long start = count == 1 ? 0 : Word(arguments.Positional[0]);
        long stop = Word(arguments.Positional[count == 1 ? 0 : 1]);
        long step = count == 3 ? Word(arguments.Positional[2]) : 1;
        if (step == 0)
            throw TemplateException.Value("range() arg 3 must not be zero");
        Int128 distance = step > 0 ? (Int128)stop - start : (Int128)start - stop;
        Int128 length = distance <= 0 ? 0 : (distance - 1) / (step > 0 ? step : -(Int128)step) + 1;
        if (length > Budget.Limits.Range)
            throw TemplateException.Runtime(
                $"OverflowError: Range too big. The sandbox blocks ranges larger than MAX_RANGE ({Budget.Limits.Range}).");
        return new RangeValue(start, stop, step, (int)length);
    }

    private static long Word(object? value)
    {
        if (value is Undefined undefined)
            throw undefined.Error();
        if (!Number.TryInteger(value, out var integer))
            throw TemplateException.Type($"'{Kind.Name(value)}' object cannot be interpreted as an integer");
        return integer >= long.MinValue / 4 && integer <= long.MaxValue / 4
            ? (long)integer
            : throw TemplateException.Runtime("OverflowError: a bound of range() is too large");
    }

    private static DictValue Dict(CallArguments arguments)
    {
        var dict = new DictValue();
        if (arguments.Positional.Count > 1)
            throw TemplateException.Type($"dict expected at most 1 argument, got {arguments.Positional.Count}");
        if (arguments.Positional.Count == 1)
        {
            if (arguments.Positional[0] is DictValue source)
                foreach (var (key, value) in source)
                    dict.Set(key, value);
            else
                foreach (object? pair in Sequences.ToList(arguments.Positional[0]))
                {
                    var halves = Sequences.ToList(pair);
                    if (halves.Count != 2)
                        throw TemplateException.Value($"dictionary update sequence element has length {halves.Count}; 2 is required");
                    dict.Set(halves[0], halves[1]);
                }
            Budget.SpendItems(dict.Count);
        }
        foreach (var (name, value) in arguments.Named)
            dict.Set(name, value);
        return dict;
    }

    private static NamespaceValue Namespace(CallArguments arguments)
    {
        var space = new NamespaceValue();
        foreach (var (key, value) in Dict(arguments))
            space.Set(Kind.Text(key) ?? Display.Text(key), value);
        return space;
    }
}
