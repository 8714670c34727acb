using System.Text.Json;
using Managed.Loader;
using Managed.Loader.Tokenizers;

namespace Managed.Tests.Tokenizers;

public class ComponentTests
{
    private static IEnumerable<TestCaseData> Components()
    {
        string path = SharedFolder.Fixture("tokenizers/tiny-components/goldens.json");
        foreach (var component in JsonDocument.Parse(File.ReadAllBytes(path)).RootElement.GetProperty("components").EnumerateArray())
        {
            string kind = component.GetProperty("kind").GetString()!;
            string json = component.GetProperty("component").GetRawText();
            yield return new TestCaseData(kind, json, component.GetProperty("cases")).SetArgDisplayNames(kind, json);
        }
    }

    [TestCaseSource(nameof(Components))]
    public void Each_component_alone_does_what_the_original_does(string kind, string json, JsonElement cases)
    {
        var field = new JsonField("goldens", kind, JsonValue.Parse("goldens", System.Text.Encoding.UTF8.GetBytes(json)));
        var failures = new List<string>();
        foreach (var item in cases.EnumerateArray())
        {
            string expected = item[1].ToString();
            string actual = kind switch
            {
                "normalizer" => NormalizerReader.Read(field).Normalize(AlignedText.FromString(item[0].GetString()!)).ToString(),
                "pre_tokenizer" => Split(field, item[0].GetString()!),
                "decoder" => Decode(field, item[0]),
                _ => throw new InvalidOperationException(kind),
            };
            if (kind == "pre_tokenizer")
                expected = JsonSerializer.Serialize(item[1]);
            if (expected != actual)
                failures.Add($"{JsonSerializer.Serialize(item[0])}\n   expected {JsonSerializer.Serialize(expected)}\n   was      {JsonSerializer.Serialize(actual)}");
        }
        Assert.That(cases.GetArrayLength(), Is.GreaterThan(0));
        Assert.That(failures, Is.Empty, $"{failures.Count} of {cases.GetArrayLength()}:\n{string.Join("\n", failures.Take(5))}");
    }

    private static string Split(JsonField field, string text)
    {
        var aligned = AlignedText.FromString(text);
        var pieces = PreTokenizerReader.Read(field).Apply(new TextPieces(aligned, aligned.Length == 0 ? [] : [(0, aligned.Length)]));
        return JsonSerializer.Serialize(pieces.Pieces.Select(piece => pieces.Text.Slice(piece.From, piece.To).ToString()));
    }

    private static string Decode(JsonField field, JsonElement tokens)
    {
        string[] all = [.. tokens.EnumerateArray().Select(token => token.GetString()!)];
        var stream = new StreamingDecoder(DecoderReader.Read(field)(), id => all[id]);
        return string.Concat(Enumerable.Range(0, all.Length).Select(id => stream.Append(id).ToString())) + stream.Flush();
    }
}
