using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Managed.Loader.Hub;

/// <summary>What a repository holds at a revision, and what each of its files must be.</summary>
internal sealed class HubListing(HubHttp http, HubSettings settings)
{
    private const int LongestAnswer = 64 << 20;

    /// <summary>The commit that the revision stands for, and the names of its files.</summary>
    public async Task<(string Commit, List<string> Names)> ReadAsync(HubId id, CancellationToken cancellation)
    {
        Uri address = http.Address("api", "models", id.Owner, id.Name, "revision", id.Revision);
        using HttpResponseMessage response = await http.SendAsync(HttpMethod.Get, address, 0, false, cancellation).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
            throw HubRefusal.Explain(id, null, response, settings);
        using var patience = new CancellationTokenSource(http.Timing.Stall, http.Timing.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            await response.Content.LoadIntoBufferAsync(LongestAnswer, either.Token).ConfigureAwait(false);
            using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false));
            return Read(id, address, answer.RootElement);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new HubException($"{address}: the list of files did not arrive within {http.Timing.Stall.TotalSeconds:0} s; try again.");
        }
        catch (Exception failure) when (failure is JsonException or HttpRequestException or IOException)
        {
            throw new HubException($"{address}: the list of files cannot be read ({failure.Message}); check HF_ENDPOINT, or try again.", failure);
        }
    }

    /// <summary>Hash and size of one file.</summary>
    public async Task<HubFile> DescribeAsync(HubId id, string commit, string name, CancellationToken cancellation)
    {
        Uri address = http.Address([id.Owner, id.Name, "resolve", commit, .. name.Split('/')]);
        using HttpResponseMessage response = await AskAsync(address, cancellation).ConfigureAwait(false);
        string? linked = HubHeaders.Read(response, HubHeaders.LinkedEtag);
        if (!response.IsSuccessStatusCode && linked is null)
            throw HubRefusal.Explain(id, name, response, settings);
        if (HubHeaders.Read(response, HubHeaders.Commit) is { } served && served != commit)
            throw new HubException($"{id}, file {name}: the server sends commit {served}; expected {commit}. Pull again.");
        // TryGetValues keeps etags that are not well-formed, which the typed property would drop
        string? etag = linked ?? HubHeaders.Read(response, "ETag");
        string blob = BlobHash.FromEtag(etag)
            ?? throw new HubException($"{id}, file {name}: the etag is {(etag is null ? "missing" : $"'{etag}'")}; expected a hash. The server at {settings.Endpoint} does not behave as the hub does.");
        return new HubFile(name, BlobHash.IsHash(blob) ? blob : $"{blob}-{Short(name)}", Size(id, name, response, linked is not null), address);
    }

    // Some mirrors know no HEAD; the headers of a GET, whose body is not read, tell the same.
    private async Task<HttpResponseMessage> AskAsync(Uri address, CancellationToken cancellation)
    {
        HttpResponseMessage response = await http.SendAsync(HttpMethod.Head, address, 0, true, cancellation).ConfigureAwait(false);
        if ((int)response.StatusCode is not (405 or 501))
            return response;
        response.Dispose();
        return await http.SendAsync(HttpMethod.Get, address, 0, true, cancellation).ConfigureAwait(false);
    }

    private static long? Size(HubId id, string name, HttpResponseMessage response, bool linked)
    {
        string? text = HubHeaders.Read(response, HubHeaders.LinkedSize);
        if (text is null)
            return linked ? null : response.Content.Headers.ContentLength;
        return long.TryParse(text, out long size) && size >= 0 ? size
            : throw new HubException($"{id}, file {name}: {HubHeaders.LinkedSize} is '{text}'; expected a number of bytes.");
    }

    private static (string Commit, List<string> Names) Read(HubId id, Uri address, JsonElement answer)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("sha", out JsonElement sha) || sha.ValueKind != JsonValueKind.String || !HubId.IsCommit(sha.GetString()!))
            throw new HubException($"{address}: found no 'sha' of 40 hexadecimal digits; expected the commit of '{id.Revision}'.");
        if (id.NamesCommit && sha.GetString() != id.Revision)
            throw new HubException($"{address}: the server answers for commit {sha.GetString()}; expected the one that was asked for.");
        if (!answer.TryGetProperty("siblings", out JsonElement siblings) || siblings.ValueKind != JsonValueKind.Array)
            throw new HubException($"{address}: found no list 'siblings'; expected the repository's files.");
        var names = new List<string>();
        foreach (JsonElement sibling in siblings.EnumerateArray())
        {
            string? name = sibling.ValueKind == JsonValueKind.Object && sibling.TryGetProperty("rfilename", out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
            if (name is null || !HubFileName.IsSafe(name))
                throw new HubException($"{id}: the repository lists a file named '{Shown(name)}'; expected a relative path without '..', drives or backslashes. Nothing was written.");
            names.Add(name);
        }
        return (sha.GetString()!, [.. names.Distinct(StringComparer.Ordinal)]);
    }

    private static string Shown(string? name) =>
        name is null ? "" : string.Concat((name.Length > 100 ? name[..100] + "..." : name).Select(c => char.IsControl(c) ? '?' : c));

    // An etag that is no hash says nothing about content, so that two files may share it.
    private static string Short(string name) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..8];
}
