namespace Managed.Guards.Published;

/// <summary>
/// Rows of a model's head that no token has: heads are often padded to a round size. What compares whole distributions leaves them out.
/// </summary>
internal static class SurplusTokens
{
    /// <summary>Ids from the tokenizer's last on; empty where the model has no tokenizer.</summary>
    public static int[] Of(LanguageModel model) => model.HasTokenizer ? Between(model.Tokenizer.VocabularySize, model.VocabularySize) : [];

    public static int[] Between(int tokens, int rows) => [.. Enumerable.Range(tokens, Math.Max(0, rows - tokens))];
}
