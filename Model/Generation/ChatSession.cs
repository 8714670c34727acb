using System.Text.Encodings.Web;
using System.Text.Json;
using Managed.Loader;
using Managed.Loader.Templates;

namespace Managed;

/// <summary>A conversation with a model; the cache keeps what both sides have said so far.</summary>
internal sealed class ChatSession(LanguageModel model) : IDisposable
{
    private static readonly JsonSerializerOptions s_format = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<ChatMessage> messages = [];
    private readonly Cache.Sequence sequence = model.Transformer.Cache.Create();

    public LanguageModel Model { get; } = model;

    /// <summary>The system message; null: none.</summary>
    public string? System { get; set; }

    /// <summary>What both sides have said, without the system message.</summary>
    public IReadOnlyList<ChatMessage> Messages => messages;

    /// <summary>Refuses a model that cannot hold a conversation, or one with this system message.</summary>
    /// <exception cref="CheckpointException">There is no tokenizer or no chat template.</exception>
    /// <exception cref="TemplateException">The template refuses the conversation.</exception>
    public void Check() => Model.EncodeChat([.. Conversation(), new ChatMessage("user", "?")]);

    /// <summary>The user's turn and the model's reply to it. A turn that fails is as if it had not been said.</summary>
    public GenerationResult Say(string text, GenerationOptions options, Action<GeneratedToken>? onToken, CancellationToken cancellation)
    {
        var said = new ChatMessage("user", text);
        int[] ids = Model.EncodeChat([.. Conversation(), said]);
        GenerationResult reply = Model.Generate(sequence, ids, options, onToken, cancellation);
        messages.Add(said);
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

    /// <summary>Forgets all turns; the system message stays.</summary>
    public void Reset() => messages.Clear();

    /// <summary>The conversation as a chat template takes it: {"messages": [{"role", "content"}, ...]}.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new { messages = Conversation().Select(message => new { role = message.Role, content = message.Content }) }, s_format);

    /// <summary>Takes over what <see cref="ToJson"/> wrote to a file.</summary>
    /// <exception cref="CheckpointException">The file holds something else.</exception>
    public void Load(string file)
    {
        List<ChatMessage> loaded = Read(file);
        System = loaded is [{ Role: "system" } first, ..] ? first.Content : null;
        messages.Clear();
        messages.AddRange(loaded.Skip(System is null ? 0 : 1));
    }

    public void Dispose() => sequence.Dispose();

    private IEnumerable<ChatMessage> Conversation() => System is null ? messages : messages.Prepend(new ChatMessage("system", System));

    private static List<ChatMessage> Read(string file)
    {
        const string Expected = "{\"messages\": [{\"role\": \"user\", \"content\": \"...\"}, ...]}";
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(file));
            return [.. document.RootElement.GetProperty("messages").EnumerateArray()
                .Select(message => new ChatMessage(message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!))];
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CheckpointException(file, "conversation", null, failure.Message, Expected, failure);
        }
    }
}
