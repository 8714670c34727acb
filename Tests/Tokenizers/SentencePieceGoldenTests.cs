using Managed.Loader.Tokenizers;

namespace Managed.Tests.Tokenizers;

public class SentencePieceGoldenTests
{
    [TestCase("llama2-spm/tokenizer.model", "llama2-spm/goldens.json")]
    [TestCase("mistral-spm/tokenizer.model.v1", "mistral-spm/goldens-v1.json")]
    [TestCase("mistral-spm/mistral_instruct_tokenizer_240216.model.v2", "mistral-spm/goldens-v2.json")]
    [TestCase("mistral-spm/mistral_instruct_tokenizer_240323.model.v3", "mistral-spm/goldens-v3.json")]
    [TestCase("mistral-spm/mistral_instruct_tokenizer_241114.model.v7", "mistral-spm/goldens-v7.json")]
    [TestCase("sentencepiece-unigram/test_model.model", "sentencepiece-unigram/goldens-test_model.json")]
    [TestCase("sentencepiece-unigram/test_ja_model.model", "sentencepiece-unigram/goldens-test_ja_model.json")]
    public void Models_give_the_pieces_and_texts_of_SentencePiece_itself(string model, string goldens)
    {
        var tokenizer = Tokenizer.Open(SharedFolder.Require($"tokenizers/{model}"));
        var golden = new GoldenFile(SharedFolder.Require($"tokenizers/{goldens}"));
        INormalizer normalizer = SentencePieceReader.Read(model, File.ReadAllBytes(SharedFolder.Require($"tokenizers/{model}")), null).Normalizer!;
        foreach (var item in golden.Cases)
        {
            string text = GoldenFile.Text(item, "text");
            int[] ids = GoldenFile.Ids(item, "ids");
            var encoded = tokenizer.Encode(text);
            golden.Compare(text, "ids", ids, encoded.Ids);
            golden.Compare(text, "pieces", item.GetProperty("tokens").EnumerateArray().Select(t => t.GetString()!), encoded.Tokens);
            golden.Compare(text, "normalized", [item.TryGetProperty("normalized", out var normalized) ? normalized.GetString()! : text], [normalizer.Normalize(AlignedText.FromString(text)).ToString()]);
            golden.Compare(text, "decoded", [GoldenFile.Text(item, "decoded")], [tokenizer.Decode(ids)]);
        }
        golden.Verify();
    }
}
