using System.Runtime.CompilerServices;
using Managed.Architectures;

namespace Managed;

/// <summary>Whether two models can go over the same tokens: what one calls a token must be the same token to the other.</summary>
internal static class SharedVocabulary
{
    private static readonly ConditionalWeakTable<LanguageModel, LanguageModel> s_checked = [];

    /// <summary>Refuses a draft model that cannot draft.</summary>
    /// <exception cref="ArgumentException">The vocabularies differ, or the model's numbers depend on how a text is cut into steps.</exception>
    public static void CheckDraft(LanguageModel model, LanguageModel draft)
    {
        if (s_checked.TryGetValue(model, out LanguageModel? known) && ReferenceEquals(known, draft))
            return;
        CheckSteps(model, "Draft");
        if (Difference(model, draft) is { } difference)
            throw new ArgumentException($"Draft: {difference}.");
        s_checked.AddOrUpdate(model, draft);
    }

    /// <summary>Refuses a model whose numbers depend on how a text is cut into steps.</summary>
    /// <param name="model">The model.</param>
    /// <param name="what">What needs steps of several tokens.</param>
    /// <exception cref="ArgumentException">They do.</exception>
    public static void CheckSteps(LanguageModel model, string what)
    {
        if (model.Architecture.Layers.Any(layer => layer.Attention.Rope?.Scaling == RopeScalingKind.Dynamic))
            throw new ArgumentException($"{what}: this model's rotary scaling is dynamic, so its numbers depend on how many tokens a step has; expected another kind.");
    }

    /// <summary>What differs between two vocabularies, in words; null: nothing.</summary>
    public static string? Difference(LanguageModel model, LanguageModel other)
    {
        if (other.VocabularySize != model.VocabularySize)
            return $"{other.Path} has {other.VocabularySize} tokens; expected the {model.VocabularySize} of {model.Path}";
        for (int id = 0; id < model.VocabularySize && model.HasTokenizer && other.HasTokenizer; id++)
            if (model.Tokenizer.IdToToken(id) is var mine && other.Tokenizer.IdToToken(id) is var its && mine != its)
                return $"token {id} is \"{its}\" to {other.Path}; expected \"{mine}\", as to {model.Path}";
        return null;
    }
}
