using System.Text;
using Managed.Loader;

namespace Managed.Tests.Loader;

public class ConfigSectionTests
{
    private const string Config = """
        {"layers": 12, "huge": 1152921504606846976, "negative": -3, "whole": 32.0, "ten_thousand": 1e4, "half": 0.5, "beyond": 1e999,
         "text": "abc", "yes": true, "nothing": null, "list": [1, 2, 3], "mixed": [1, "a"], "texts": ["a", "b"], "long": 123456789012345678901234567890123456789012345678901234567890,
         "rope": {"factor": 8, "kind": {"name": 5}}, "empty": []}
        """;

    private static readonly JsonConfigSection s_config = Parse(Config);

    [Test]
    public void Values_of_the_right_kind_are_read()
    {
        Assert.That(s_config.Count("layers"), Is.EqualTo(12));
        Assert.That(s_config.Integer("whole"), Is.EqualTo(32));
        Assert.That(s_config.Integer("ten_thousand"), Is.EqualTo(10_000));
        Assert.That(s_config.Number("half"), Is.EqualTo(0.5));
        Assert.That(s_config.Number("layers"), Is.EqualTo(12));
        Assert.That(s_config.Flag("yes"), Is.True);
        Assert.That(s_config.Text("text"), Is.EqualTo("abc"));
        Assert.That(s_config.Integers("list"), Is.EqualTo(new long[] { 1, 2, 3 }));
        Assert.That(s_config.Integers("layers"), Is.EqualTo(new long[] { 12 }));
        Assert.That(s_config.Numbers("list"), Is.EqualTo(new double[] { 1, 2, 3 }));
        Assert.That(s_config.Texts("texts"), Is.EqualTo(new[] { "a", "b" }));
        Assert.That(s_config.Texts("empty"), Is.Empty);
        Assert.That(s_config.Section("rope")!.Number("factor"), Is.EqualTo(8));
    }

    [Test]
    public void Absent_and_null_keys_give_the_default()
    {
        foreach (string key in (string[])["absent", "nothing"])
        {
            Assert.That(s_config.Has(key), Is.False);
            Assert.That(s_config.Count(key, 7), Is.EqualTo(7));
            Assert.That(s_config.Text(key, "x"), Is.EqualTo("x"));
            Assert.That(s_config.Integers(key), Is.Null);
            Assert.That(s_config.Section(key), Is.Null);
            Assert.That(Assert.Throws<CheckpointException>(() => s_config.Count(key))!.Message, Does.Contain(key).And.Contain("mandatory"));
        }
    }

    [Test]
    public void The_first_alternative_that_is_present_wins()
    {
        Assert.That(s_config.Count("absent|nothing|layers|negative"), Is.EqualTo(12));
        Assert.That(Assert.Throws<CheckpointException>(() => s_config.Count("absent|other"))!.Message, Does.Contain("absent").And.Contain("other"));
    }

    [TestCase("huge", "1152921504606846976")]
    [TestCase("long", "1234567890123456789012")]
    [TestCase("negative", "-3")]
    [TestCase("half", "0.5")]
    [TestCase("beyond", "1e999")]
    [TestCase("text", "the string \"abc\"")]
    [TestCase("yes", "true")]
    [TestCase("list", "an array of 3")]
    [TestCase("rope", "an object")]
    public void What_is_no_count_is_refused_with_key_place_and_value(string key, string found)
    {
        var error = Assert.Throws<CheckpointException>(() => s_config.Count(key))!;
        Assert.That(error.File, Is.EqualTo("config.json"));
        Assert.That(error.Field, Is.EqualTo(key));
        Assert.That(error.Found, Does.StartWith(found));
        int at = Config.IndexOf($"\"{key}\": ", StringComparison.Ordinal) + key.Length + 4;
        Assert.That(error.Offset, Is.EqualTo(at));
    }

    [Test]
    public void Every_getter_refuses_every_other_kind()
    {
        Assert.Throws<CheckpointException>(() => s_config.Number("text"));
        Assert.Throws<CheckpointException>(() => s_config.Number("beyond"));
        Assert.Throws<CheckpointException>(() => s_config.Flag("layers"));
        Assert.Throws<CheckpointException>(() => s_config.Text("layers"));
        Assert.Throws<CheckpointException>(() => s_config.Integers("mixed"));
        Assert.Throws<CheckpointException>(() => s_config.Numbers("mixed"));
        Assert.Throws<CheckpointException>(() => s_config.Texts("mixed"));
        Assert.Throws<CheckpointException>(() => s_config.Texts("text"));
        Assert.Throws<CheckpointException>(() => s_config.Section("list"));
    }

    [Test]
    public void Errors_of_inner_objects_name_the_whole_path() =>
        Assert.That(Assert.Throws<CheckpointException>(() => s_config.Section("rope")!.Section("kind")!.Text("name"))!.Field, Is.EqualTo("rope.kind.name"));

    [TestCase("[1]", "a JSON object")]
    [TestCase("", "valid JSON")]
    [TestCase("{} x", "valid JSON")]
    [TestCase("{\"a\": NaN}", "valid JSON")]
    [TestCase("{\"a\": 1, \"a\": 2}", "every key once")]
    [TestCase("{\"a\": \"\\ud800\"}", "valid Unicode")]
    public void Text_that_is_no_sound_object_is_refused(string text, string expected) =>
        Assert.That(Assert.Throws<CheckpointException>(() => Parse(text))!.Expected, Does.Contain(expected));

    [Test]
    public void Deep_nesting_is_refused_without_exhausting_the_stack() =>
        Assert.Throws<CheckpointException>(() => Parse("{\"a\":" + new string('[', 1_000_000)));

    [Test]
    public void Bytes_that_are_no_UTF8_are_refused_where_they_stand() =>
        Assert.That(Assert.Throws<CheckpointException>(() => JsonConfigSection.Parse("config.json", [.. "{\"a"u8, 0xFF, .. "\": 1}"u8]))!.Offset, Is.EqualTo(3));

    [Test]
    public void A_byte_order_mark_is_passed_over() =>
        Assert.That(JsonConfigSection.Parse("config.json", [0xEF, 0xBB, 0xBF, .. "{\"a\": 1}"u8]).Count("a"), Is.EqualTo(1));

    [Test]
    public void GGUF_metadata_reads_below_its_prefix_and_in_full()
    {
        using var scratch = new Scratch();
        string path = scratch.File("m.gguf");
        GgufWriter.Write(path, new Dictionary<string, GgufValue>
        {
            ["general.architecture"] = GgufValue.From("llama"),
            ["general.name"] = GgufValue.From("small"),
            ["llama.block_count"] = GgufValue.From(3u),
            ["llama.attention.head_count_kv"] = GgufValue.From(new[] { 1, 2, 3 }),
            ["llama.rope.scaling.factor"] = GgufValue.From(8f),
            ["llama.most"] = GgufValue.From(ulong.MaxValue),
            ["llama.nan"] = GgufValue.From(float.NaN),
            ["tokenizer.ggml.tokens"] = GgufValue.From(new[] { "a", "é" }),
            ["tokenizer.ggml.scores"] = GgufValue.From(new[] { 0.5f, -1f }),
        }, []);
        using Checkpoint checkpoint = Checkpoint.Open(path);
        ConfigSection config = checkpoint.Config;
        Assert.That(checkpoint.Family, Is.EqualTo("llama"));
        Assert.That(config.Count("block_count"), Is.EqualTo(3));
        Assert.That(config.Count("n_layer|block_count"), Is.EqualTo(3));
        Assert.That(config.Text("general.name"), Is.EqualTo("small"));
        Assert.That(config.Integers("attention.head_count_kv"), Is.EqualTo(new long[] { 1, 2, 3 }));
        Assert.That(config.Integers("block_count"), Is.EqualTo(new long[] { 3 }));
        Assert.That(config.Section("rope.scaling")!.Number("factor"), Is.EqualTo(8));
        Assert.That(config.Section("rope.nothing"), Is.Null);
        Assert.That(config.Texts("tokenizer.ggml.tokens"), Is.EqualTo(new[] { "a", "é" }));
        Assert.That(config.Numbers("tokenizer.ggml.scores"), Is.EqualTo(new[] { 0.5, -1 }));
        Assert.That(Assert.Throws<CheckpointException>(() => config.Integer("most", most: long.MaxValue))!.Found, Is.EqualTo("18446744073709551615"));
        Assert.Throws<CheckpointException>(() => config.Number("nan"));
        Assert.That(Assert.Throws<CheckpointException>(() => config.Text("block_count"))!.Field, Is.EqualTo("llama.block_count"));
        Assert.That(Assert.Throws<CheckpointException>(() => config.Text("tokenizer.ggml.model"))!.Field, Is.EqualTo("tokenizer.ggml.model"));
    }

    private static JsonConfigSection Parse(string text) => JsonConfigSection.Parse("config.json", Encoding.UTF8.GetBytes(text));
}
