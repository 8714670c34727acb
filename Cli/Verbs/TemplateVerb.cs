using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Managed.Loader.Templates;

namespace Managed.Cli.Verbs;

/// <summary>`managed template`: a chat template and its variables give the text that a model reads.</summary>
internal static class TemplateVerb
{
    private static readonly JsonSerializerOptions s_format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // deeper than any conversation, and refused with a message beyond
    private static readonly JsonDocumentOptions s_reading = new() { MaxDepth = 300 };

    public static Command Create()
    {
        var file = new Argument<FileInfo?>("template") { Description = "The chat template.", Arity = ArgumentArity.ZeroOrOne };
        var input = new Option<FileInfo?>("--input") { Description = "A JSON object: messages, tools, add_generation_prompt, bos_token, ..." };
        var now = new Option<string?>("--now") { Description = "The time that strftime_now tells, as 2026-01-31T12:00:00." };
        var fromStandardInput = new Option<bool>("--stdin-json")
        {
            Description = "Read a JSON array of {template, variables, now}, write one of {text} or {error, kind}.",
        };
        var command = new Command("template", "Renders a chat template.") { file, input, now, fromStandardInput };
        command.Validators.Add(result =>
        {
            bool batch = result.GetValue(fromStandardInput), single = result.GetValue(file) is not null && result.GetValue(input) is not null;
            if (batch == single || (batch && (result.GetValue(file) is not null || result.GetValue(input) is not null)))
                result.AddError("give a template with --input FILE.json, or --stdin-json alone");
        });
        command.SetAction(result =>
        {
            var output = result.InvocationConfiguration.Output;
            if (result.GetValue(fromStandardInput))
                output.WriteLine(RenderAll(CommandInput.Of(result).ReadToEnd()).ToJsonString(s_format));
            else
                output.Write(RenderFile(result.GetValue(file)!, result.GetValue(input)!, result.GetValue(now)));
        });
        return command;
    }

    private static string RenderFile(FileInfo template, FileInfo input, string? now)
    {
        using var variables = Read(File.ReadAllText(input.FullName), input.Name);
        return ChatTemplate.Parse(File.ReadAllText(template.FullName)).Render(variables.RootElement, Time(now));
    }

    private static JsonArray RenderAll(string json)
    {
        using var requests = Read(json, "standard input");
        if (requests.RootElement.ValueKind != JsonValueKind.Array)
            throw new UsageException($"standard input holds {requests.RootElement.ValueKind}; expected an array of {{template, variables, now}}");
        return new JsonArray([.. requests.RootElement.EnumerateArray().Select(RenderOne)]);
    }

    private static JsonObject RenderOne(JsonElement request)
    {
        if (request.ValueKind != JsonValueKind.Object || !request.TryGetProperty("template", out var template) || template.ValueKind != JsonValueKind.String)
            throw new UsageException("standard input holds an entry without a text under template; expected {template, variables, now}");
        string? now = !request.TryGetProperty("now", out var time) || time.ValueKind == JsonValueKind.Null ? null
            : time.ValueKind == JsonValueKind.String ? time.GetString()
            : throw new UsageException($"standard input holds {time.ValueKind} under now; expected a time like 2026-01-31T12:00:00");
        try
        {
            var parsed = ChatTemplate.Parse(TemplateValues.Text(template));
            return new JsonObject
            {
                ["text"] = request.TryGetProperty("variables", out var variables)
                    ? parsed.Render(variables, Time(now))
                    : parsed.Render(new Dictionary<string, object?>(), Time(now)),
            };
        }
        catch (TemplateException error)
        {
            return new JsonObject { ["error"] = error.Reason, ["kind"] = error.Kind.ToString().ToLowerInvariant() };
        }
    }

    private static JsonDocument Read(string json, string where)
    {
        try
        {
            return JsonDocument.Parse(json, s_reading);
        }
        catch (JsonException error)
        {
            throw new UsageException($"{where}: {error.Message}", error);
        }
    }

    private static DateTime? Time(string? text) => text is null ? null
        : DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var time) ? time
        : throw new UsageException($"'{text}' is not a time; expected one like 2026-01-31T12:00:00");
}
