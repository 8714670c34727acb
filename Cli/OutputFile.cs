namespace Managed.Cli;

/// <summary>
/// A file that a command writes: it appears under its name only when it is complete. Until then it lies beside it with the
/// ending .part, which is deleted when the command fails or is interrupted.
/// </summary>
internal static class OutputFile
{
    private static readonly HashSet<string> s_unfinished = [];

    public static void Write(string path, Action<Stream> write) => WriteTo(path, part =>
    {
        using var stream = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None);
        write(stream);
    });

    /// <summary>The same for a writer that wants a path: it writes to the one it is given.</summary>
    public static void WriteTo(string path, Action<string> write)
    {
        string part = Path.GetFullPath(path) + ".part";
        lock (s_unfinished)
            s_unfinished.Add(part);
        try
        {
            write(part);
            lock (s_unfinished)
            {
                File.Move(part, path, overwrite: true);
                s_unfinished.Remove(part);
            }
        }
        catch
        {
            Discard(part);
            throw;
        }
    }

    /// <summary>Deletes what was begun and not finished.</summary>
    public static void DiscardUnfinished()
    {
        string[] parts;
        lock (s_unfinished)
            parts = [.. s_unfinished];
        foreach (string part in parts)
            Discard(part);
    }

    private static void Discard(string part)
    {
        lock (s_unfinished)
            if (s_unfinished.Remove(part))
                File.Delete(part);
    }
}
