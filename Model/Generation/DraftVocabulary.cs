using System.Runtime.CompilerServices;
using Managed.Architectures;

namespace Managed;

/// <summary>Whether a model can draft for another: what one calls a token must be the same token to the other.</summary>
internal static class DraftVocabulary
{
    private static readonly ConditionalWeakTable<LanguageModel, LanguageModel> s_checked = [];

    /// <summary>Refuses a draft model that cannot draft.</summary>
    /// <exception cref="ArgumentException">The vocabularies differ, or the model's numbers depend on how a text is cut into steps.</exception>
    public static void Check(LanguageModel model, LanguageModel draft)
    {
        if (s_checked.TryGetValue(model, out LanguageModel? known) && ReferenceEquals(known, draft))
            return;
        if (model.Architecture.Layers.Any(layer => layer.Attention.Rope?.Scaling == RopeScalingKind.Dynamic))
            throw new ArgumentException("Draft: this model's rotary scaling is dynamic, so its numbers depend on how many tokens a step has; expected another kind.");
        if (draft.VocabularySize != model.VocabularySize)
            throw new ArgumentException($"Draft: {draft.Path} has {draft.VocabularySize} tokens; expected the {model.VocabularySize} of {model.Path}.");
        for (int id = 0; id < model.VocabularySize && model.HasTokenizer && draft.HasTokenizer; id++)
            if (model.Tokenizer.IdToToken(id) is var mine && draft.Tokenizer.IdToToken(id) is var other && mine != other)
                throw new ArgumentException($"Draft: token {id} is \"{other}\" to {draft.Path}; expected \"{mine}\", as to {model.Path}.");
        s_checked.AddOrUpdate(model, draft);
    }
}
