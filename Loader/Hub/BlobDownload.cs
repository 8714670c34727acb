using System.Net;
using System.Net.Http.Headers;

namespace Managed.Loader.Hub;

/// <summary>
/// One blob, from the network to its place: resumed from its `.incomplete` part, as long as announced, of the right hash, and only
/// then visible under its name. Two pulls of one blob take turns by a lock file.
/// </summary>
internal sealed class BlobDownload(HubHttp http, HubSettings settings, HubId id, HubFile file, string blobPath, string lockPath)
{
    private const int BufferBytes = 1 << 17;
    private static readonly TimeSpan s_lockPause = TimeSpan.FromMilliseconds(200);
    private readonly string _part = blobPath + ".incomplete";

    /// <summary>Bytes that came over the network, and bytes on disk, after each buffer.</summary>
    public Action<long, long>? Arrived { get; init; }

    public async Task RunAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(blobPath)!);
        Directory.CreateDirectory(Path.GetDirectoryName(lockPath)!);
        using FileStream turn = await TakeTurnAsync(cancellation).ConfigureAwait(false);
        if (IsComplete(blobPath))
            return;
        await FetchAsync(cancellation).ConfigureAwait(false);
        await VerifyAsync(cancellation).ConfigureAwait(false);
        File.Move(_part, blobPath, overwrite: true);
    }

    /// <summary>True where the blob lies there; a blob only gets its name once its hash is right.</summary>
    public bool IsComplete(string path) => new FileInfo(path) is { Exists: true } blob && (file.Size is null || blob.Length == file.Size);

    // An open file without sharing is a lock that ends with the process; on Unix it is the flock that the hub's own tools take.
    private async Task<FileStream> TakeTurnAsync(CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException failure) when (failure is not (DirectoryNotFoundException or FileNotFoundException) && !IsDiskFull(failure) && File.Exists(lockPath))
            {
                await http.Timing.Sleep(s_lockPause, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task FetchAsync(CancellationToken cancellation)
    {
        int failures = 0;
        // measured against the farthest point so far: a server that sends the same bytes again and again makes no progress
        long farthest = PartLength();
        while (true)
        {
            long before = PartLength();
            if (before > file.Size)
            {
                File.Delete(_part);
                before = 0;
            }
            if (before > 0 && before == file.Size)
                return;
            string? broken = await FetchOnceAsync(before, cancellation).ConfigureAwait(false);
            if (broken is null)
                return;
            failures = PartLength() > farthest ? 0 : failures + 1;
            farthest = Math.Max(farthest, PartLength());
            if (failures >= http.Timing.Attempts)
                throw new HubException($"{id}, file {file.Name}: {broken}, {failures} times in a row at byte {PartLength()}; try again later, what has arrived is kept.");
            await http.Timing.Sleep(HubTiming.Backoff(failures + 1), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>One request; null when the file is whole, otherwise why it is not.</summary>
    private async Task<string?> FetchOnceAsync(long from, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await http.SendAsync(HttpMethod.Get, file.Address, from, false, cancellation).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            // The part is not a beginning of this file, unless it is already all of it.
            if (file.Size is null && response.Content.Headers.ContentRange?.Length == from)
                return null;
            File.Delete(_part);
            return $"the server refuses to go on at byte {from}";
        }
        if (!response.IsSuccessStatusCode)
            throw HubRefusal.Explain(id, file.Name, response, settings);
        bool resumes = response.StatusCode == HttpStatusCode.PartialContent;
        if (resumes && Misplaced(response.Content.Headers.ContentRange, from) is { } fault)
        {
            File.Delete(_part);
            return fault;
        }
        return await SaveAsync(response, resumes ? from : 0, cancellation).ConfigureAwait(false);
    }

    private string? Misplaced(ContentRangeHeaderValue? range, long from)
    {
        bool right = range is { Unit: "bytes" } && range.From == from && (file.Size is null || range.Length is null || range.Length == file.Size);
        return right ? null : $"the server answers the range from byte {from} with '{range}'";
    }

    private async Task<string?> SaveAsync(HttpResponseMessage response, long from, CancellationToken cancellation)
    {
        long? announced = from + response.Content.Headers.ContentLength;
        long? end = file.Size ?? announced;
        if (announced > end)
            throw new HubException($"{id}, file {file.Name}: the server sends {announced} bytes; expected {end}. Pull again; if it stays so, the server is at fault.");
        CheckSpace(end - from);
        using FileStream part = OpenPart(from);
        using Stream body = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
        byte[] buffer = new byte[BufferBytes];
        long position = from;
        while (true)
        {
            (int read, string? broken) = await ReadAsync(body, buffer, cancellation).ConfigureAwait(false);
            if (broken is not null || read == 0)
            {
                Save(() => part.Flush(flushToDisk: read == 0));
                return broken ?? (position < end ? $"the connection ended after {position} of {end} bytes" : null);
            }
            if (position + read > end)
            {
                part.Dispose();
                File.Delete(_part);
                throw new HubException($"{id}, file {file.Name}: the server sends more than the {end} bytes that it announced; the part was deleted. Pull again.");
            }
            Save(() => part.Write(buffer, 0, read));
            position += read;
            Arrived?.Invoke(read, position);
        }
    }

    private async Task<(int Read, string? Broken)> ReadAsync(Stream body, byte[] buffer, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(http.Timing.Stall, http.Timing.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            return (await body.ReadAsync(buffer, either.Token).ConfigureAwait(false), null);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (0, $"the server was silent for {http.Timing.Stall.TotalSeconds:0} s");
        }
        catch (Exception failure) when (failure is IOException or HttpRequestException)
        {
            return (0, $"the connection broke ({failure.Message.TrimEnd('.')})");
        }
    }

    private FileStream OpenPart(long from)
    {
        // unbuffered: what is written is in the file when Ctrl-C comes
        var part = new FileStream(_part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        if (part.Length != from)
            part.SetLength(from);
        part.Seek(from, SeekOrigin.Begin);
        return part;
    }

    private async Task VerifyAsync(CancellationToken cancellation)
    {
        long length = PartLength();
        if (file.Size is { } size && length != size)
            throw Wrong($"has {length} bytes; expected {size}");
        if (file.Hash is { } expected)
        {
            string found = await BlobHash.ComputeAsync(_part, expected, cancellation).ConfigureAwait(false);
            if (found != expected)
                throw Wrong($"has the hash {found}; expected {expected}");
        }
    }

    private HubException Wrong(string what)
    {
        File.Delete(_part);
        return new HubException($"{id}, file {file.Name}: what arrived {what}. It was deleted; pull again, and if it stays so the server or a proxy alters the file.");
    }

    private long PartLength()
    {
        if (!File.Exists(_part))
            return 0;
        using var handle = File.OpenHandle(_part, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        return RandomAccess.GetLength(handle);
    }

    private void CheckSpace(long? needed)
    {
        string folder = Path.GetFullPath(Path.GetDirectoryName(blobPath)!);
        if (folder.StartsWith(@"\\", StringComparison.Ordinal))
            return; // a share has no drive to ask; a full one is noticed while writing
        var drive = new DriveInfo(folder);
        if (drive.AvailableFreeSpace < needed)
            throw DiskFull($"{needed} more bytes are needed, {drive.AvailableFreeSpace} are free", null);
    }

    private void Save(Action write)
    {
        try
        {
            write();
        }
        catch (IOException failure) when (IsDiskFull(failure))
        {
            throw DiskFull("the disk is full", failure);
        }
    }

    private HubException DiskFull(string what, Exception? cause) =>
        new($"{id}, file {file.Name}: {what} at {Path.GetDirectoryName(blobPath)}. Make room or point HF_HUB_CACHE elsewhere; what has arrived is kept.", cause);

    // ENOSPC and EDQUOT of Unix; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL of Windows
    private static bool IsDiskFull(IOException failure) =>
        OperatingSystem.IsWindows() ? failure.HResult is unchecked((int)0x80070070) or unchecked((int)0x80070027) : failure.HResult is 28 or 122 or 69;
}
