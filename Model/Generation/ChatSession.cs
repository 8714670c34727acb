using System.Text.Json;
using Managed.Loader.Templates;

namespace Managed;

/// <summary>A conversation with a model; the cache keeps what both sides have said so far.</summary>
internal sealed class ChatSession(LanguageModel model) : IDisposable
{
    private readonly List<ChatMessage> messages = [];
    private readonly Cache.Sequence sequence = model.Transformer.Cache.Create();

    public LanguageModel Model { get; } = model;

    /// <summary>The system message; null: none.</summary>
    public string? System { get; set; }

    public IReadOnlyList<ChatMessage> Messages => messages;

    /// <summary>The user's turn and the model's reply to it.</summary>
    public GenerationResult Say(string text, GenerationOptions options, Action<GeneratedToken>? onToken, CancellationToken cancellation)
    {
        List<ChatMessage> turns = [.. messages, new ChatMessage("user", text)];
        int[] ids = Model.EncodeChat(System is null ? turns : [new ChatMessage("system", System), .. turns]);
        GenerationResult reply = Model.Generate(sequence, ids, options, onToken, cancellation);
        messages.Add(turns[^1]);
        messages.Add(new ChatMessage("assistant", reply.Text));
        return reply;
    }

    /// <summary>Forgets the last turn of both sides.</summary>
    public bool Undo()
    {
        if (messages.Count < 2)
            return false;
        messages.RemoveRange(messages.Count - 2, 2);
        return true;
    }

    public void Reset() => messages.Clear();

    /// <summary>Goes on with turns that were said elsewhere.</summary>
    internal void Restore(IEnumerable<ChatMessage> turns)
    {
        messages.Clear();
        messages.AddRange(turns);
    }

    /// <summary>The conversation as a list of messages.</summary>
    public string ToJson() => JsonSerializer.Serialize(messages.Select(message => new { role = message.Role, content = message.Content }));

    public void Dispose() => sequence.Dispose();
}
