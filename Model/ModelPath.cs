using Managed.Loader.Hub;

namespace Managed;

/// <summary>What a user types for a model: a path, or the hub id of a checkpoint that is in the cache.</summary>
internal static class ModelPath
{
    /// <summary>The directory or file to open.</summary>
    /// <exception cref="FileNotFoundException">Neither a path nor a cached hub id: says what to do.</exception>
    public static string Resolve(string name)
    {
        if (Directory.Exists(name) || File.Exists(name))
            return name;
        if (HubCache.TryResolve(name) is { } snapshot)
            return HubCache.ModelIn(snapshot);
        throw new FileNotFoundException(HubId.TryParse(name) is not null
            ? $"{name}: no such file or directory, and no such checkpoint in the hub's cache; `managed pull {name}` fetches it."
            : $"{name}: no such file or directory.");
    }
}
