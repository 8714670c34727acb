namespace Managed.Loader.Templates;

/// <summary>The head and the body of a macro. The flags say which of the names that a macro has besides its parameters it reads.</summary>
internal sealed record MacroDefinition(
    string Name, IReadOnlyList<string> Parameters, IReadOnlyList<Expression?> Defaults, Body Body,
    bool ReadsCaller, bool ReadsVarargs, bool ReadsKwargs);

/// <summary>{% macro name(parameters) %} … {% endmacro %}.</summary>
internal sealed class MacroStatement(MacroDefinition definition) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output)
    {
        scope.Set(definition.Name, new Macro(definition, scope));
        return Flow.Normal;
    }
}

/// <summary>{% call(parameters) macro(arguments) %} … {% endcall %}: the body is the macro's `caller`.</summary>
internal sealed class CallStatement(CallExpression call, MacroDefinition caller) : Statement
{
    public override Flow Render(Rendering run, Scope scope, TextSink output)
    {
        object? text = call.Call(run, scope, new Macro(caller, scope));
        output.Write(run.Escapes ? Markup.EscapeValue(text) : Display.Text(text));
        return Flow.Normal;
    }
}

/// <summary>A macro that can be called: its definition and the names around it.</summary>
internal sealed class Macro(MacroDefinition definition, Scope outer) : Function
{
    public override string TypeName => "Macro";

    public override object? Call(Rendering run, CallArguments arguments)
    {
        int callersLine = run.Enter(run.Line);
        var scope = new Scope(outer);
        Bind(run, scope, arguments);
        object text = definition.Body.RenderText(run, scope);
        run.Leave(callersLine);
        return text;
    }

    /// <summary>macro.name, macro.arguments and what else can be asked.</summary>
    public bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "name" => definition.Name,
            "arguments" => new TupleValue([.. definition.Parameters]),
            "catch_kwargs" => definition.ReadsKwargs,
            "catch_varargs" => definition.ReadsVarargs,
            "caller" => definition.ReadsCaller,
            _ => Bound.Absent,
        };
        return value != Bound.Absent;
    }

    public override string ToString() => definition.Name.Length == 0 ? "<Macro anonymous>" : $"<Macro '{definition.Name}'>";

    private void Bind(Rendering run, Scope scope, CallArguments arguments)
    {
        Budget.Spend(definition.Parameters.Count + arguments.Named.Count);
        var named = arguments.Named.ToDictionary(a => a.Key, a => a.Value);
        object caller = new Undefined("No caller defined");
        bool hasCaller = named.TryGetValue("caller", out object? given) && !definition.Parameters.Contains("caller");
        if (hasCaller && (definition.ReadsCaller || !definition.ReadsKwargs))
            named.Remove("caller");

        var missing = new List<int>();
        for (int i = 0; i < definition.Parameters.Count; i++)
        {
            string parameter = definition.Parameters[i];
            bool isNamed = named.Remove(parameter, out object? value);
            if (i < arguments.Positional.Count)
            {
                if (isNamed)
                    throw TemplateException.Type($"macro '{definition.Name}' got multiple values for argument '{parameter}'");
                scope.Set(parameter, arguments.Positional[i]);
            }
            else if (isNamed)
                scope.Set(parameter, value);
            else
                missing.Add(i);
        }
        if (definition.ReadsCaller && !definition.Parameters.Contains("caller"))
            scope.Set("caller", hasCaller ? given : caller);
        foreach (int i in missing)
            scope.Set(definition.Parameters[i], definition.Defaults[i]?.Evaluate(run, scope)
                ?? (definition.Defaults[i] is null ? new Undefined($"parameter '{definition.Parameters[i]}' was not provided") : null));
        BindRest(scope, arguments, named, hasCaller);
    }

    private void BindRest(Scope scope, CallArguments arguments, Dictionary<string, object?> named, bool hasCaller)
    {
        if (definition.ReadsKwargs)
        {
            var rest = new DictValue();
            foreach (var (name, value) in arguments.Named)
                if (named.ContainsKey(name))
                    rest.Set(name, value);
            scope.Set("kwargs", rest);
        }
        else if (hasCaller && !definition.ReadsCaller)
            throw TemplateException.Type($"macro '{definition.Name}' was invoked with two values for the special caller argument. This is most likely a bug.");
        else if (named.Count > 0)
            throw TemplateException.Type($"macro '{definition.Name}' takes no keyword argument '{named.Keys.First()}'");

        int parameters = definition.Parameters.Count;
        if (definition.ReadsVarargs)
            scope.Set("varargs", new TupleValue([.. arguments.Positional.Skip(parameters)]));
        else if (arguments.Positional.Count > parameters)
            throw TemplateException.Type($"macro '{definition.Name}' takes not more than {parameters} argument(s)");
    }
}
