using System.Text;
using System.Text.Json;
using Managed.Constraints;

namespace Managed.Tests.Constraints;

/// <summary>The golden cases for constraints, and what a constraint says about a text.</summary>
internal static class Fixtures
{
    public static List<JsonElement> Cases(string file) =>
        [.. JsonDocument.Parse(File.ReadAllText(SharedFolder.Fixture($"json-schema/{file}"))).RootElement.GetProperty("cases").EnumerateArray()];

    public static string Text(this JsonElement element, string property) => element.GetProperty(property).GetString()!;

    /// <summary>accept, prefix or reject.</summary>
    public static string Verdict(Constraint constraint, string text)
    {
        var state = constraint.Start();
        return !state.Advance(Encoding.UTF8.GetBytes(text)) ? "reject" : state.IsAccepting ? "accept" : "prefix";
    }
}
