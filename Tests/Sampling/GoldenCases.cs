using System.Text.Json;

namespace Managed.Tests.Sampling;

/// <summary>Finds golden sampling files: the full sets of `shared` where they are, else the small ones of the repository.</summary>
internal static class GoldenCases
{
    public static string Path(string name) => SharedFolder.TryFind($"fixtures/sampling/{name}") ?? Fixture(name);

    public static string Fixture(string name) => SharedFolder.Fixture($"sampling/{name}");

    public static JsonElement Json(string path) => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;

    public static int[] Ints(this JsonElement element) => [.. element.EnumerateArray().Select(value => value.GetInt32())];

    public static double[] Doubles(this JsonElement element) =>
        [.. element.EnumerateArray().Select(value => value.ValueKind == JsonValueKind.Null ? double.NegativeInfinity : value.GetDouble())];

    public static float[] Singles(this JsonElement element) => Array.ConvertAll(element.Doubles(), value => (float)value);

    public static double Number(this JsonElement element, string name) => element.GetProperty(name).GetDouble();

    public static int Count(this JsonElement element, string name) => element.GetProperty(name).GetInt32();
}
