namespace Managed.Guards.Learning;

/// <summary>A prompt in one of the forms that it may have: a text, turns of a conversation, token ids.</summary>
/// <param name="Text">A text: a user's turn, or complete as it stands.</param>
/// <param name="Turns">Turns, put through the chat template.</param>
/// <param name="Ids">Token ids, complete.</param>
public sealed record Prompt(string? Text = null, IReadOnlyList<ChatMessage>? Turns = null, IReadOnlyList<int>? Ids = null)
{
    /// <summary>A text.</summary>
    public static implicit operator Prompt(string text) => new(text);

    /// <summary>The prompt with a system message before it.</summary>
    /// <param name="system">The message.</param>
    /// <exception cref="GuardException">The prompt is token ids, which have no place for it.</exception>
    internal Prompt Under(string system) => Ids is not null ? throw new GuardException("found a prompt of token ids; expected a text or turns, before which a system message can stand.")
        : new Prompt(Turns: [new ChatMessage("system", system), .. Turns ?? [new ChatMessage("user", Text ?? "")]]);

    /// <summary>As many of some prompts, evenly spread; all, where there are no more or none are asked for.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="count">How many; 0: all.</param>
    internal static IReadOnlyList<Prompt> Spread(IReadOnlyList<Prompt> prompts, int count) => count == 0 || count >= prompts.Count ? prompts
        : [.. Enumerable.Range(0, count).Select(i => prompts[(int)((long)i * prompts.Count / count)])];

    /// <summary>The token ids that the model reads.</summary>
    /// <param name="model">The model whose tokenizer and chat template are used.</param>
    /// <param name="raw">Whether a text is complete, special tokens written out and nothing added; else it is a user's turn.</param>
    /// <exception cref="GuardException">The prompt has no form, or no tokens.</exception>
    public int[] Encode(LanguageModel model, bool raw = false)
    {
        int[] ids = Ids is { } given ? [.. given]
            : Turns is { } turns ? model.EncodeChat(turns)
            : Text is not { } text ? throw new GuardException("found a prompt without text, turns or ids; expected one of them.")
            : raw ? model.Encode(text, addSpecialTokens: false)
            : model.EncodeChat([new ChatMessage("user", text)]);
        int outside = Array.FindIndex(ids, id => id < 0 || id >= model.VocabularySize);
        if (outside >= 0)
            throw new GuardException($"a prompt: found the id {ids[outside]} at {outside}; expected ids from 0 to {model.VocabularySize - 1}.");
        return ids.Length > 0 ? ids : throw new GuardException($"found a prompt without tokens ('{Text}'); expected at least one.");
    }
}
