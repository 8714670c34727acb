namespace Managed.Loader.Templates;

/// <summary>{% for target in items if test recursive %} … {% else %} … {% endfor %}.</summary>
internal sealed class ForStatement(Target target, Expression items, Expression? test, bool recursive, Body body, Body otherwise) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output) =>
        Render(run, scope, output, items.Evaluate(run, scope), depth: 1);

    private Flow Render(Rendering run, Scope outer, TextSink output, object? over, int depth)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        int? length = test is null && over is not IteratorValue ? Sequences.TryLength(over) : null;
        var loop = new LoopState(Selected(run, outer, Sequences.Items(over)), length, depth)
        {
            Recurse = recursive ? (next, self) => Recurse(run, outer, next, self) : null,
        };
        bool any = false;
        while (loop.Advance())
        {
            any = true;
            Budget.Spend(1);
            var inner = new Scope(outer);
            inner.Set("loop", loop);
            target.Assign(inner, loop.Current);
            if (body.Render(run, inner, output) == Flow.Break)
                return Flow.Normal;
        }
        return any ? Flow.Normal : otherwise.Render(run, new Scope(outer), output); // a break in `else` leaves the loop around
    }

    private IEnumerable<object?> Selected(Rendering run, Scope outer, IEnumerable<object?> all)
    {
        foreach (object? item in all)
        {
            if (test is not null)
            {
                Budget.Spend(1);
                var inner = new Scope(outer);
                inner.Set("loop", Undefined.Name("loop"));
                target.Assign(inner, item);
                if (!test.IsTrue(run, inner))
                    continue;
            }
            yield return item;
        }
    }

    private object Recurse(Rendering run, Scope outer, object? next, LoopState self)
    {
        int callersLine = run.Enter(Line);
        var buffer = new TextSink();
        Render(run, outer, buffer, next, self.Depth + 1);
        run.Leave(callersLine);
        return run.Escapes ? new Markup(buffer.ToString()) : buffer.ToString();
    }
}

/// <summary>The variable `loop`. Looks ahead only when asked for what comes next.</summary>
internal sealed class LoopState(IEnumerable<object?> items, int? length, int depth) : Function
{
    private readonly IEnumerator<object?> source = items.GetEnumerator();
    private readonly Queue<object?> ahead = new();
    private object? previous;
    private CallArguments? lastChanged;
    private int? knownLength = length;

    public int Index { get; private set; } = -1;

    public object? Current { get; private set; }

    public int Depth { get; } = depth;

    public override string TypeName => "LoopContext";

    public Func<object?, LoopState, object>? Recurse { private get; init; }

    public int Length
    {
        get
        {
            if (knownLength is null)
            {
                while (source.MoveNext())
                    ahead.Enqueue(source.Current);
                knownLength = Index + 1 + ahead.Count;
            }
            return knownLength.Value;
        }
    }

    public bool Advance()
    {
        if (!Peek(out object? next))
            return false;
        ahead.Dequeue();
        previous = Current;
        Current = next;
        Index++;
        return true;
    }

    /// <summary>The elements that are left, for a template that loops over `loop`.</summary>
    public IEnumerable<object?> Rest()
    {
        while (Advance())
            yield return new TupleValue([Current, this]);
    }

    /// <summary>loop.index and its siblings.</summary>
    public bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "index" => Index + 1L,
            "index0" => (long)Index,
            "revindex" => (long)Length - Index,
            "revindex0" => (long)Length - Index - 1,
            "first" => Index == 0,
            "last" => !Peek(out _),
            "length" => (long)Length,
            "depth" => (long)Depth,
            "depth0" => Depth - 1L,
            "previtem" => Index == 0 ? new Undefined("there is no previous item") : previous,
            "nextitem" => Peek(out object? next) ? next : new Undefined("there is no next item"),
            "cycle" => new NativeFunction(new Signature("cycle", "*"), (_, a) => Cycle(a.Raw)),
            "changed" => new NativeFunction(new Signature("changed", "*"), (_, a) => Changed(a.Raw)),
            _ => Bound.Absent,
        };
        return value != Bound.Absent;
    }

    public override object? Call(Rendering run, CallArguments arguments)
    {
        if (Recurse is null)
            throw TemplateException.Type("The loop must have the 'recursive' marker to be called recursively.");
        return Recurse(new Signature("loop", "iterable").Bind(arguments)[0], this);
    }

    public override string ToString() => $"<LoopContext {Index + 1}/{Length}>";

    private bool Peek(out object? next)
    {
        if (ahead.Count == 0 && source.MoveNext())
            ahead.Enqueue(source.Current);
        return ahead.TryPeek(out next);
    }

    private object? Cycle(CallArguments arguments)
    {
        if (arguments.Positional.Count == 0)
            throw TemplateException.Type("no items for cycling given");
        return arguments.Positional[Index % arguments.Positional.Count];
    }

    private bool Changed(CallArguments arguments)
    {
        bool same = lastChanged is not null
            && Comparison.AreEqual(new ListValue(lastChanged.Positional), new ListValue(arguments.Positional));
        lastChanged = arguments;
        return !same;
    }
}
