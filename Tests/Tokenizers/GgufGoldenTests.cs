using System.Globalization;
using System.Text;
using System.Text.Json;
using Managed.Loader.Tokenizers;

namespace Managed.Tests.Tokenizers;

public class GgufGoldenTests
{
    private const string Vocabularies = "tokenizers/gguf-vocabs";

    [TestCase(Vocabularies + "/ggml-vocab-gpt-2.gguf", Vocabularies + "/ggml-vocab-gpt-2.gguf.goldens.json")]
    [TestCase(Vocabularies + "/ggml-vocab-llama-bpe.gguf", Vocabularies + "/ggml-vocab-llama-bpe.gguf.goldens.json")]
    [TestCase(Vocabularies + "/ggml-vocab-llama-spm.gguf", Vocabularies + "/ggml-vocab-llama-spm.gguf.goldens.json")]
    [TestCase(Vocabularies + "/ggml-vocab-phi-3.gguf", Vocabularies + "/ggml-vocab-phi-3.gguf.goldens.json")]
    [TestCase(Vocabularies + "/ggml-vocab-qwen2.gguf", Vocabularies + "/ggml-vocab-qwen2.gguf.goldens.json")]
    [TestCase("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf", "models/smollm2-135m-instruct/tokenizer-goldens-llamacpp.json")]
    public void Vocabularies_give_the_ids_and_texts_of_llama_cpp(string model, string goldens)
    {
        var tokenizer = Tokenizer.Open(SharedFolder.Require(model));
        var golden = new GoldenFile(SharedFolder.Require(goldens));
        foreach (var item in golden.Cases)
        {
            string text = GoldenFile.Text(item, "text");
            int[] ids = GoldenFile.Ids(item, "ids");
            golden.Compare(text, "ids", ids, tokenizer.Encode(text, addSpecialTokens: false).Ids);
            golden.Compare(text, "decoded", [Decoded(item, text)], [tokenizer.Decode(ids, skipSpecialTokens: false)]);
        }
        golden.Verify();
    }

    [TestCase("gpt-2")]
    [TestCase("llama-bpe")]
    [TestCase("llama-spm")]
    [TestCase("phi-3")]
    [TestCase("qwen2")]
    public void Vocabularies_pass_llama_cpps_own_tests(string name)
    {
        string file = SharedFolder.Require($"{Vocabularies}/ggml-vocab-{name}.gguf");
        var tokenizer = Tokenizer.Open(file);
        string[] texts = File.ReadAllText(file + ".inp").Split("\n__ggml_vocab_test__\n");
        string[] expected = File.ReadAllText(file + ".out").Split('\n');
        Assert.That(texts, Has.Length.GreaterThan(40));
        for (int i = 0; i < texts.Length; i++)
        {
            int[] ids = [.. expected[i].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
            Assert.That(tokenizer.Encode(texts[i], addSpecialTokens: false).Ids, Is.EqualTo(ids), JsonSerializer.Serialize(texts[i]));
        }
    }

    private static string Decoded(JsonElement item, string text) =>
        item.TryGetProperty("decoded_hex", out var hex) ? Encoding.UTF8.GetString(Convert.FromHexString(hex.GetString()!))
        : item.TryGetProperty("decoded", out var decoded) ? decoded.GetString()! : text;
}
