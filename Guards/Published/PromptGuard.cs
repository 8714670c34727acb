namespace Managed.Guards.Published;

/// <summary>
/// A guard of words alone: a system message put in front of the conversation. Fixed, or, as GuidelineLLM (AAAI 2025) does it, with
/// guidelines on the request's risks that a small model writes first. It reads and edits no state.
/// </summary>
public sealed class PromptGuard
{
    private const int Most = 3; // guidelines, as published
    private readonly string opening;
    private readonly Func<string, string>? writer;

    /// <summary>A fixed message.</summary>
    /// <param name="message">The message.</param>
    /// <exception cref="GuardException">It is empty.</exception>
    public PromptGuard(string message) : this(message, null)
    {
    }

    /// <summary>A message with guidelines for each request.</summary>
    /// <param name="opening">What stands before the guidelines; alone where the writer has none, so that no request goes without.</param>
    /// <param name="writer">Given the last request, writes a guideline on each line; at most three are taken.</param>
    /// <exception cref="GuardException">The opening is empty.</exception>
    public PromptGuard(string opening, Func<string, string>? writer)
    {
        if (string.IsNullOrWhiteSpace(opening))
            throw new GuardException("prompt guard: found an empty message; expected a text to put in front.");
        (this.opening, this.writer) = (opening.Trim(), writer);
    }

    /// <summary>A message with guidelines that a model writes.</summary>
    /// <param name="opening">What stands before the guidelines.</param>
    /// <param name="model">The model that writes them.</param>
    /// <param name="instruction">The system message that it writes them under.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    public static PromptGuard Written(string opening, LanguageModel model, string instruction, GenerationOptions? options = null) =>
        new(opening, request => model.Generate([new ChatMessage("system", instruction), new ChatMessage("user", request)], options).Text);

    /// <summary>The conversation with the message in front; before a system message that it has already, and in one with it.</summary>
    /// <param name="chat">The turns so far.</param>
    /// <exception cref="GuardException">Guidelines are to be written, and nobody has asked anything.</exception>
    public IReadOnlyList<ChatMessage> Apply(IReadOnlyList<ChatMessage> chat)
    {
        string message = writer is null ? opening : string.Join('\n', [opening, .. Guidelines(writer(Request(chat)))]);
        return chat.Count > 0 && chat[0].Role == "system"
            ? [chat[0] with { Content = $"{message}\n\n{chat[0].Content}" }, .. chat.Skip(1)]
            : [new ChatMessage("system", message), .. chat];
    }

    private static string Request(IReadOnlyList<ChatMessage> chat) => chat.LastOrDefault(turn => turn.Role == "user")?.Content
        ?? throw new GuardException("prompt guard: found no user's turn to write guidelines for; expected at least one.");

    // Marks of a list are taken off; each line is one guideline.
    private static IEnumerable<string> Guidelines(string text) => text.Split('\n')
        .Select(line => line.Trim().TrimStart("0123456789.)-*• ".ToCharArray()).Trim())
        .Where(line => line.Length > 0)
        .Take(Most)
        .Select((line, index) => $"{index + 1}. {line}");
}
