using System.Text;
using Managed.Loader.Hub;

namespace Managed.Tests.Hub;

/// <summary>Hubs that break, lie and redirect: a pull survives what can be survived, and says what cannot.</summary>
public class HubMisbehaviourTests
{
    private const string Model = "model.safetensors";
    private HubWorld _hub = null!;

    [SetUp]
    public void Open()
    {
        _hub = new HubWorld { Token = "hf_secret", Stall = TimeSpan.FromSeconds(60) };
        _hub.AddLarge(Model, 400_000);
    }

    [TearDown]
    public void Close() => _hub.Dispose();

    /// <summary>Answers requests for the model's content one after the other with these; then behaves.</summary>
    private void ContentAnswers(params Func<HubRequest, HubReply>[] answers)
    {
        int next = -1;
        _hub.Instead = request => request.Method == "GET" && request.Path.EndsWith(Model) && Interlocked.Increment(ref next) is var n && n < answers.Length
            ? answers[n](request) : null;
    }

    private HubReply Truncated(HubRequest request, int bytes)
    {
        HubReply whole = _hub.Content(request, Model);
        return whole with { Body = whole.Body[..bytes], Claimed = whole.Body.Length };
    }

    [Test]
    public async Task A_broken_download_goes_on_where_it_stopped()
    {
        ContentAnswers(r => Truncated(r, 150_000), r => Truncated(r, 100_000));
        await _hub.Pull();
        _hub.AssertPulled(Model);
        Assert.That(_hub.Server.Of("GET", Model).Select(r => r.From), Is.EqualTo(new[] { 0L, 150_000, 250_000 }));
    }

    [Test]
    public async Task A_part_of_an_earlier_pull_is_continued()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_hub.Blob(Model))!);
        File.WriteAllBytes(_hub.Blob(Model) + ".incomplete", _hub.Files[Model][..123_456]);
        await _hub.Pull();
        _hub.AssertPulled(Model);
        Assert.That(_hub.Server.Of("GET", Model).Single().From, Is.EqualTo(123_456));
    }

    [Test]
    public async Task A_part_that_is_already_whole_is_only_checked()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_hub.Blob(Model))!);
        File.WriteAllBytes(_hub.Blob(Model) + ".incomplete", _hub.Files[Model]);
        await _hub.Pull();
        _hub.AssertPulled(Model);
        Assert.That(_hub.Server.Of("GET", Model), Is.Empty);
    }

    [Test]
    public async Task A_part_longer_than_the_file_is_thrown_away()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_hub.Blob(Model))!);
        File.WriteAllBytes(_hub.Blob(Model) + ".incomplete", new byte[500_000]);
        await _hub.Pull();
        _hub.AssertPulled(Model);
    }

    [Test]
    public async Task A_server_that_ignores_ranges_is_read_from_the_beginning()
    {
        ContentAnswers(r => Truncated(r, 150_000), r => _hub.Content(r with { Headers = new Dictionary<string, string>() }, Model));
        await _hub.Pull();
        _hub.AssertPulled(Model);
    }

    [Test]
    public async Task A_range_from_elsewhere_is_not_appended()
    {
        ContentAnswers(r => Truncated(r, 150_000), r => new HubReply(206, _hub.Files[Model][100..], ("Content-Range", "bytes 100-399999/400000")));
        await _hub.Pull();
        _hub.AssertPulled(Model);
        Assert.That(_hub.Server.Of("GET", Model).Last().From, Is.Zero);
    }

    [Test]
    public async Task A_refused_range_starts_over()
    {
        ContentAnswers(r => Truncated(r, 150_000), r => new HubReply(416, ("Content-Range", "bytes */400000")));
        await _hub.Pull();
        _hub.AssertPulled(Model);
    }

    [Test]
    public void A_server_that_breaks_and_refuses_for_ever_is_given_up()
    {
        _hub.Instead = r => r.Method == "GET" && r.Path.EndsWith(Model) ? (r.From == 0 ? Truncated(r, 150_000) : new HubReply(416)) : null;
        Assert.That(_hub.Refusal(), Does.Contain("in a row").And.Contain(Model));
    }

    [Test]
    public void A_server_that_never_gets_further_is_given_up_and_the_part_kept()
    {
        _hub.Instead = r => r.Method == "GET" && r.Path.EndsWith(Model) ? Truncated(r, r.From == 0 ? 1000 : 0) : null;
        Assert.That(_hub.Refusal(), Does.Contain("after 1000 of 400000 bytes").Or.Contain("broke").And.Contain("kept"));
        Assert.That(new FileInfo(_hub.Blob(Model) + ".incomplete").Length, Is.EqualTo(1000));
    }

    [Test]
    public void Content_with_another_hash_is_deleted()
    {
        byte[] other = (byte[])_hub.Files[Model].Clone();
        other[7] ^= 1;
        ContentAnswers(_ => new HubReply(200, other));
        Assert.That(_hub.Refusal(), Does.Contain("hash").And.Contain(_hub.Hash(Model)));
        Assert.That(File.Exists(_hub.Blob(Model)) || File.Exists(_hub.Blob(Model) + ".incomplete"), Is.False);
        Assert.That(_hub.Cache.TryResolve(HubId.Parse(HubWorld.Id)), Is.Null, "main is not recorded before all is there");
    }

    [Test]
    public void Git_hashes_are_checked_too()
    {
        _hub.Instead = r => r.Method == "GET" && r.Path.EndsWith("config.json") ? new HubReply(200, "[]"u8.ToArray()) : null;
        Assert.That(_hub.Refusal(), Does.Contain("config.json").And.Contain("hash"));
    }

    [Test]
    public void A_longer_body_than_announced_is_refused_before_it_is_read()
    {
        ContentAnswers(_ => new HubReply(200, new byte[400_001]));
        Assert.That(_hub.Refusal(), Does.Contain("400001").And.Contain("400000"));
    }

    [Test]
    public void A_longer_body_in_chunks_is_cut_off_and_deleted()
    {
        ContentAnswers(_ => new HubReply(200, new byte[500_000]) { Chunked = true });
        Assert.That(_hub.Refusal(), Does.Contain("more than the 400000 bytes"));
        Assert.That(_hub.Blob(Model) + ".incomplete", Does.Not.Exist);
    }

    [Test]
    public async Task Chunks_without_a_length_are_fine()
    {
        _hub.Instead = r => !r.Path.EndsWith(Model) ? null : _hub.Content(r, Model) with { Chunked = true };
        await _hub.Pull();
        _hub.AssertPulled(Model);
    }

    [Test]
    public async Task A_silent_server_is_left_and_asked_again()
    {
        using var hub = new HubWorld { Stall = TimeSpan.FromSeconds(1) };
        hub.AddLarge(Model, 400_000);
        int asked = 0;
        hub.Instead = r => r.Method == "GET" && r.Path.EndsWith(Model) && Interlocked.Increment(ref asked) == 1
            ? new HubReply(200, hub.Files[Model][..1000]) { Claimed = 400_000, Silent = true } : null;
        await hub.Pull();
        hub.AssertPulled(Model);
        Assert.That(hub.Server.Of("GET", Model).Last().From, Is.EqualTo(1000));
    }

    [Test]
    public void Cancelling_leaves_a_part_to_continue_from()
    {
        using var stop = new CancellationTokenSource();
        ContentAnswers(_ => new HubReply(200, _hub.Files[Model][..1000]) { Claimed = 400_000, Silent = true });
        using var output = new StringWriter();
        using var error = new StringWriter();
        Task<int> verb = Cli.Verbs.PullVerb.PullAsync(_hub.Client(), HubWorld.Id, [], output, error, stop.Token);
        var part = new FileInfo(_hub.Blob(Model) + ".incomplete");
        Assert.That(() => { part.Refresh(); return part.Exists && part.Length == 1000; }, Is.True.After(20_000, 10));
        stop.Cancel();
        Assert.That(verb.GetAwaiter().GetResult(), Is.EqualTo(130));
        Assert.That((output.ToString(), error.ToString()), Is.EqualTo(("", "config.json: 2 B\nmanaged: stopped; the same command goes on where this one ended.\n")));
        Assert.That(new FileInfo(_hub.Blob(Model) + ".incomplete").Length, Is.EqualTo(1000));
    }

    [TestCase("17", 17)]
    [TestCase("Sat, 31 Jan 2026 12:00:42 GMT", 42)]
    [TestCase("Sat, 31 Jan 2026 11:00:00 GMT", 0)]
    public async Task A_busy_hub_is_given_the_time_it_asks_for(string after, int seconds)
    {
        int asked = 0;
        _hub.Instead = _ => Interlocked.Increment(ref asked) == 1 ? new HubReply(429, ("Retry-After", after)) : null;
        await _hub.Pull();
        Assert.That(_hub.Waits, Is.EqualTo(new[] { TimeSpan.FromSeconds(seconds) }));
    }

    [Test]
    public void A_hub_that_asks_for_an_hour_is_not_waited_for()
    {
        _hub.Instead = _ => new HubReply(429, ("Retry-After", "3600"));
        Assert.That(_hub.Refusal(), Does.Contain("3600 s").And.Contain("HF_TOKEN"));
        Assert.That(_hub.Waits, Is.Empty);
    }

    [Test]
    public async Task Broken_servers_are_asked_again_with_growing_pauses()
    {
        int asked = 0;
        _hub.Instead = _ => Interlocked.Increment(ref asked) <= 3 ? new HubReply(asked == 2 ? 503 : 500) : null;
        await _hub.Pull();
        Assert.That(_hub.Waits.Select(w => w.TotalSeconds), Is.EqualTo(new[] { 1.0, 2, 4 }));
    }

    [Test]
    public void Servers_that_stay_broken_are_given_up()
    {
        _hub.Instead = _ => new HubReply(502);
        Assert.That(_hub.Refusal(), Does.Contain("502").And.Contain("6 attempts"));
        Assert.That(_hub.Server.Requests, Has.Count.EqualTo(6));
    }

    [Test]
    public void Nobody_there_says_what_to_check()
    {
        _hub.Server.Dispose();
        Assert.That(_hub.Refusal(), Does.Contain("HF_ENDPOINT").And.Contain("HF_HUB_OFFLINE"));
    }

    [TestCase("../evil.json")]
    [TestCase("a/../../evil.json")]
    [TestCase("/etc/evil.json")]
    [TestCase("C:\\evil.json")]
    [TestCase("C:/evil.json")]
    [TestCase("..\\evil.json")]
    [TestCase("a//b.json")]
    [TestCase("./b.json")]
    [TestCase("b\n.json")]
    [TestCase("")]
    public void Names_that_leave_the_folder_are_refused_before_anything_is_written(string name)
    {
        _hub.Files[name] = [];
        Assert.That(_hub.Refusal(), Does.Contain("relative path"));
        Assert.That(_hub.Cache.Folder, Does.Not.Exist);
    }

    [TestCase("{")]
    [TestCase("[]")]
    [TestCase("{\"sha\":\"../..\",\"siblings\":[]}")]
    [TestCase("{\"sha\":\"0123456789abcdef0123456789abcdef01234567\"}")]
    [TestCase("{\"sha\":\"0123456789abcdef0123456789abcdef01234567\",\"siblings\":[{\"rfilename\":3}]}")]
    public void Lists_of_files_that_make_no_sense_are_refused(string answer)
    {
        _hub.Instead = _ => new HubReply(200, Encoding.UTF8.GetBytes(answer));
        Assert.That(_hub.Refusal(), Does.Contain("expected").Or.Contain("cannot be read"));
    }

    [Test]
    public void A_full_disk_is_named_and_the_part_kept()
    {
        if (!File.Exists("/dev/full"))
            Assert.Ignore("skipped: this system has no /dev/full to stand for a full disk.");
        Directory.CreateDirectory(Path.GetDirectoryName(_hub.Blob(Model))!);
        File.CreateSymbolicLink(_hub.Blob(Model) + ".incomplete", "/dev/full");
        Assert.That(_hub.Refusal(), Does.Contain("disk is full").And.Contain("HF_HUB_CACHE"));
    }

    [Test]
    public void Another_commit_than_asked_for_is_refused()
    {
        _hub.Instead = r => r.Method == "HEAD" ? new HubReply(200, ("ETag", "\"a\""), ("X-Repo-Commit", new string('f', 40))) : null;
        Assert.That(_hub.Refusal(), Does.Contain("commit"));
    }
}
