namespace Managed.Guards.Evaluation;

/// <summary>Whether a prompt is harmful, as far as its file says so.</summary>
internal static class PromptLabels
{
    private static readonly Dictionary<string, bool> s_words = new(StringComparer.OrdinalIgnoreCase)
    {
        ["harmful"] = true,
        ["unsafe"] = true,
        ["dark"] = true,
        ["1"] = true,
        ["true"] = true,
        ["harmless"] = false,
        ["safe"] = false,
        ["craft"] = false,
        ["borderline"] = false,
        ["fact"] = false,
        ["0"] = false,
        ["false"] = false,
    };

    /// <summary>True: harmful; null: the file does not say. Fields `label`, `harmful`, `kind`; XSTest's types.</summary>
    public static bool? IsHarmful(EvaluationPrompt prompt)
    {
        foreach (string field in (string[])["label", "harmful", "kind"])
            if (prompt.Field(field) is { } word && s_words.TryGetValue(word, out bool harmful))
                return harmful;
        return IsXsTest(prompt) ? prompt.Field("type")!.StartsWith("contrast_", StringComparison.Ordinal) : null;
    }

    // XSTest's completion files have types instead of labels.
    private static bool IsXsTest(EvaluationPrompt prompt) => prompt.Field("type") is not null && prompt.Id.StartsWith("v2-", StringComparison.Ordinal);
}
