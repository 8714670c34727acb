using Managed.Loader.Hub;

namespace Managed;

/// <summary>What a user types for a model: a path, the hub id of a checkpoint that is in the cache, or the name of a model that came with the program.</summary>
internal static class ModelPath
{
    /// <summary>The directory or file to open.</summary>
    /// <exception cref="FileNotFoundException">None of the three: says what to do.</exception>
    public static string Resolve(string name)
    {
        if (Directory.Exists(name) || File.Exists(name))
            return name;
        if (Shipped(name) is { } shipped)
            return shipped;
        if (HubCache.TryResolve(name) is { } snapshot)
            return HubCache.ModelIn(snapshot);
        throw new FileNotFoundException(HubId.TryParse(name) is not null
            ? $"{name}: no such file or directory, and no such checkpoint in the hub's cache; `managed pull {name}` fetches it."
            : $"{name}: no such file or directory.");
    }

    /// <summary>The folder of a model that lies in `models` beside the program, by its bare name; null where there is none.</summary>
    public static string? Shipped(string name)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "models", name);
        return name == Path.GetFileName(name) && name.Length > 0 && Directory.Exists(folder) ? folder : null;
    }
}
