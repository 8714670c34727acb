namespace Managed.Loader.Hub;

/// <summary>
/// The hub's cache on disk, as its own tools lay it out and share it:
/// `models--owner--name/blobs/HASH`, `snapshots/COMMIT/FILE` as links to blobs, `refs/REVISION` holding a commit.
/// </summary>
internal sealed class HubCache(string folder)
{
    public string Folder { get; } = folder;

    /// <summary>The snapshot of a hub id in the cache that the environment names, or null: no network is touched.</summary>
    public static string? TryResolve(string id) =>
        HubId.TryParse(id) is { } parsed ? new HubCache(HubSettings.FromEnvironment().CacheFolder).TryResolve(parsed) : null;

    /// <summary>What to open of a snapshot: the folder, or the only GGUF model (the first part of a split one) of a folder that has no config.json.</summary>
    public static string ModelIn(string snapshot)
    {
        if (File.Exists(Path.Combine(snapshot, "config.json")))
            return snapshot;
        string[] models = [.. Directory.EnumerateFiles(snapshot, "*.gguf").Order(StringComparer.Ordinal).DistinctBy(HubFileName.WithoutPart)];
        return models.Length == 1 ? models[0] : snapshot;
    }

    /// <summary>The snapshot folder of the id, or null where it was never pulled.</summary>
    public string? TryResolve(HubId id)
    {
        string? commit = id.NamesCommit ? id.Revision : ReadReference(id);
        if (commit is null)
            return null;
        string snapshot = SnapshotFolder(id, commit);
        return Directory.Exists(snapshot) ? snapshot : null;
    }

    public string SnapshotFolder(HubId id, string commit) => Path.Combine(RepositoryFolder(id), "snapshots", commit);

    public string BlobPath(HubId id, string hash) => Path.Combine(RepositoryFolder(id), "blobs", hash);

    public string LockPath(HubId id, string hash) => Path.Combine(Folder, ".locks", RepositoryName(id), hash + ".lock");

    /// <summary>Remembers which commit a branch or a tag stood for.</summary>
    public void WriteReference(HubId id, string commit)
    {
        if (id.NamesCommit)
            return;
        string path = ReferencePath(id), draft = Draft(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(draft, commit);
        File.Move(draft, path, overwrite: true);
    }

    /// <summary>Makes the blob appear under its name in the snapshot: a relative link, or a copy where links are impossible.</summary>
    public void AddToSnapshot(HubId id, string commit, string name, string hash)
    {
        string snapshot = SnapshotFolder(id, commit), path = Path.Combine([snapshot, .. name.Split('/')]);
        string blob = BlobPath(id, hash), parent = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(parent);
        string target = Path.GetRelativePath(parent, blob), draft = Draft(path);
        if (new FileInfo(path) is { Exists: true } present && (present.LinkTarget == target || (present.LinkTarget is null && present.Length == new FileInfo(blob).Length)))
            return;
        Link(draft, target, blob);
        File.Move(draft, path, overwrite: true);
    }

    private static void Link(string draft, string target, string blob)
    {
        try
        {
            File.CreateSymbolicLink(draft, target);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            // Windows without developer mode, FAT: the hub's own tools fall back to copies too
            File.Copy(blob, draft, overwrite: true);
        }
    }

    private string? ReadReference(HubId id)
    {
        string path = ReferencePath(id);
        if (!File.Exists(path))
            return null;
        string commit = File.ReadAllText(path).Trim();
        return HubId.IsCommit(commit) ? commit
            : throw new CheckpointException(path, "commit", 0, $"'{(commit.Length > 60 ? commit[..60] + "..." : commit)}'", "40 hexadecimal digits; delete the file and pull again");
    }

    private string RepositoryFolder(HubId id) => Path.Combine(Folder, RepositoryName(id));

    private static string RepositoryName(HubId id) => $"models--{id.Owner}--{id.Name}";

    private string ReferencePath(HubId id) => Path.Combine([RepositoryFolder(id), "refs", .. id.Revision.Split('/')]);

    private static string Draft(string path) => $"{path}.{Guid.NewGuid():N}.part";
}
