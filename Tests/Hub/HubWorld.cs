using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Managed.Loader.Hub;

namespace Managed.Tests.Hub;

/// <summary>A hub with one model, a cache in a folder of its own, and a clock that waits for nobody.</summary>
internal sealed class HubWorld : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";
    public const string Id = "bees/honey";
    private readonly string _folder = Directory.CreateTempSubdirectory("hub-").FullName;
    private readonly List<HubServer> _servers = [];

    public HubWorld()
    {
        Server = Serve(Answer);
        Cache = new HubCache(Path.Combine(_folder, "cache"));
    }

    public HubServer Server { get; }

    public HubCache Cache { get; }

    public string RepositoryFolder => Path.Combine(Cache.Folder, "models--bees--honey");

    public string Snapshot => Path.Combine(RepositoryFolder, "snapshots", Commit);

    /// <summary>Files by name; small ones have git hashes, those in <see cref="Large"/> SHA-256.</summary>
    public Dictionary<string, byte[]> Files { get; } = new() { ["config.json"] = "{}"u8.ToArray() };

    public HashSet<string> Large { get; } = [];

    /// <summary>Misbehaviour: an answer to be given instead, or null to behave.</summary>
    public Func<HubRequest, HubReply?> Instead { get; set; } = _ => null;

    public string? Token { get; init; }

    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(60);

    public List<TimeSpan> Waits { get; } = [];

    public DateTimeOffset Now { get; } = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    public HubSettings Settings => new() { Endpoint = Server.Address, CacheFolder = Cache.Folder, Token = Token };

    public HubServer Serve(Func<HubRequest, HubReply> answer)
    {
        _servers.Add(new HubServer(answer));
        return _servers[^1];
    }

    public HubClient Client(bool offline = false) => new(Settings with { Offline = offline }, new HubTiming
    {
        Clock = new FixedClock(Now),
        Stall = Stall,
        Sleep = (wait, cancellation) =>
        {
            lock (Waits)
                Waits.Add(wait);
            return Task.Delay(Math.Min(20, (int)wait.TotalMilliseconds), cancellation);
        },
    });

    public Task<string> Pull(string id = Id, params string[] includes) => Client().PullAsync(id, includes, null, CancellationToken.None);

    /// <summary>The message of the error that a pull must end with.</summary>
    public string Refusal(string id = Id, params string[] includes) => Assert.ThrowsAsync<HubException>(() => Pull(id, includes))!.Message;

    public void AddLarge(string name, int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        Files[name] = content;
        Large.Add(name);
    }

    public string Blob(string name) => Path.Combine(RepositoryFolder, "blobs", Hash(name));

    public string Hash(string name) => Large.Contains(name)
        ? Convert.ToHexStringLower(SHA256.HashData(Files[name]))
        : Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {Files[name].Length}\0"), .. Files[name]]));

    public void AssertPulled(string name) => Assert.That(File.ReadAllBytes(Path.Combine(Snapshot, name)), Is.EqualTo(Files[name]));

    /// <summary>What a good server answers to a request for the content of a file.</summary>
    public HubReply Content(HubRequest request, string name)
    {
        byte[] all = Files[name];
        (string, string)[] headers = [("ETag", $"\"{Hash(name)}\""), ("X-Repo-Commit", Commit)];
        if (request.From == 0)
            return new HubReply(200, all, headers);
        return request.From < all.Length
            ? new HubReply(206, all[(int)request.From..], [.. headers, ("Content-Range", $"bytes {request.From}-{all.Length - 1}/{all.Length}")])
            : new HubReply(416, [("Content-Range", $"bytes */{all.Length}")]);
    }

    public void Dispose()
    {
        _servers.ForEach(server => server.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>What the hub answers, unless a test wants it to misbehave.</summary>
    public HubReply Answer(HubRequest request)
    {
        if (Instead(request) is { } bad)
            return bad;
        if (request.Path.StartsWith($"/api/models/{Id}/revision/"))
            return new HubReply(200, JsonSerializer.SerializeToUtf8Bytes(new { sha = Commit, siblings = Files.Keys.Select(name => new { rfilename = name }) }));
        string prefix = $"/{Id}/resolve/{Commit}/", path = Uri.UnescapeDataString(request.Path);
        return path.StartsWith(prefix) && Files.ContainsKey(path[prefix.Length..]) ? Content(request, path[prefix.Length..]) : new HubReply(404);
    }

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
