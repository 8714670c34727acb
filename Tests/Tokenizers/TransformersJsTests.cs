using System.Text.Json;
using System.Text.RegularExpressions;
using Managed.Loader.Tokenizers;

namespace Managed.Tests.Tokenizers;

/// <summary>What the JavaScript library expects of the vocabularies that lie here: a third implementation beside the original one and llama.cpp.</summary>
public partial class TransformersJsTests
{
    private const string Folder = "tokenizers/expected-transformersjs";

    [TestCase("gpt2", "Xenova/gpt2", "tokenizers/gguf-vocabs/ggml-vocab-gpt-2.gguf", 26)]
    [TestCase("qwen2", "Xenova/Qwen1.5-0.5B-Chat", "tokenizers/hf-qwen3", 25)]
    [TestCase("llama", "Xenova/llama3-tokenizer", "tokenizers/gguf-vocabs/ggml-vocab-llama-bpe.gguf", 37)]
    [TestCase("llama", "Xenova/llama-tokenizer", "tokenizers/llama2-spm", 37)]
    public void Texts_become_the_ids_that_the_library_expects(string file, string model, string vocabulary, int atLeast)
    {
        var tokenizer = Tokenizer.Open(SharedFolder.Require(vocabulary));
        Dictionary<string, string> texts = Texts();
        string source = File.ReadAllText(SharedFolder.Require($"{Folder}/test_tokenization_{file}.js"));
        int start = source.IndexOf($"\"{model}\": {{", StringComparison.Ordinal), end = source.IndexOf("\n  },", start, StringComparison.Ordinal);
        var wrong = new List<string>();
        int count = 0;
        foreach (Match item in Case().Matches(source[start..end]))
        {
            count++;
            string text = texts[item.Groups["text"].Value];
            int[] expected = JsonSerializer.Deserialize<int[]>(item.Groups["ids"].Value)!;
            int[] found = tokenizer.Encode(text, addSpecialTokens: expected is [1, ..]).Ids;
            if (!found.SequenceEqual(expected))
                wrong.Add($"{item.Groups["name"]}: {JsonSerializer.Serialize(text)}\n   expected {string.Join(' ', expected)}\n   was      {string.Join(' ', found)}");
        }

        Assert.That(wrong, Is.Empty, string.Join("\n", wrong));
        Assert.That(count, Is.GreaterThanOrEqualTo(atLeast));
    }

    /// <summary>The library's texts by the name of their list and their own.</summary>
    private static Dictionary<string, string> Texts()
    {
        var texts = new Dictionary<string, string>();
        string list = "";
        foreach (string line in File.ReadLines(SharedFolder.Require($"{Folder}/test_strings.js")))
        {
            if (List().Match(line) is { Success: true } begins)
                list = begins.Groups[1].Value;
            else if (Entry().Match(line) is { Success: true } entry)
                texts[$"{list}.{entry.Groups[1].Value}"] = Unquote(entry.Groups[2].Value);
        }

        return texts;
    }

    private static string Unquote(string literal) => literal[0] == '"'
        ? JsonSerializer.Deserialize<string>(literal.Replace("\t", "\\t", StringComparison.Ordinal))!
        : literal[1..^1].Replace("\\'", "'", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal);

    [GeneratedRegex(@"(?<name>[A-Z0-9_]+): \{\s*text: (?<text>[A-Z0-9_]+\.[A-Z0-9_]+),\s*tokens: \[.*\],\s*ids: (?<ids>\[[0-9, ]*\]),")]
    private static partial Regex Case();

    [GeneratedRegex(@"^export const ([A-Z0-9_]+) = \{")]
    private static partial Regex List();

    [GeneratedRegex(@"^  ([A-Z0-9_]+): ("".*""|'.*'),(?: //.*)?$")]
    private static partial Regex Entry();
}
