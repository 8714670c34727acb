namespace Managed.Loader;

/// <summary>Files and folders that are being written under a draft's name; who ends the process early deletes them first.</summary>
internal static class UnfinishedFiles
{
    private static readonly HashSet<string> s_drafts = [];

    /// <summary>Notes a draft until the returned object is disposed, which deletes whatever still lies there.</summary>
    public static IDisposable Track(string draft)
    {
        lock (s_drafts)
            s_drafts.Add(draft);
        return new Tracked(draft);
    }

    /// <summary>Deletes every draft that is not finished.</summary>
    public static void Discard()
    {
        string[] drafts;
        lock (s_drafts)
            drafts = [.. s_drafts];
        Array.ForEach(drafts, Delete);
    }

    private static void Delete(string draft)
    {
        lock (s_drafts)
            if (!s_drafts.Remove(draft))
                return;
        if (Directory.Exists(draft))
            Directory.Delete(draft, recursive: true);
        else
            File.Delete(draft);
    }

    private sealed class Tracked(string draft) : IDisposable
    {
        public void Dispose() => Delete(draft);
    }
}
