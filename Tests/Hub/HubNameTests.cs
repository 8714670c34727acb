using Managed.Loader.Hub;

namespace Managed.Tests.Hub;

/// <summary>Ids, patterns, variables: nothing here needs a server.</summary>
public class HubNameTests
{
    [TestCase("HuggingFaceTB/SmolLM2-135M-Instruct", "main")]
    [TestCase("a/b.c_d@v1.0", "v1.0")]
    [TestCase("a/b@refs/pr/12", "refs/pr/12")]
    public void Ids_are_recognised(string text, string revision) => Assert.That(HubId.TryParse(text)?.Revision, Is.EqualTo(revision));

    [TestCase("")]
    [TestCase("name")]
    [TestCase("a/b/c")]
    [TestCase("../b")]
    [TestCase("a/..")]
    [TestCase("./models")]
    [TestCase("a/b@")]
    [TestCase("a/b@../../x")]
    [TestCase("a/b@/x")]
    [TestCase("a--b/c")]
    [TestCase("/a/b")]
    [TestCase("a\\b")]
    [TestCase("a/b.git")]
    [TestCase("a/b\n")]
    public void What_cannot_be_an_id_is_not_one(string text)
    {
        Assert.That(HubId.TryParse(text), Is.Null);
        Assert.That(HubCache.TryResolve(text), Is.Null);
    }

    [TestCase("*.safetensors", "sub/x.safetensors", true)]
    [TestCase("*.safetensors", "x.safetensors.index.json", false)]
    [TestCase("model-0000[12]-of-*", "model-00002-of-3", true)]
    [TestCase("model-0000[!12]-of-*", "model-00002-of-3", false)]
    [TestCase("onnx/", "onnx/a/b", true)]
    [TestCase("a?c", "abc", true)]
    [TestCase("a.c", "abc", false)]
    [TestCase("[", "[", true)]
    [TestCase("[z-a]", null, false)]
    public void Patterns_match_as_the_hubs_own_tools_match(string pattern, string? name, bool matches)
    {
        if (name is null)
            Assert.That(() => HubFileName.Glob(pattern), Throws.TypeOf<HubException>());
        else
            Assert.That(HubFileName.Glob(pattern).IsMatch(name), Is.EqualTo(matches));
    }

    [Test]
    public void Without_patterns_what_loading_needs_is_chosen() => Assert.That(
        HubFileName.Select(HubId.Parse("a/b"), ["config.json", "model.safetensors", "consolidated.safetensors", "pytorch_model.bin", "onnx/model.onnx", "tokenizer.model", "x.gguf", ".gitattributes"], []),
        Is.EqualTo(new[] { "config.json", "model.safetensors", "tokenizer.model" }));

    [Test]
    public void Among_several_GGUF_models_the_user_chooses()
    {
        string[] names = ["README.md", "m-Q4_0.gguf", "m-Q8_0-00001-of-00002.gguf", "m-Q8_0-00002-of-00002.gguf"];
        Assert.That(() => HubFileName.Select(HubId.Parse("a/b"), names, []), Throws.TypeOf<HubException>().With.Message.Contains("--include").And.Message.Contains("2 GGUF"));
        Assert.That(HubFileName.Select(HubId.Parse("a/b"), names[..2], []), Is.EqualTo(names[..2]));
        Assert.That(HubFileName.Select(HubId.Parse("a/b"), names, ["*Q8_0*"]), Has.Count.EqualTo(2));
    }

    [Test]
    public void A_pattern_without_a_match_is_an_error() =>
        Assert.That(() => HubFileName.Select(HubId.Parse("a/b"), ["config.json"], ["*.bin"]), Throws.TypeOf<HubException>().With.Message.Contains("config.json"));

    private static HubSettings Read(params (string Name, string Value)[] variables) =>
        HubSettings.Read(name => variables.Append(("HOME", "/h")).FirstOrDefault(v => v.Item1 == name).Item2);

    [Test]
    public void The_cache_lies_where_the_hubs_own_tools_put_it()
    {
        Assert.That(Read().CacheFolder, Is.EqualTo("/h/.cache/huggingface/hub"));
        Assert.That(Read(("XDG_CACHE_HOME", "/x")).CacheFolder, Is.EqualTo("/x/huggingface/hub"));
        Assert.That(Read(("XDG_CACHE_HOME", "/x"), ("HF_HOME", "~/y")).CacheFolder, Is.EqualTo("/h/y/hub"));
        Assert.That(Read(("HF_HOME", "/y"), ("HUGGINGFACE_HUB_CACHE", "/z")).CacheFolder, Is.EqualTo("/z"));
        Assert.That(Read(("HUGGINGFACE_HUB_CACHE", "/z"), ("HF_HUB_CACHE", "/w")).CacheFolder, Is.EqualTo("/w"));
    }

    [Test]
    public void The_token_is_found_in_order()
    {
        string home = Directory.CreateTempSubdirectory("hub-").FullName;
        File.WriteAllText(Path.Combine(home, "token"), " hf_file\n");
        File.WriteAllText(Path.Combine(home, "other"), "hf_other");
        Assert.That(Read(("HF_HOME", home)).Token, Is.EqualTo("hf_file"));
        Assert.That(Read(("HF_HOME", home), ("HF_TOKEN_PATH", Path.Combine(home, "other"))).Token, Is.EqualTo("hf_other"));
        Assert.That(Read(("HF_HOME", home), ("HUGGING_FACE_HUB_TOKEN", "hf_old")).Token, Is.EqualTo("hf_old"));
        Assert.That(Read(("HF_TOKEN", "hf_new"), ("HUGGING_FACE_HUB_TOKEN", "hf_old")).Token, Is.EqualTo("hf_new"));
        Assert.That(Read().Token, Is.Null);
        Assert.That(() => Read(("HF_TOKEN", "a\r\nX: b")), Throws.TypeOf<HubException>().With.Message.Not.Contains("X: b"));
        Directory.Delete(home, recursive: true);
    }

    [Test]
    public void Endpoint_and_offline_are_read()
    {
        Assert.That(Read().Endpoint.Host, Is.EqualTo("huggingface.co"));
        Assert.That(Read(("HF_ENDPOINT", "http://mirror:8080/hub/")).Endpoint.AbsoluteUri, Is.EqualTo("http://mirror:8080/hub"));
        Assert.That(() => Read(("HF_ENDPOINT", "mirror")), Throws.TypeOf<HubException>());
        Assert.That(Read().Offline, Is.False);
        Assert.That(Read(("HF_HUB_OFFLINE", "yes")).Offline, Is.True);
        Assert.That(Read(("HF_HUB_OFFLINE", "0"), ("TRANSFORMERS_OFFLINE", "1")).Offline, Is.False);
        Assert.That(Read(("TRANSFORMERS_OFFLINE", "1")).Offline, Is.True);
    }
}
