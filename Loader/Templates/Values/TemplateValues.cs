using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Managed.Loader.Templates;

/// <summary>Turns JSON and .NET values into the values of a template.</summary>
internal static class TemplateValues
{
    private const int DepthLimit = 256;

    public static object? FromJson(JsonElement element, int depth = 0)
    {
        RefuseDepth(depth);
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return Text(element);
            case JsonValueKind.Number:
                return NumberOf(element.GetRawText());
            case JsonValueKind.True or JsonValueKind.False:
                return element.GetBoolean();
            case JsonValueKind.Array:
                return new ListValue([.. element.EnumerateArray().Select(e => FromJson(e, depth + 1))]);
            case JsonValueKind.Object:
                var dict = new DictValue();
                foreach (var property in element.EnumerateObject())
                    dict.Set(property.Name, FromJson(property.Value, depth + 1));
                return dict;
            default:
                return null;
        }
    }

    public static object? From(object? value, int depth = 0)
    {
        RefuseDepth(depth);
        return value switch
        {
            null or string or bool or long or double or BigInteger or SequenceValue or DictValue => value,
            JsonElement element => FromJson(element, depth),
            int or short or byte or sbyte or ushort or uint => Convert.ToInt64(value, CultureInfo.InvariantCulture),
            float or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture),
            ulong large => Number.Normal(large),
            IEnumerable<KeyValuePair<string, object?>> entries => Dict(entries, depth),
            IEnumerable<KeyValuePair<string, string>> entries => Dict(entries.Select(e => new KeyValuePair<string, object?>(e.Key, e.Value)), depth),
            IEnumerable items => new ListValue([.. items.Cast<object?>().Select(i => From(i, depth + 1))]),
            _ => throw TemplateException.Type($"a variable of type {value.GetType().Name} has no counterpart in a template"),
        };
    }

    private static DictValue Dict(IEnumerable<KeyValuePair<string, object?>> entries, int depth)
    {
        var dict = new DictValue();
        foreach (var (key, value) in entries)
            dict.Set(key, From(value, depth + 1));
        return dict;
    }

    /// <summary>The text of a JSON string; one that is no Unicode is refused.</summary>
    public static string Text(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException half)
        {
            throw new TemplateException(TemplateError.Runtime, "a JSON string holds half of a surrogate pair", cause: half);
        }
    }

    // 1 and 1.0 are different things to a template
    private static object NumberOf(string text)
    {
        if (text.AsSpan().ContainsAny('.', 'e', 'E'))
            return double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        return Number.ParseInteger(text, 10) ?? throw TemplateException.Value($"an integer of {text.Length} digits is too long");
    }

    private static void RefuseDepth(int depth)
    {
        if (depth > DepthLimit)
            throw TemplateException.Runtime($"the variables are nested more than {DepthLimit} deep");
    }
}
