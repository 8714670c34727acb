namespace Managed.Loader.Templates;

internal delegate object? FilterBody(Rendering run, object? value, Bound arguments);

/// <summary>What may follow |. The filters themselves lie in TextFilters, ListFilters, SelectFilters and NumberFilters.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, (Signature Signature, FilterBody Body)> s_filters = Table(
        [.. TextFilters.All, .. MarkupFilters.All, .. ListFilters.All, .. SelectFilters.All, .. NumberFilters.All]);

    public static bool Exists(string name) => s_filters.ContainsKey(name);

    public static object? Apply(Rendering run, string name, object? value, CallArguments arguments)
    {
        if (!s_filters.TryGetValue(name, out var filter))
            throw TemplateException.Runtime($"No filter named '{name}' found.");
        Budget.Spend(1);
        return filter.Body(run, value, filter.Signature.Bind(arguments));
    }

    private static Dictionary<string, (Signature, FilterBody)> Table((string Names, string Parameters, FilterBody Body)[] filters)
    {
        var table = new Dictionary<string, (Signature, FilterBody)>(StringComparer.Ordinal);
        foreach (var (names, parameters, body) in filters)
            foreach (string name in names.Split(' '))
                table.Add(name, (new Signature(name, parameters), body));
        return table;
    }
}
