using System.Globalization;

namespace Managed.Loader.Templates;

/// <summary>Gets what a filter's `attribute` names: "a.b.0" is the element 0 of the attribute b of the attribute a.</summary>
internal static class Attributes
{
    /// <param name="attribute">A path, a number, or None for the item itself.</param>
    /// <param name="missing">What stands for a missing part, or None for leaving it undefined.</param>
    public static Func<object?, object?> Getter(object? attribute, object? missing = null)
    {
        object?[] parts = attribute switch
        {
            null => [],
            _ when Kind.Text(attribute) is { } path => [.. path.Split('.').Select(Part)],
            _ => [attribute],
        };
        return item =>
        {
            foreach (object? part in parts)
            {
                Budget.Spend(1);
                item = Members.Item(item, part);
                if (item is Undefined && missing is not null)
                    item = missing;
            }
            return item;
        };
    }

    /// <summary>For sorting: several paths with commas between make a key of several parts.</summary>
    public static Func<object?, object?> SortKey(object? attribute, bool caseSensitive, bool several)
    {
        object?[] paths = several && Kind.Text(attribute) is { } text ? [.. text.Split(',')] : [attribute];
        Func<object?, object?>[] getters = [.. paths.Select(p => Getter(p))];
        return getters.Length == 1 && !several
            ? item => Folded(getters[0](item), caseSensitive)
            : item => new ListValue([.. getters.Select(get => Folded(get(item), caseSensitive))]);
    }

    public static object? Folded(object? value, bool caseSensitive) =>
        !caseSensitive && Kind.Text(value) is { } text ? Letters.Lower(text) : value;

    private static object Part(string part) =>
        part.Length is > 0 and < 10 && part.All(char.IsAsciiDigit) ? long.Parse(part, CultureInfo.InvariantCulture) : part;
}
