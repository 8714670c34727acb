namespace Managed.Loader.Templates;

/// <summary>Text between tags.</summary>
internal sealed class TextStatement(string text) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output)
    {
        output.Write(text);
        return Flow.Normal;
    }
}

/// <summary>{{ expression }}.</summary>
internal sealed class PrintStatement(Expression value) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output)
    {
        object? printed = value.Evaluate(run, scope);
        output.Write(run.Escapes ? Markup.EscapeValue(printed) : Display.Text(printed));
        return Flow.Normal;
    }
}

/// <summary>{% if %} … {% elif %} … {% else %}.</summary>
internal sealed class IfStatement(IReadOnlyList<(Expression Test, Body Then)> branches, Body otherwise) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output)
    {
        foreach (var (test, then) in branches)
            if (test.IsTrue(run, scope))
                return then.Render(run, scope, output);
        return otherwise.Render(run, scope, output);
    }
}

/// <summary>{% set target = value %}.</summary>
internal sealed class SetStatement(Target target, Expression value) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output)
    {
        target.Assign(scope, value.Evaluate(run, scope));
        return Flow.Normal;
    }
}

/// <summary>{% set target %} … {% endset %}.</summary>
internal sealed class SetBlockStatement(Target target, FilterExpression? filter, Body body) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output)
    {
        object? text = body.RenderText(run, new Scope(scope));
        target.Assign(scope, filter is null ? text : filter.ApplyChain(run, scope, text));
        return Flow.Normal;
    }
}

/// <summary>{% with a = 1 %} … {% endwith %}.</summary>
internal sealed class WithStatement(IReadOnlyList<(Target Target, Expression Value)> assignments, Body body) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output)
    {
        var inner = new Scope(scope);
        foreach (var (target, value) in assignments)
            target.Assign(inner, value.Evaluate(run, scope));
        return body.Render(run, inner, output);
    }
}

/// <summary>{% filter name %} … {% endfilter %}.</summary>
internal sealed class FilterStatement(FilterExpression filter, Body body) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output)
    {
        var buffer = new TextSink();
        var inner = new Scope(scope);
        var flow = body.Render(run, inner, buffer);
        if (flow == Flow.Normal)
            output.Write(Display.Text(filter.ApplyChain(run, inner, buffer.ToString())));
        return flow;
    }
}

/// <summary>{% generation %} … {% endgeneration %}: the assistant's own words, whose place is kept for whoever trains on them.</summary>
internal sealed class GenerationStatement(Body body) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output)
    {
        int start = output.Length;
        body.Render(run, new Scope(scope), output);
        if (ReferenceEquals(output, run.Output))
            run.Generated.Add(start..output.Length);
        return Flow.Normal;
    }
}

/// <summary>{% autoescape on %} … {% endautoescape %}.</summary>
internal sealed class AutoescapeStatement(Expression on, Body body) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output)
    {
        bool before = run.Escapes;
        run.Escapes = on.IsTrue(run, scope);
        var flow = body.Render(run, new Scope(scope), output);
        run.Escapes = before;
        return flow;
    }
}

/// <summary>{% block name %}: sees the template's own names, and those around it only when scoped.</summary>
internal sealed class BlockStatement(string name, Body body, bool scoped, bool required) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output)
    {
        if (required)
            throw TemplateException.Runtime($"Required block '{name}' not found");
        body.Render(run, new Scope(scoped ? scope : run.Root), output);
        return Flow.Normal;
    }
}

/// <summary>{% break %} and {% continue %}.</summary>
internal sealed class JumpStatement(Flow flow) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output) => flow;
}

/// <summary>{% include %}, {% import %}, {% extends %}: a chat template stands alone.</summary>
internal sealed class OtherTemplateStatement(string tag) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output) =>
        throw TemplateException.Type($"no loader for this environment specified: {{% {tag} %}} needs another template, and a chat template stands alone");
}
