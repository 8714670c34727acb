using System.Numerics;

namespace Managed.Loader.Templates;

/// <summary>Python's types, by which errors call a value and tests recognise it.</summary>
internal static class Kind
{
    public static string Name(object? value) => value switch
    {
        null => "NoneType",
        string => "str",
        Markup => "Markup",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        ListValue => "list",
        TupleValue => "tuple",
        DictValue => "dict",
        Undefined => "Undefined",
        RangeValue => "range",
        BytesValue => "bytes",
        IteratorValue => "generator",
        ITypeName named => named.TypeName,
        _ => value.GetType().Name,
    };

    /// <summary>The text of a string, marked as safe or not; null for anything else.</summary>
    public static string? Text(object? value) => value as string ?? (value as Markup)?.Text;

    public static bool IsText(object? value) => value is string or Markup;
}

/// <summary>A value that knows what Python would call its type.</summary>
internal interface ITypeName
{
    string TypeName { get; }
}
