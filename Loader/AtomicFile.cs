namespace Managed.Loader;

/// <summary>Writes a file so that it is there as a whole or not at all.</summary>
internal static class AtomicFile
{
    /// <summary>Writes beside `path`, then renames over it; whatever goes wrong, the half-written file is removed and `path` is as before.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string part = Path.Combine(folder, $"{Path.GetFileName(path)}.{Path.GetRandomFileName()[..8]}.part");
        try
        {
            using (var stream = new FileStream(part, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(part, path, overwrite: true);
        }
        finally
        {
            File.Delete(part); // gone already if all went well
        }
    }
}
