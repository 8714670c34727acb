using Managed.Loader.Templates;
using Managed.Loader.Tokenizers;

namespace Managed;

/// <summary>A model's chat template together with its tokenizer: conversations to tokens.</summary>
internal sealed class ChatFormat(ChatTemplate template, Tokenizer tokenizer)
{
    /// <summary>The ids of a conversation, ready for the model's reply.</summary>
    public int[] Encode(IReadOnlyList<ChatMessage> messages) =>
        tokenizer.Encode(Render(messages, addGenerationPrompt: true), addSpecialTokens: false).Ids; // the template writes them itself

    /// <summary>The special token that the template puts behind a reply; null where it puts none.</summary>
    /// <exception cref="TemplateException">The template refuses a question and a reply.</exception>
    public int? ReplyEnd()
    {
        const string Reply = "Reply";
        string text = Render([new ChatMessage("user", "Question"), new ChatMessage("assistant", Reply)], addGenerationPrompt: false);
        int end = text.LastIndexOf(Reply, StringComparison.Ordinal);
        if (end < 0)
            return null;
        foreach (int id in tokenizer.Encode(text[(end + Reply.Length)..], addSpecialTokens: false).Ids)
            if (tokenizer.IsSpecial(id))
                return id;
            else if (!string.IsNullOrWhiteSpace(tokenizer.Decode([id])))
                return null;
        return null;
    }

    private string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt) =>
        template.Render(messages, Token(tokenizer.BeginId), Token(tokenizer.EndId), addGenerationPrompt);

    private string? Token(int? id) => id is { } known ? tokenizer.IdToToken(known) : null;
}
