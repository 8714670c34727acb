using Managed.Loader.Tokenizers;

namespace Managed.Tests.Tokenizers;

public class TokenizerJsonGoldenTests
{
    [TestCase("tiny-gpt4")]
    [TestCase("tiny-llama2")]
    [TestCase("tiny-roberta")]
    [TestCase("tiny-unigram")]
    [TestCase("tiny-wordlevel")]
    [TestCase("tiny-wordpiece")]
    public void Small_vocabularies_give_the_ids_tokens_and_texts_of_the_original_library(string name)
    {
        string folder = SharedFolder.Fixture($"tokenizers/{name}");
        new GoldenFile(Path.Combine(folder, "goldens.json")).CompareAll(Tokenizer.Open(Path.Combine(folder, "tokenizer.json")));
    }

    [TestCase("tokenizers/hf-gpt2", "goldens.json")]
    [TestCase("tokenizers/hf-llama2", "goldens.json")]
    [TestCase("tokenizers/hf-qwen3", "goldens.json")]
    [TestCase("models/smollm2-135m-instruct", "tokenizer-goldens.json")]
    public void Full_vocabularies_give_the_ids_tokens_and_texts_of_the_original_library(string name, string goldens)
    {
        string folder = SharedFolder.Require(name);
        new GoldenFile(Path.Combine(folder, goldens)).CompareAll(Tokenizer.Open(folder));
    }
}
