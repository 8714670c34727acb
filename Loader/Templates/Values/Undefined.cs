namespace Managed.Loader.Templates;

/// <summary>What a missing name, key or attribute gives: empty when printed, false when tested, an error when used.</summary>
internal sealed class Undefined(string reason)
{
    public string Reason { get; } = reason;

    public TemplateException Error() => TemplateException.Runtime(Reason);

    public static Undefined Name(string name) => new($"'{name}' is undefined");

    public static Undefined Attribute(object? owner, object? name) => new(name is string text
        ? $"'{OwnerName(owner)}' has no attribute '{text}'"
        : $"{OwnerName(owner)} has no element {Display.Repr(name)}");

    /// <summary>An attribute that exists in Python and that the sandbox hides.</summary>
    public static Undefined Unsafe(object? owner, string name) =>
        new($"access to attribute '{name}' of '{Kind.Name(owner)}' object is unsafe.");

    private static string OwnerName(object? owner) => owner is null ? "None" : Kind.Name(owner) + " object";
}
