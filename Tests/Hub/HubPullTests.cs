using Managed.Loader.Hub;

namespace Managed.Tests.Hub;

/// <summary>Pulls from a hub that behaves.</summary>
public class HubPullTests
{
    private HubWorld _hub = null!;

    [SetUp]
    public void Open() => _hub = new HubWorld();

    [TearDown]
    public void Close() => _hub.Dispose();

    [Test]
    public async Task A_pull_gives_a_snapshot_in_the_hubs_own_layout()
    {
        _hub.AddLarge("model.safetensors", 300_000);
        string folder = await _hub.Pull();
        Assert.That(folder, Is.EqualTo(_hub.Snapshot));
        _hub.AssertPulled("config.json");
        _hub.AssertPulled("model.safetensors");
        Assert.That(File.ReadAllText(Path.Combine(_hub.RepositoryFolder, "refs", "main")), Is.EqualTo(HubWorld.Commit));
        Assert.That(Directory.EnumerateFiles(Path.Combine(_hub.RepositoryFolder, "blobs")).Order(),
            Is.EqualTo(new[] { _hub.Blob("config.json"), _hub.Blob("model.safetensors") }.Order()), "blobs under their hashes, and nothing else");
        Assert.That(new FileInfo(Path.Combine(folder, "config.json")).LinkTarget, Is.EqualTo($"../../blobs/{_hub.Hash("config.json")}"));
    }

    [Test]
    public async Task Files_in_folders_are_linked_with_one_step_more()
    {
        _hub.Files["onnx/deep/x.json"] = "1"u8.ToArray();
        await _hub.Pull(includes: "onnx/*");
        Assert.That(new FileInfo(Path.Combine(_hub.Snapshot, "onnx/deep/x.json")).LinkTarget, Is.EqualTo($"../../../../blobs/{_hub.Hash("onnx/deep/x.json")}"));
        Assert.That(Path.Combine(_hub.Snapshot, "config.json"), Does.Not.Exist);
    }

    [Test]
    public async Task A_second_pull_fetches_nothing_again()
    {
        await _hub.Pull();
        await _hub.Pull();
        Assert.That(_hub.Server.Of("GET", "config.json").Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task A_revision_is_remembered_under_its_own_name()
    {
        await _hub.Pull("bees/honey@refs/pr/1");
        Assert.That(_hub.Server.Requests.First().Path, Does.EndWith("/revision/refs%2Fpr%2F1"));
        Assert.That(_hub.Cache.TryResolve(HubId.Parse("bees/honey@refs/pr/1")), Is.EqualTo(_hub.Snapshot));
        Assert.That(_hub.Cache.TryResolve(HubId.Parse("bees/honey@" + HubWorld.Commit)), Is.EqualTo(_hub.Snapshot));
        Assert.That(_hub.Cache.TryResolve(HubId.Parse("bees/honey")), Is.Null, "main was never pulled");
    }

    [Test]
    public async Task Names_with_spaces_and_signs_are_escaped()
    {
        _hub.Files["a b#%é.json"] = "2"u8.ToArray();
        await _hub.Pull();
        _hub.AssertPulled("a b#%é.json");
    }

    [Test]
    public async Task An_empty_file_is_a_file()
    {
        _hub.Files["empty.txt"] = [];
        await _hub.Pull();
        _hub.AssertPulled("empty.txt");
    }

    [Test]
    public async Task Two_pulls_at_once_fetch_each_blob_once()
    {
        _hub.AddLarge("model.safetensors", 2_000_000);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => _hub.Pull())));
        _hub.AssertPulled("model.safetensors");
        Assert.That(_hub.Server.Of("GET", "model.safetensors").Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task A_pulled_GGUF_model_is_opened_itself()
    {
        _hub.Files.Remove("config.json");
        foreach (string name in new[] { "README.md", "m-00002-of-00002.gguf", "m-00001-of-00002.gguf" })
            _hub.Files[name] = [1];
        Assert.That(HubCache.ModelIn(await _hub.Pull()), Is.EqualTo(Path.Combine(_hub.Snapshot, "m-00001-of-00002.gguf")));
        _hub.Files["config.json"] = "{}"u8.ToArray();
        Assert.That(HubCache.ModelIn(await _hub.Pull()), Is.EqualTo(_hub.Snapshot));
    }

    [Test]
    public async Task Progress_ends_at_the_total()
    {
        _hub.AddLarge("model.safetensors", 300_000);
        var reports = new Reports();
        await _hub.Client().PullAsync(HubWorld.Id, [], reports, CancellationToken.None);
        Assert.That(reports.All[^1].Bytes, Is.EqualTo(300_002));
        Assert.That(reports.All.Select(r => r.Total), Is.All.EqualTo(300_002));
        Assert.That(reports.All.Select(r => r.Bytes), Is.Ordered);
    }

    [Test]
    public async Task Offline_uses_the_cache_and_no_network()
    {
        Assert.That(Assert.ThrowsAsync<HubException>(() => _hub.Client(offline: true).PullAsync(HubWorld.Id, [], null, default))!.Message, Does.Contain("HF_HUB_OFFLINE"));
        Assert.That(_hub.Server.Requests, Is.Empty);
        await _hub.Pull();
        int before = _hub.Server.Requests.Count;
        Assert.That(await _hub.Client(offline: true).PullAsync(HubWorld.Id, [], null, default), Is.EqualTo(_hub.Snapshot));
        Assert.That(_hub.Server.Requests, Has.Count.EqualTo(before));
    }

    [Test]
    public async Task The_verb_prints_the_folder_and_a_line_a_file()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await Cli.Verbs.PullVerb.PullAsync(_hub.Client(), HubWorld.Id, [], output, error, default);
        Assert.That((code, output.ToString().Trim(), error.ToString().Trim()), Is.EqualTo((0, _hub.Snapshot, "config.json: 2 B")));
    }

    private sealed class Reports : IProgress<HubProgress>
    {
        public List<HubProgress> All { get; } = [];

        public void Report(HubProgress value) => All.Add(value);
    }
}
