using System.Text.Json;

namespace Managed;

/// <summary>A conversation with a model; the cache keeps what both sides have said so far, so that a turn computes only what is new.</summary>
public sealed class ChatSession : IDisposable
{
    private readonly List<ChatMessage> messages = [];
    private readonly ConversationCache cache = new();

    internal ChatSession(LanguageModel model) => Model = model;

    /// <summary>Who is spoken to.</summary>
    public LanguageModel Model { get; }

    /// <summary>The system message; null: none.</summary>
    public string? System { get; set; }

    /// <summary>What was said, without the system message.</summary>
    public IReadOnlyList<ChatMessage> Messages => messages;

    /// <summary>The user's turn and the model's reply to it. A reply that is cancelled stays in the conversation as far as it came; one that fails does not, nor does the question.</summary>
    /// <param name="text">What the user says.</param>
    /// <param name="options">How the reply is made; null: greedy, at most 128 tokens.</param>
    /// <param name="onToken">Takes each token as it comes.</param>
    /// <param name="cancellation">Ends the reply after the current token.</param>
    public GenerationResult Say(
        string text, GenerationOptions? options = null, Action<GeneratedToken>? onToken = null, CancellationToken cancellation = default)
    {
        List<ChatMessage> turns = [.. messages, new ChatMessage("user", text)];
        int[] ids = Model.EncodeChat(System is null ? turns : [new ChatMessage("system", System), .. turns]);
        GenerationResult reply = Model.Generate(Model.CreateRun(ids, options ?? new GenerationOptions(), onToken, cache), cancellation);
        messages.Add(turns[^1]);
        messages.Add(new ChatMessage("assistant", reply.Text));
        return reply;
    }

    /// <summary>Forgets the last turn of both sides. False: there is none.</summary>
    public bool Undo()
    {
        if (messages.Count < 2)
            return false;
        messages.RemoveRange(messages.Count - 2, 2);
        return true;
    }

    /// <summary>Forgets all turns.</summary>
    public void Reset() => messages.Clear();

    /// <summary>Goes on with turns that were said elsewhere.</summary>
    internal void Restore(IEnumerable<ChatMessage> turns)
    {
        messages.Clear();
        messages.AddRange(turns);
    }

    /// <summary>The conversation as a list of messages.</summary>
    public string ToJson() => JsonSerializer.Serialize(messages.Select(message => new { role = message.Role, content = message.Content }));

    /// <summary>Frees the conversation's cache.</summary>
    public void Dispose() => cache.Dispose();
}
