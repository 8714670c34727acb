namespace Managed.Loader.Templates;

/// <summary>
/// The parameters of a function: "attribute reverse=" are two, the second may be left out. "*" takes any arguments as they are.
/// </summary>
internal sealed class Signature
{
    private readonly string[] parameters;
    private readonly int required;
    private readonly bool anything;

    public Signature(string name, string text)
    {
        Name = name;
        anything = text == "*";
        string[] words = anything ? [] : text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        parameters = [.. words.Select(w => w.TrimEnd('='))];
        required = words.Count(w => !w.EndsWith('='));
    }

    public string Name { get; }

    public Bound Bind(CallArguments arguments)
    {
        var values = new object?[parameters.Length];
        Array.Fill(values, Bound.Absent);
        if (anything)
            return new Bound(Name, values, arguments);
        if (arguments.Positional.Count > parameters.Length)
            throw TemplateException.Type($"{Name}() takes at most {parameters.Length} arguments ({arguments.Positional.Count} given)");
        for (int i = 0; i < arguments.Positional.Count; i++)
            values[i] = arguments.Positional[i];
        foreach (var (name, value) in arguments.Named)
        {
            int place = Array.IndexOf(parameters, name);
            if (place < 0)
                throw TemplateException.Type($"{Name}() got an unexpected keyword argument '{name}'");
            if (values[place] != Bound.Absent)
                throw TemplateException.Type($"{Name}() got multiple values for argument '{name}'");
            values[place] = value;
        }
        for (int i = 0; i < required; i++)
            if (values[i] == Bound.Absent)
                throw TemplateException.Type($"{Name}() missing 1 required positional argument: '{parameters[i]}'");
        return new Bound(Name, values, arguments);
    }
}

/// <summary>Arguments at their parameters' places.</summary>
internal sealed class Bound(string function, object?[] values, CallArguments raw)
{
    public static readonly object Absent = new();

    /// <summary>The arguments as written.</summary>
    public CallArguments Raw { get; } = raw;

    public bool Has(int index) => values[index] != Absent;

    public object? this[int index] => Has(index) ? values[index] : null;

    /// <summary>The argument as written, or the default where it was left out.</summary>
    public object? Or(int index, object? missing) => Has(index) ? values[index] : missing;

    public bool Flag(int index, bool missing = false) => Has(index) ? Comparison.IsTrue(values[index]) : missing;

    public int Integer(int index, int missing) => Has(index) ? Number.ToIndex(values[index]) : missing;

    /// <summary>A string argument; None counts as left out.</summary>
    public string? Text(int index, string? missing = null)
    {
        object? value = this[index];
        if (value is null)
            return missing;
        if (value is Undefined undefined)
            throw undefined.Error();
        return Kind.Text(value) ?? throw TemplateException.Type($"{function}() argument {index + 1} must be str, not {Kind.Name(value)}");
    }
}
