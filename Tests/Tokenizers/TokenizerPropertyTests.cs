using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Managed.Fuzzing;
using Managed.Loader;
using Managed.Loader.Tokenizers;

namespace Managed.Tests.Tokenizers;

/// <summary>What holds for any text and any tokens, in every vocabulary.</summary>
public class TokenizerPropertyTests
{
    private const string Spm = "tokenizers/mistral-spm/";
    private const string Vocabularies = "tokenizers/gguf-vocabs/ggml-vocab-";

    /// <summary>Every vocabulary here and in shared; those of shared are skipped where it is not.</summary>
    private static readonly string[] s_shared =
    [
        "tokenizers/hf-gpt2", "tokenizers/hf-llama2", "tokenizers/hf-qwen3", "tokenizers/llama2-spm/tokenizer.model", Spm + "tokenizer.model.v1", Spm + "mistral_instruct_tokenizer_240323.model.v3",
        Spm + "mistral_instruct_tokenizer_241114.model.v7", "tokenizers/sentencepiece-unigram/test_model.model", "tokenizers/sentencepiece-unigram/test_ja_model.model", Vocabularies + "gpt-2.gguf",
        Vocabularies + "llama-bpe.gguf", Vocabularies + "llama-spm.gguf", Vocabularies + "phi-3.gguf", Vocabularies + "qwen2.gguf", "models/smollm2-135m-instruct",
        "models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf", "models/stories260K/stories260K-f32.gguf",
    ];

    private static readonly string[] s_own =
        [.. new[] { "tiny-gpt4", "tiny-llama2", "tiny-roberta", "tiny-unigram", "tiny-wordlevel", "tiny-wordpiece" }.Select(name => $"Tests/Fixtures/tokenizers/{name}/tokenizer.json"), "models/hearth", "models/warden"];

    public static IEnumerable<string> All => [.. s_own, .. s_shared];

    [TestCaseSource(nameof(All))]
    public void A_stream_gives_whole_characters_and_in_the_end_what_decoding_at_once_gives(string name)
    {
        Tokenizer tokenizer = Open(name);
        var random = new Random(name.Length);
        for (int round = 0; round < 60; round++)
        {
            // Runs of the ids of texts, which are often parts of characters, between ids of any kind, absent ones too.
            int[] ids = [.. Enumerable.Range(0, 12).SelectMany(_ => random.Next(3) == 0 ? tokenizer.Encode(RandomText(random, 4), false).Ids : [random.Next(tokenizer.VocabularySize + 3)])];
            foreach (bool skip in (bool[])[false, true])
                CheckStream(tokenizer, ids, skip);
        }
    }

    [Test]
    public void Streams_of_every_decoder_are_whole_too()
    {
        var random = new Random(3);
        foreach (byte[] json in SmallTokenizers.Json(SharedFolder.Fixture("tokenizers/tiny-components/goldens.json")))
        {
            var tokenizer = new Tokenizer(TokenizerJsonReader.Read("tokenizer.json", json));
            for (int round = 0; round < 40; round++)
                CheckStream(tokenizer, [.. Enumerable.Range(0, 20).Select(_ => random.Next(tokenizer.VocabularySize + 1))], skip: round % 2 == 0);
        }
    }

    [TestCaseSource(nameof(All))]
    public void Offsets_lie_in_the_text_in_order_and_tell_where_a_token_comes_from(string name)
    {
        Tokenizer tokenizer = Open(name);
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            string text = RandomText(new Random(seed), 12);
            int[] points = AlignedText.PointsOf(text);
            TokenizedText encoded = tokenizer.Encode(text, addSpecialTokens: false);
            Assert.That((encoded.Tokens.Length, encoded.Offsets.Length), Is.EqualTo((encoded.Ids.Length, encoded.Ids.Length)));
            int before = 0;
            for (int i = 0; i < encoded.Ids.Length; i++)
            {
                (int start, int end) = encoded.Offsets[i];
                Assert.That(start, Is.InRange(0, end), text);
                Assert.That(end, Is.LessThanOrEqualTo(points.Length), text);
                Assert.That(start, Is.GreaterThanOrEqualTo(Math.Max(0, before - 1)), $"{text}: token {i}"); // parts of one character share it
                before = Math.Max(before, end);
                // A token that spells plain letters stands for just these letters.
                string token = encoded.Tokens[i].Trim('\u0120', '\u2581', ' ');
                if (token.Length > 1 && token.All(char.IsAsciiLetter) && end - start >= token.Length)
                    Assert.That(AlignedText.ToString(points.AsSpan(start, end - start)), Does.Contain(token).IgnoreCase, text);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    [TestCase("Tests/Fixtures/tokenizers/tiny-gpt4/tokenizer.json")]
    [TestCase("models/hearth")]
    [TestCase("tokenizers/hf-gpt2")]
    [TestCase("tokenizers/hf-qwen3")]
    [TestCase("models/smollm2-135m-instruct")]
    public void Byte_level_vocabularies_give_any_text_back(string name)
    {
        Tokenizer tokenizer = Open(name);
        for (int seed = 0; seed < 300; seed++)
        {
            string text = RandomText(new Random(seed), 20);
            if (name.EndsWith("qwen3", StringComparison.Ordinal))
                text = AlignedTextOf(tokenizer, text);
            Assert.That(tokenizer.Decode(tokenizer.Encode(text, addSpecialTokens: false).Ids, skipSpecialTokens: false), Is.EqualTo(text));
        }
    }

    [TestCase("corpus.en")]
    [TestCase("tinystories_sample.txt")]
    [TestCase("address.txt")]
    [TestCase("german.txt")]
    public void Whole_files_come_back_from_GPT2_and_streaming_them_is_the_same(string file)
    {
        Tokenizer tokenizer = Open("tokenizers/hf-gpt2"), gguf = Open(Vocabularies + "gpt-2.gguf");
        string text = File.ReadAllText(SharedFolder.Require("tokenizers/gpt2-cs336/" + file));
        int[] ids = tokenizer.Encode(text).Ids;
        Assert.That(gguf.Encode(text, addSpecialTokens: false).Ids, Is.EqualTo(ids));
        Assert.That(tokenizer.Decode(ids, skipSpecialTokens: false), Is.EqualTo(text));
        CheckStream(tokenizer, ids, skip: false);
    }

    private static string AlignedTextOf(Tokenizer tokenizer, string text) =>
        new UnicodeNormalizer(compose: true, compatibility: false).Normalize(AlignedText.FromString(text)).ToString(); // qwen's own normaliser

    private static void CheckStream(Tokenizer tokenizer, int[] ids, bool skip)
    {
        StreamingDecoder stream = tokenizer.CreateStream(skip);
        string[] pieces = [.. ids.Select(stream.Append), stream.Flush()];
        foreach (string piece in pieces)
            Assert.That(piece.Length > 0 && (char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1])), Is.False, $"half a character in \"{piece}\" of {string.Join(' ', ids)}");
        string whole = tokenizer.Decode(ids, skip);
        Assert.That(string.Concat(pieces), Is.EqualTo(whole), string.Join(' ', ids));
        Assert.That(string.Concat(ids.Select(stream.Append)) + stream.Flush(), Is.EqualTo(whole), "a flushed stream is as new");
    }

    private static string RandomText(Random random, int words)
    {
        var text = new StringBuilder();
        for (int word = random.Next(words + 1); word > 0; word--)
        {
            int kind = random.Next(8);
            for (int letter = random.Next(1, 7); letter > 0; letter--)
                text.Append(kind switch
                {
                    0 or 1 or 2 => ((char)random.Next('a', 'z' + 1)).ToString(),
                    3 => ((char)random.Next(' ', '~' + 1)).ToString(),
                    4 => char.ConvertFromUtf32(random.Next(0xA0, 0x3000)),
                    5 => char.ConvertFromUtf32(random.Next(0x3041, 0xA000)),
                    6 => char.ConvertFromUtf32(random.Next(0x1F300, 0x1FA00)),
                    _ => " \n\t\r'"[random.Next(5)].ToString(),
                });
            text.Append(random.Next(4) == 0 ? "  " : " ");
        }

        return text.ToString();
    }

    private static Tokenizer Open(string name) =>
        Tokenizer.Open(name.StartsWith("Tests/", StringComparison.Ordinal) || name is "models/hearth" or "models/warden" ? Path.Combine(SharedFolder.Repository, name) : SharedFolder.Require(name));
}
