using Managed.Loader.Hub;

namespace Managed.Tests.Hub;

/// <summary>Redirects, tokens, refusals, etags: whom the client asks, and what it makes of the answer's headers.</summary>
public class HubAddressTests
{
    private const string Model = "model.safetensors";
    private HubWorld _hub = null!;

    [SetUp]
    public void Open()
    {
        _hub = new HubWorld { Token = "hf_secret" };
        _hub.AddLarge(Model, 100_000);
    }

    [TearDown]
    public void Close() => _hub.Dispose();

    [Test]
    public async Task Large_files_come_from_another_server_which_never_sees_the_token()
    {
        HubServer store = _hub.Serve(request => _hub.Content(request, Model));
        _hub.Instead = r => r.Path.EndsWith(Model)
            ? new HubReply(302, ("Location", $"{store.Address}store/x?signature=1"), ("X-Linked-Etag", $"\"{_hub.Hash(Model)}\""), ("X-Linked-Size", "100000"), ("ETag", "\"of-the-redirect\"")) : null;
        await _hub.Pull();
        _hub.AssertPulled(Model);
        Assert.That(store.Requests.Select(r => r.Path), Is.EqualTo(new[] { "/store/x?signature=1" }));
        Assert.That(store.Requests.Single().Headers.Keys, Has.No.Member("Authorization"));
        Assert.That(_hub.Server.Requests.Select(r => r.Headers.GetValueOrDefault("Authorization")), Is.All.EqualTo("Bearer hf_secret"));
    }

    [Test]
    public async Task A_moved_repository_is_followed_with_the_token()
    {
        _hub.Instead = r => r.Path.StartsWith("/old/") || r.Path.StartsWith("/api/models/old/")
            ? new HubReply(307, ("Location", r.Path.Replace("old/name", HubWorld.Id))) : null;
        await _hub.Pull("old/name");
        Assert.That(File.ReadAllBytes(Path.Combine(_hub.Cache.TryResolve(HubId.Parse("old/name"))!, Model)), Is.EqualTo(_hub.Files[Model]));
        Assert.That(_hub.Server.Requests.Select(r => r.Headers.GetValueOrDefault("Authorization")), Is.All.EqualTo("Bearer hf_secret"));
    }

    [Test]
    public void Redirects_in_a_circle_end()
    {
        _hub.Instead = r => new HubReply(302, ("Location", r.Path));
        Assert.That(_hub.Refusal(), Does.Contain("redirects more than 10 times"));
        Assert.That(_hub.Server.Requests, Has.Count.EqualTo(11));
    }

    [TestCase("file:///etc/passwd")]
    [TestCase("ftp://example.com/x")]
    public void Redirects_out_of_the_web_are_refused(string location)
    {
        _hub.Instead = _ => new HubReply(302, ("Location", location));
        Assert.That(_hub.Refusal(), Does.Contain("redirects to"));
    }

    [Test]
    public void A_redirect_to_nowhere_is_refused()
    {
        _hub.Instead = _ => new HubReply(302);
        Assert.That(_hub.Refusal(), Does.Contain("without saying where"));
    }

    [TestCase(401, null, "check the name")]
    [TestCase(401, "GatedRepo", "accept its terms at")]
    [TestCase(403, "GatedRepo", "accept its terms at")]
    [TestCase(403, null, "forbidden")]
    [TestCase(404, "RepoNotFound", "no such model")]
    [TestCase(404, "RevisionNotFound", "no revision 'main'")]
    [TestCase(404, null, "no such model or revision")]
    [TestCase(418, null, "418")]
    public void Refusals_say_what_to_do(int status, string? code, string said)
    {
        _hub.Instead = _ => code is null ? new HubReply(status) : new HubReply(status, ("X-Error-Code", code));
        string message = _hub.Refusal();
        Assert.That(message, Does.Contain(said).And.Contain(HubWorld.Id).And.Not.Contain("hf_secret"));
        Assert.That(_hub.Server.Requests, Has.Count.EqualTo(1), "asking again would not help");
    }

    [Test]
    public void Without_a_token_the_refusal_names_the_variable()
    {
        using var hub = new HubWorld();
        hub.Instead = _ => new HubReply(401);
        Assert.That(hub.Refusal(), Does.Contain("HF_TOKEN"));
        Assert.That(hub.Server.Requests.Single().Headers.Keys, Has.No.Member("Authorization"));
    }

    [TestCase("W/\"{0}\"")]
    [TestCase("{0}")]
    [TestCase("W/{0}")]
    public async Task Etags_are_read_however_they_are_written(string form)
    {
        _hub.Instead = r => r.Method == "HEAD" && r.Path.EndsWith(Model)
            ? new HubReply(200, ("ETag", string.Format(form, _hub.Hash(Model)))) { Claimed = 100_000 } : null;
        await _hub.Pull();
        Assert.That(_hub.Blob(Model), Does.Exist);
    }

    [TestCase("\"../../evil\"")]
    [TestCase("\"\"")]
    [TestCase("\"a/b\"")]
    [TestCase(null)]
    public void Etags_that_cannot_name_a_file_are_refused(string? etag)
    {
        _hub.Instead = r => r.Method != "HEAD" ? null : etag is null ? new HubReply(200) : new HubReply(200, ("ETag", etag));
        Assert.That(_hub.Refusal(), Does.Contain("etag"));
        Assert.That(_hub.Cache.Folder, Does.Not.Exist);
    }

    [Test]
    public async Task Etags_that_are_no_hashes_do_not_mix_up_files()
    {
        _hub.Files["a.json"] = "11"u8.ToArray();
        _hub.Files["b.json"] = "22"u8.ToArray();
        _hub.Instead = r => r.Method == "HEAD" && !r.Path.EndsWith(Model) ? new HubReply(200, ("ETag", "W/\"65a0-2\"")) { Claimed = 2 } : null;
        await _hub.Pull();
        _hub.AssertPulled("a.json");
        _hub.AssertPulled("b.json");
    }

    [Test]
    public async Task A_mirror_without_HEAD_is_asked_with_GET()
    {
        _hub.Instead = r => r.Method == "HEAD" ? new HubReply(405) : null;
        await _hub.Pull();
        _hub.AssertPulled(Model);
    }
}
