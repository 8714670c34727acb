namespace Managed.Loader.Templates;

/// <summary>The arguments of a call, as written.</summary>
internal sealed record CallArguments(IReadOnlyList<object?> Positional, IReadOnlyList<KeyValuePair<string, object?>> Named)
{
    public static CallArguments None { get; } = new([], []);

    public static CallArguments Of(params object?[] positional) => new(positional, []);

    /// <summary>Without the first `count` positional ones.</summary>
    public CallArguments Skip(int count) => new([.. Positional.Skip(count)], Named);
}

/// <summary>A value that can be called.</summary>
internal abstract class Function : ITypeName
{
    public virtual string TypeName => "function";

    public abstract object? Call(Rendering run, CallArguments arguments);

    public static object? Call(Rendering run, object? function, CallArguments arguments) => function switch
    {
        Function callable => callable.Call(run, arguments),
        Undefined undefined => throw undefined.Error(),
        _ => throw TemplateException.Type($"'{Kind.Name(function)}' object is not callable"),
    };
}

internal delegate object? NativeBody(Rendering run, Bound arguments);

/// <summary>A function of this engine, with its parameters.</summary>
internal sealed class NativeFunction(Signature signature, NativeBody body, string? display = null) : Function
{
    public override object? Call(Rendering run, CallArguments arguments) => body(run, signature.Bind(arguments));

    public override string ToString() => display ?? $"<function {signature.Name}>";
}
