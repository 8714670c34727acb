namespace Managed.Loader;

/// <summary>Writes a file so that it is there as a whole or not at all.</summary>
internal static class AtomicFile
{
    /// <summary>Writes beside `path`, then renames over it; whatever goes wrong, the half-written file is removed and `path` is as before.</summary>
    /// <exception cref="IOException">The file cannot be written: names it, and says why.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        CheckTarget(path);
        string folder = FolderOf(path);
        if (folder is "/dev" or "/dev/fd")
        {
            using FileStream device = new(path, FileMode.Open, FileAccess.Write); // /dev/stdout, /dev/null: nothing to rename over
            write(device);
            return;
        }
        string part = Path.Combine(folder, $"{Path.GetFileName(path)}.{Path.GetRandomFileName()[..8]}.part");
        using IDisposable draft = UnfinishedFiles.Track(part);
        using (FileStream stream = Create(part, path))
        {
            write(stream);
            stream.Flush(flushToDisk: true);
        }

        File.Move(part, path, overwrite: true);
    }

    /// <summary>Refuses a path that no file can be written to. What takes long asks before it begins.</summary>
    /// <exception cref="IOException">There is no such folder, or the path is a folder itself.</exception>
    public static void CheckTarget(string path)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new IOException($"'{path}' is not the name of a file to write.");
        if (Directory.Exists(path))
            throw new IOException($"{path} is a folder; expected the name of a file to write.");
        string folder = FolderOf(path);
        if (!Directory.Exists(folder))
            throw new IOException($"{path} cannot be written: there is no folder {folder}.");
    }

    private static FileStream Create(string part, string path)
    {
        try
        {
            return new FileStream(part, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            string reason = failure is UnauthorizedAccessException ? $"the folder {FolderOf(path)} is read-only for this user"
                : failure is FileNotFoundException ? $"the folder {FolderOf(path)} takes no new files"
                : failure.Message;
            throw new IOException($"{path} cannot be written: {reason}.", failure);
        }
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) ?? path;
}
