namespace Managed.Loader.Templates;

/// <summary>cycler(a, b): gives its items in turn.</summary>
internal sealed class Cycler : ITypeName
{
    private readonly IReadOnlyList<object?> items;
    private int position;

    public Cycler(IReadOnlyList<object?> items) =>
        this.items = items.Count > 0 ? items : throw TemplateException.Runtime("RuntimeError: at least one item has to be provided");

    public string TypeName => "Cycler";

    public bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "current" => items[position],
            "items" => new TupleValue(items),
            "pos" => (long)position,
            "next" => new NativeFunction(new Signature("next", ""), (_, _) => Next()),
            "reset" => new NativeFunction(new Signature("reset", ""), (_, _) => Reset()),
            _ => Bound.Absent,
        };
        return value != Bound.Absent;
    }

    private object? Next()
    {
        object? item = items[position];
        position = (position + 1) % items.Count;
        return item;
    }

    private object? Reset()
    {
        position = 0;
        return null;
    }
}

/// <summary>joiner(', '): nothing the first time it is called, the separator from then on.</summary>
internal sealed class Joiner(string separator) : Function
{
    private bool used;

    public override string TypeName => "Joiner";

    public override object? Call(Rendering run, CallArguments arguments)
    {
        if (used)
            return separator;
        used = true;
        return "";
    }
}

/// <summary>The variable `self`: the template's blocks as functions.</summary>
internal sealed class SelfReference(IReadOnlyDictionary<string, Body> blocks) : ITypeName
{
    public string TypeName => "TemplateReference";

    public bool TryGet(string name, out object? value)
    {
        value = blocks.TryGetValue(name, out var body)
            ? new NativeFunction(new Signature(name, ""), (run, _) => Render(run, body))
            : Bound.Absent;
        return value != Bound.Absent;
    }

    public override string ToString() => "<TemplateReference None>";

    private static object Render(Rendering run, Body body)
    {
        int callersLine = run.Enter(run.Line);
        object text = body.RenderText(run, new Scope(run.Root));
        run.Leave(callersLine);
        return text;
    }
}
