namespace Managed.Loader.Templates;

/// <summary>The state of one rendering: where it is, how deep it is nested, what the time is.</summary>
internal sealed class Rendering(DateTime now, IReadOnlyDictionary<string, Body> blocks)
{
    private readonly int depthLimit = Budget.Limits.Depth;
    private int depth;

    public DateTime Now { get; } = now;

    /// <summary>Line of the template that is being evaluated.</summary>
    public int Line { get; private set; }

    /// <summary>Whether {% autoescape %} is on.</summary>
    public bool Escapes { get; set; }

    /// <summary>The template's {% block %}s by name.</summary>
    public IReadOnlyDictionary<string, Body> Blocks { get; } = blocks;

    /// <summary>The outermost scope of the template itself.</summary>
    public required Scope Root { get; init; }

    /// <summary>The final text, as far as it is written.</summary>
    public TextSink Output { get; } = new();

    /// <summary>Where {% generation %} blocks lie in the text, in UTF-16 units.</summary>
    public List<Range> Generated { get; } = [];

    /// <summary>For the filter `random`: the same choices each time, as everything here can be repeated.</summary>
    public Random Random { get; } = new(0);

    /// <summary>Begins an evaluation; gives the line to hand to <see cref="Leave"/>. An error ends the rendering, so it need not leave.</summary>
    public int Enter(int line)
    {
        Budget.Spend(1);
        if (++depth > depthLimit)
            throw TemplateException.Runtime($"RecursionError: more than {depthLimit} nested evaluations");
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        int outer = Line;
        Line = line;
        return outer;
    }

    public void Leave(int callersLine)
    {
        depth--;
        Line = callersLine;
    }
}
