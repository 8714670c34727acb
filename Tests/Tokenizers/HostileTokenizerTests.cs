using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Managed.Fuzzing;
using Managed.Loader;
using Managed.Loader.Tokenizers;

namespace Managed.Tests.Tokenizers;

/// <summary>Whatever a tokenizer's files hold, they are read or refused with file, field and place; nothing else happens, and nothing huge is built.</summary>
public class HostileTokenizerTests
{
    private const string Beyond = "1152921504606846976";

    private static readonly string[] s_values =
    [
        "null", "true", "false", "0", "1", "-1", "7", "65535", "16777215", "16777216", "2147483648", Beyond, "1e308", "1e-308", "0.3", "\"\"", "\"x\"", "\"\\u2581\"", "\"(\"", "\"(a+)+b\"",
        "[]", "[[]]", "[1,\"a\"]", "{}", "{\"type\":\"Sequence\"}", "{\"Regex\":\"(a{999}){999}\"}", "{\"String\":\"\"}",
    ];

    private static byte[][] Seeds { get; } = [.. SmallTokenizers.Json(SharedFolder.Fixture("tokenizers/tiny-components/goldens.json"))];

    /// <summary>Every model with every post-processor, and every component at least once.</summary>
    private static IEnumerable<int> SeedNumbers => Enumerable.Range(0, Seeds.Length);

    [TestCaseSource(nameof(SeedNumbers))]
    public void Any_value_under_any_key_of_tokenizer_json_is_read_or_refused(int seed)
    {
        JsonNode root = JsonNode.Parse(Seeds[seed])!;
        int refused = 0;
        foreach (object[] path in HostileJson.Paths(root))
            foreach (string? value in s_values.Append(null))
                refused += IsRefused(Encoding.UTF8.GetBytes(HostileJson.Changed(root, path, value))) ? 1 : 0;
        Assert.That(refused, Is.GreaterThan(100));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void A_tokenizer_json_cut_at_any_byte_is_refused(int seed)
    {
        for (int length = 0; length < Seeds[seed].Length; length++)
            Assert.That(IsRefused(Seeds[seed][..length]), Is.True, $"cut at {length}");
        Assert.That(IsRefused(Seeds[seed]), Is.False);
    }

    [Test]
    public void A_SentencePiece_model_cut_at_any_byte_is_refused()
    {
        foreach (byte[] model in SmallTokenizers.SentencePiece())
        {
            for (int length = 0; length < model.Length; length++)
                Assert.Throws<CheckpointException>(() => SentencePieceReader.Read("model", model.AsSpan(0, length), null), $"cut at {length}");
            Assert.DoesNotThrow(() => SentencePieceReader.Read("model", model, null));
        }
    }

    [TestCase("""{"bos_token": 5}""", "bos_token", 14)]
    [TestCase("""{"bos_token": {"content": null}}""", "bos_token.content", null)]
    [TestCase("""{"eos_token": []}""", "eos_token", 14)]
    [TestCase("""{"add_bos_token": "yes"}""", "add_bos_token", 18)]
    [TestCase("""{"add_eos_token": 1}""", "add_eos_token", 18)]
    [TestCase("""{"pad_token": "a", "pad_token": "b"}""", "pad_token", 19)]
    [TestCase("[]", "top level", 0)]
    [TestCase("{", "JSON", 1)]
    [TestCase("{\"unk_token\": \"\\ud800\"}", "JSON", 14)]
    public void A_wrong_value_in_tokenizer_config_is_named_with_its_place(string json, string field, int? offset)
    {
        var error = Assert.Throws<CheckpointException>(() => SettingsReader.Parse(JsonConfigSection.Parse("tokenizer_config.json", Encoding.UTF8.GetBytes(json))))!;
        Assert.That((error.File, error.Field, error.Offset), Is.EqualTo(("tokenizer_config.json", field, (long?)offset)));
    }

    [TestCase("\"vocab\":{", "\"vocab\":{\"x\":16777215,", "model.vocab", "an id from 0 to 65535")]
    [TestCase("\"vocab\":{", "\"vocab\":{\"x\":0,", "model.vocab", "an id of its own for every token")]
    [TestCase("\"vocab\":{", "\"vocab\":{\"k\":77,", "model.vocab", "every token once")]
    [TestCase("\"id\":40", "\"id\":1152921504606846976", "added_tokens[3].id", "an integer from 0 to 65535")]
    [TestCase("\"id\":40", "\"id\":7", "added_tokens[3].id", "an id of its own")]
    [TestCase("\"id\":2,", "\"id\":3,", "added_tokens[2].id", "an id of its own")]
    [TestCase("\"ids\":[1]", "\"ids\":[4096]", "post_processor", "ids of tokens")]
    [TestCase("\"ids\":[1]", "\"ids\":[-1]", "post_processor.special_tokens.<s>.ids[0]", "an integer from 0")]
    [TestCase("\"merges\":[", "\"merges\":[\"h zz\",", "model.merges", "tokens of the vocabulary")]
    [TestCase("\"version\":\"1.0\"", "\"model\":{\"type\":\"BPE\"}", "model", "every key once")]
    [TestCase("\"type\":\"BPE\"", "\"type\":\"Bpe\"", "model.type", "one of BPE")]
    public void A_vocabulary_that_contradicts_itself_is_refused(string sound, string damaged, string field, string expected)
    {
        string json = Regex(Encoding.UTF8.GetString(Seeds[0]));
        Assert.That(json, Does.Contain(sound));
        byte[] bytes = Encoding.UTF8.GetBytes(json.Replace(sound, damaged, StringComparison.Ordinal));
        var error = Assert.Throws<CheckpointException>(() => TokenizerJsonReader.Read("tokenizer.json", bytes))!;
        Assert.That(error.Field, Is.EqualTo(field), error.Message);
        Assert.That(error.Expected, Does.Contain(expected));
        Assert.That(error.Offset, Is.InRange(1, bytes.Length));
    }

    // the serializer escapes < and >, which reads badly in test cases
    private static string Regex(string json) => json.Replace("\\u003C", "<", StringComparison.Ordinal).Replace("\\u003E", ">", StringComparison.Ordinal);

    [TestCase("[", 100_000)]
    [TestCase("{\"a\":", 100_000)]
    [TestCase("{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[", 20_000)]
    [TestCase("{\"model\":{\"vocab\":", 20_000)]
    public void Deep_nesting_is_refused(string open, int times) =>
        Assert.That(IsRefused(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(open, times)))), Is.True);

    [TestCase("a", "{1}", 100_000)]
    [TestCase("a", "*", 100_000)]
    [TestCase("a", "+?", 100_000)]
    [TestCase("", "(", 100_000)]
    [TestCase("", "(?:", 100_000)]
    [TestCase("", "[", 100_000)]
    [TestCase("", "[^[", 100_000)]
    [TestCase("", "(?<=", 100_000)]
    [TestCase("a", "{1000}", 8)]
    [TestCase("", "(a|", 100_000)]
    public void A_pattern_that_would_exhaust_stack_or_memory_is_refused(string start, string repeated, int times)
    {
        string pattern = start + string.Concat(Enumerable.Repeat(repeated, times));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<CheckpointException>(() => RegexPattern.Parse(pattern, (found, expected) => new CheckpointException("file", "pattern", null, found, expected)));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(64 << 20));
    }

    [Test]
    public void A_text_that_needs_an_unknown_token_where_there_is_none_is_refused()
    {
        foreach (string model in (string[])["""{"type":"WordLevel","vocab":{"a":0},"unk_token":"<unk>"}""", """{"type":"Unigram","vocab":[["a",0]]}"""])
        {
            var tokenizer = new Tokenizer(TokenizerJsonReader.Read("tokenizer.json", Encoding.UTF8.GetBytes($$"""{"model":{{model}}}""")));
            Assert.That(tokenizer.Encode("a").Ids, Is.EqualTo(new[] { 0 }));
            Assert.That(Assert.Throws<CheckpointException>(() => tokenizer.Encode("\u00e9"))!.Message, Does.Contain("unk").And.Contain("\u00e9"));
        }
    }

    private static bool IsRefused(byte[] bytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            var tokenizer = new Tokenizer(TokenizerJsonReader.Read("tokenizer.json", bytes));
            int[] ids = tokenizer.Encode(SmallTokenizers.Text).Ids;
            Assert.That(ids.Select(tokenizer.IdToToken), Is.All.Not.Null);
            _ = tokenizer.Decode(ids);
            return false;
        }
        catch (CheckpointException e)
        {
            Assert.That((e.File, e.Field, e.Found, e.Expected), Is.EqualTo(("tokenizer.json", e.Field, e.Found, e.Expected)));
            Assert.That(new[] { e.Field, e.Found, e.Expected }, Is.All.Not.Empty);
            Assert.That(e.Offset ?? 0, Is.InRange(0, bytes.Length), e.Message);
            return true;
        }
        finally
        {
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(8 << 20), () => Encoding.UTF8.GetString(bytes));
        }
    }
}
