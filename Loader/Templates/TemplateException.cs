namespace Managed.Loader.Templates;

/// <summary>What kind of failure stopped a chat template.</summary>
public enum TemplateError
{
    /// <summary>The template called raise_exception: the conversation is not one that the model's maker allows.</summary>
    Raise,

    /// <summary>An operation failed while rendering, or a limit was reached.</summary>
    Runtime,

    /// <summary>The text is not a template.</summary>
    Syntax,
}

/// <summary>A chat template that cannot be read or rendered.</summary>
public sealed class TemplateException : Exception
{
    /// <summary>Describes one failure.</summary>
    /// <param name="kind">What kind of failure it is.</param>
    /// <param name="reason">What is wrong, without the place.</param>
    /// <param name="line">Line of the template, counted from 1; 0 where it is not known.</param>
    /// <param name="cause">The exception behind this one, if any.</param>
    public TemplateException(TemplateError kind, string reason, int line = 0, Exception? cause = null)
        : base(line > 0 && kind != TemplateError.Raise ? $"{reason} (line {line} of the chat template)" : reason, cause)
    {
        Kind = kind;
        Reason = reason;
        Line = line;
    }

    /// <summary>What kind of failure it is.</summary>
    public TemplateError Kind { get; }

    /// <summary>What is wrong, without the place; for <see cref="TemplateError.Raise"/> exactly the template's words.</summary>
    public string Reason { get; }

    /// <summary>Line of the template, counted from 1; 0 where it is not known.</summary>
    public int Line { get; }

    internal static TemplateException Runtime(string reason) => new(TemplateError.Runtime, reason);

    internal static TemplateException Type(string reason) => new(TemplateError.Runtime, "TypeError: " + reason);

    internal static TemplateException Value(string reason) => new(TemplateError.Runtime, "ValueError: " + reason);
}
