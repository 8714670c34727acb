using System.Text.Json;
using Managed.Tests.Sampling;

namespace Managed.Tests.Guards.Evaluation;

/// <summary>Goldens of Fixtures/eval: scikit-learn, scipy, statsmodels and transformers; its README holds the definitions.</summary>
internal static class EvalGoldens
{
    public static JsonElement Json(string name) => GoldenCases.Json(SharedFolder.Fixture($"eval/{name}"));

    public static double? Nullable(this JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value.GetDouble() : null;
}
