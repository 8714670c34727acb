using Managed.Loader;

namespace Managed.Tests.FamilyMappers;

/// <summary>The architecture fixtures: a few travel with the repository, all lie in shared.</summary>
internal static class FixtureSets
{
    /// <summary>Names of all directories of fixtures/arch, here or in shared.</summary>
    public static string[] Folders => Names("arch", path => Directory.GetDirectories(path), path => Path.GetFileName(path));

    public static string[] GgufFiles => Names("gguf-arch", path => Directory.GetFiles(path, "*.gguf"), path => Path.GetFileNameWithoutExtension(path));

    public static string Folder(string name) => Find($"arch/{name}");

    public static string Gguf(string name) => Find($"gguf-arch/{name}.gguf");

    public static Checkpoint Open(string name, bool gguf) => Checkpoint.Open(gguf ? Gguf(name) : Folder(name));

    private static string Find(string path)
    {
        string own = SharedFolder.Fixture(path);
        return File.Exists(own) || Directory.Exists(own) ? own : SharedFolder.Require("fixtures/" + path);
    }

    private static string[] Names(string folder, Func<string, string[]> list, Func<string, string> name)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string? place in new[] { SharedFolder.Fixture(folder), SharedFolder.TryFind("fixtures/" + folder) })
            if (place is not null && Directory.Exists(place))
                names.UnionWith(list(place).Select(name));
        return [.. names];
    }
}
