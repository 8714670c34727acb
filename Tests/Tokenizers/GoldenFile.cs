using System.Text.Json;
using Managed.Loader.Tokenizers;

namespace Managed.Tests.Tokenizers;

/// <summary>A file of texts with the ids, tokens and decodings that another implementation gives.</summary>
internal sealed class GoldenFile(string path)
{
    private readonly List<string> failures = [];
    private int compared;

    public IReadOnlyList<JsonElement> Cases { get; } =
        [.. JsonDocument.Parse(File.ReadAllBytes(path)).RootElement.GetProperty("cases").EnumerateArray()];

    public static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;

    public static int[] Ids(JsonElement item, string name) => [.. item.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    /// <summary>Everything that a golden file of tokenizers' own library holds.</summary>
    public void CompareAll(Tokenizer tokenizer)
    {
        foreach (var item in Cases)
        {
            string text = Text(item, "text");
            int[] ids = Ids(item, "ids");
            var encoded = tokenizer.Encode(text);
            Compare(text, "ids", ids, encoded.Ids);
            Compare(text, "tokens", item.GetProperty("tokens").EnumerateArray().Select(t => t.GetString()!), encoded.Tokens);
            Compare(text, "plain ids", item.TryGetProperty("ids_plain", out _) ? Ids(item, "ids_plain") : ids, tokenizer.Encode(text, false).Ids);
            Compare(text, "decoded", [Text(item, "decoded")], [tokenizer.Decode(ids, skipSpecialTokens: false)]);
            Compare(text, "decoded_skip", [Text(item, item.TryGetProperty("decoded_skip", out _) ? "decoded_skip" : "decoded")],
                [tokenizer.Decode(ids, skipSpecialTokens: true)]);
        }
        Verify();
    }

    public void Compare<T>(string text, string what, IEnumerable<T> expected, IEnumerable<T> actual)
    {
        compared++;
        if (!expected.SequenceEqual(actual))
            failures.Add($"{what} of {JsonSerializer.Serialize(text)}:\n   expected {JsonSerializer.Serialize(expected)}\n   was      {JsonSerializer.Serialize(actual)}");
    }

    /// <summary>Fails if anything differed, or nothing was compared.</summary>
    public void Verify()
    {
        Assert.That(compared, Is.GreaterThan(0));
        Assert.That(failures, Is.Empty, $"{failures.Count} of {compared} comparisons failed:\n{string.Join("\n", failures.Take(8))}");
    }
}
