using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Managed.Loader.Tokenizers;

namespace Managed.Cli.Verbs;

/// <summary>`managed tokenize`: what a text becomes before a model reads it.</summary>
internal static class TokenizeVerb
{
    private static readonly JsonSerializerOptions s_format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "A checkpoint, a tokenizer.json, a SentencePiece model or a GGUF file." };
        var text = new Option<string?>("--text") { Description = "The text." };
        var fromStandardInput = new Option<bool>("--stdin-json") { Description = "Read a JSON array of strings, write an array of results." };
        var json = new Option<bool>("--json") { Description = "Write {ids, tokens, offsets, decoded}." };
        var noSpecial = new Option<bool>("--no-special") { Description = "Add no special tokens around the text." };
        var command = new Command("tokenize", "Shows the tokens of a text.") { model, text, fromStandardInput, json, noSpecial };
        command.Validators.Add(result =>
        {
            if (result.GetValue(text) is not null == result.GetValue(fromStandardInput))
                result.AddError("give a text with --text, or --stdin-json");
        });
        command.SetAction(result =>
        {
            var output = result.InvocationConfiguration.Output;
            var tokenizer = Tokenizer.Open(ModelPath.Resolve(result.GetValue(model)!));
            bool special = !result.GetValue(noSpecial);
            if (result.GetValue(fromStandardInput))
                output.WriteLine(EncodeAll(tokenizer, CommandInput.Of(result).ReadToEnd(), special).ToJsonString(s_format));
            else if (result.GetValue(json))
                output.WriteLine(Encode(tokenizer, result.GetValue(text)!, special).ToJsonString(s_format));
            else
                Show(tokenizer.Encode(result.GetValue(text)!, special), output);
        });
        return command;
    }

    private static JsonArray EncodeAll(Tokenizer tokenizer, string json, bool special)
    {
        try
        {
            using var texts = JsonDocument.Parse(json);
            if (texts.RootElement.ValueKind != JsonValueKind.Array)
                throw new UsageException($"standard input holds {texts.RootElement.ValueKind}; expected an array of strings");
            return new JsonArray([.. texts.RootElement.EnumerateArray().Select(text => text.ValueKind == JsonValueKind.String
                ? Encode(tokenizer, text.GetString()!, special)
                : throw new UsageException($"standard input holds {text.ValueKind} among the texts; expected strings"))]);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException) // the latter: half of a surrogate pair
        {
            throw new UsageException($"standard input is not a JSON array of strings: {error.Message}", error);
        }
    }

    private static JsonObject Encode(Tokenizer tokenizer, string text, bool special)
    {
        var encoded = tokenizer.Encode(text, special);
        return new JsonObject
        {
            ["ids"] = new JsonArray([.. encoded.Ids.Select(id => JsonValue.Create(id))]),
            ["tokens"] = new JsonArray([.. encoded.Tokens.Select(token => JsonValue.Create(token))]),
            ["offsets"] = new JsonArray([.. encoded.Offsets.Select(at => new JsonArray(at.Start, at.End))]),
            ["decoded"] = tokenizer.Decode(encoded.Ids, skipSpecialTokens: false),
        };
    }

    private static void Show(TokenizedText encoded, TextWriter output)
    {
        for (int i = 0; i < encoded.Ids.Length; i++)
        {
            var (start, end) = encoded.Offsets[i];
            string token = JsonSerializer.Serialize(encoded.Tokens[i], s_format);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{encoded.Ids[i],8}  {start,6}-{end,-6} {token}"));
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{encoded.Ids.Length} tokens"));
    }
}
