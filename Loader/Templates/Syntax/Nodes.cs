using System.Runtime.CompilerServices;

namespace Managed.Loader.Templates;

/// <summary>Something that has a value. Each kind knows how to compute its own.</summary>
internal abstract class Expression
{
    public required int Line { get; init; }

    public object? Evaluate(Rendering run, Scope scope)
    {
        int callersLine = run.Enter(Line);
        object? value = Compute(run, scope);
        run.Leave(callersLine);
        return value;
    }

    protected abstract object? Compute(Rendering run, Scope scope);

    /// <summary>Evaluates to something that is printed, tested or passed on; errors name this expression's line.</summary>
    public bool IsTrue(Rendering run, Scope scope) => Comparison.IsTrue(Evaluate(run, scope));
}

/// <summary>How a statement ended: loops look at it.</summary>
internal enum Flow
{
    Normal,
    Break,
    Continue,
}

/// <summary>Something that writes text or sets names.</summary>
internal abstract class Statement
{
    public required int Line { get; init; }

    public abstract Flow Render(Rendering run, Scope scope, TextSink output);
}

/// <summary>Statements one after the other.</summary>
internal sealed class Body(IReadOnlyList<Statement> statements)
{
    public static Body Empty { get; } = new([]);

    public IReadOnlyList<Statement> Statements { get; } = statements;

    public Flow Render(Rendering run, Scope scope, TextSink output)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (var statement in Statements)
        {
            int callersLine = run.Enter(statement.Line);
            var flow = statement.Render(run, scope, output);
            run.Leave(callersLine);
            if (flow != Flow.Normal)
                return flow;
        }
        return Flow.Normal;
    }

    /// <summary>The text that the statements write, as a value.</summary>
    public object RenderText(Rendering run, Scope scope)
    {
        var buffer = new TextSink();
        Render(run, scope, buffer);
        return run.Escapes ? new Markup(buffer.ToString()) : buffer.ToString();
    }
}
