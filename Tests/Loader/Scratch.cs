namespace Managed.Tests.Loader;

/// <summary>A folder that lives as long as a test.</summary>
internal sealed class Scratch : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("managed-loader-");

    public string Folder => _folder.FullName;

    public string File(string name) => Path.Combine(Folder, name);

    public string Write(string name, byte[] content)
    {
        System.IO.File.WriteAllBytes(File(name), content);
        return File(name);
    }

    public string Write(string name, string content)
    {
        System.IO.File.WriteAllText(File(name), content);
        return File(name);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
