using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Managed.Cli;

/// <summary>How every `--json` prints: one document on one line, names in snake_case, text as it is, infinities as strings.</summary>
internal static class JsonOutput
{
    public static JsonSerializerOptions Format { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static Option<bool> Option() => new("--json") { Description = "Print the result as JSON." };

    public static void Write<T>(ParseResult result, T value) =>
        result.InvocationConfiguration.Output.WriteLine(value is JsonNode node ? node.ToJsonString(Format) : JsonSerializer.Serialize(value, Format));
}
