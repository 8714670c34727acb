namespace Managed.Loader.Hub;

/// <summary>Brings models from the hub into its cache.</summary>
internal sealed class HubClient(HubSettings settings, HubTiming? timing = null)
{
    private static readonly TimeSpan s_reportPause = TimeSpan.FromMilliseconds(100);
    private readonly HubTiming _timing = timing ?? new HubTiming();

    /// <summary>
    /// Fetches the files of `owner/name[@revision]` that match a pattern (without patterns: what loading needs) and gives the snapshot folder.
    /// Files already in the cache are not fetched again; a broken pull goes on where it stopped. Offline, the snapshot must be there.
    /// </summary>
    public async Task<string> PullAsync(string id, IReadOnlyList<string> includes, IProgress<HubProgress>? progress, CancellationToken cancellation)
    {
        HubId model = HubId.Parse(id);
        var cache = new HubCache(settings.CacheFolder);
        if (settings.Offline)
            return cache.TryResolve(model)
                ?? throw new HubException($"{model} is not in the cache {settings.CacheFolder}, and HF_HUB_OFFLINE forbids the network; unset it and pull again.");
        using var http = new HubHttp(settings, _timing);
        var listing = new HubListing(http, settings);
        (string commit, List<string> names) = await listing.ReadAsync(model, cancellation).ConfigureAwait(false);
        var files = new List<HubFile>();
        foreach (string name in HubFileName.Select(model, names, includes))
            files.Add(await listing.DescribeAsync(model, commit, name, cancellation).ConfigureAwait(false));
        await FetchAllAsync(http, model, commit, cache, files, progress, cancellation).ConfigureAwait(false);
        cache.WriteReference(model, commit);
        return cache.SnapshotFolder(model, commit);
    }

    private async Task FetchAllAsync(HubHttp http, HubId model, string commit, HubCache cache, List<HubFile> files, IProgress<HubProgress>? progress, CancellationToken cancellation)
    {
        long done = 0, received = 0, start = _timing.Clock.GetTimestamp(), reported = start;
        long? total = files.Aggregate((long?)0, (sum, file) => sum + file.Size);
        Directory.CreateDirectory(cache.SnapshotFolder(model, commit));
        foreach (HubFile file in files)
        {
            void Report(long bytes, long? ofBytes)
            {
                double seconds = _timing.Clock.GetElapsedTime(start).TotalSeconds;
                progress?.Report(new HubProgress(file.Name, bytes, ofBytes, done + bytes, total, seconds > 0 ? received / seconds : 0));
                reported = _timing.Clock.GetTimestamp();
            }

            string blob = cache.BlobPath(model, file.Blob);
            var download = new BlobDownload(http, settings, model, file, blob, cache.LockPath(model, file.Blob))
            {
                Arrived = (count, position) =>
                {
                    received += count;
                    if (_timing.Clock.GetElapsedTime(reported) >= s_reportPause)
                        Report(position, file.Size);
                },
            };
            if (!download.IsComplete(blob))
                await download.RunAsync(cancellation).ConfigureAwait(false);
            cache.AddToSnapshot(model, commit, file.Name, file.Blob);
            long size = new FileInfo(blob).Length;
            Report(size, size);
            done += size;
        }
    }
}
