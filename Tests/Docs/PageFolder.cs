namespace Managed.Tests.Docs;

/// <summary>A new folder that holds what pages speak of: the models and the guards of the repository, under their names.</summary>
internal static class PageFolder
{
    /// <summary>Its path.</summary>
    public static string Make()
    {
        string folder = Directory.CreateTempSubdirectory("managed-").FullName;
        foreach (string file in new[] { "models", Path.Combine("examples", "guards") }.SelectMany(part =>
            Directory.GetFiles(Path.Combine(SharedFolder.Repository, part), "*", SearchOption.AllDirectories)))
        {
            string copy = Path.Combine(folder, Path.GetRelativePath(SharedFolder.Repository, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        return folder;
    }
}
