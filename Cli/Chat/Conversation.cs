using System.Text.Encodings.Web;
using System.Text.Json;
using Managed.Loader;

namespace Managed.Cli.Chat;

/// <summary>A conversation as messages and as a file: {"messages": [{"role", "content"}, ...]}, which `managed template --input` takes too.</summary>
internal static class Conversation
{
    private static readonly JsonSerializerOptions s_format = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>All messages, the system message first.</summary>
    public static IEnumerable<ChatMessage> Of(ChatSession session) =>
        session.System is { } system ? session.Messages.Prepend(new ChatMessage("system", system)) : session.Messages;

    /// <summary>Refuses a model that cannot hold this conversation: no tokenizer, no chat template, a template that refuses it.</summary>
    public static void Check(ChatSession session) => session.Model.EncodeChat([.. Of(session), new ChatMessage("user", "?")]);

    public static void Save(ChatSession session, string file)
    {
        var messages = Of(session).Select(message => new { role = message.Role, content = message.Content });
        AtomicFile.Write(file, stream => JsonSerializer.Serialize(stream, new { messages }, s_format));
    }

    /// <summary>Goes on with what <see cref="Save"/> wrote.</summary>
    /// <exception cref="CheckpointException">The file holds something else.</exception>
    public static void Load(ChatSession session, string file)
    {
        List<ChatMessage> messages = Read(file);
        bool hasSystem = messages is [{ Role: "system" }, ..];
        session.System = hasSystem ? messages[0].Content : null;
        session.Restore(messages.Skip(hasSystem ? 1 : 0));
    }

    private static List<ChatMessage> Read(string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(file));
            return [.. document.RootElement.GetProperty("messages").EnumerateArray()
                .Select(message => new ChatMessage(message.GetProperty("role").GetString()!, message.GetProperty("content").GetString()!))];
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CheckpointException(file, "conversation", null, "something else", "{\"messages\": [{\"role\": \"user\", \"content\": \"...\"}, ...]}", failure);
        }
    }
}
