using System.Runtime.CompilerServices;

namespace Managed.Guards;

/// <summary>Generation under a guard that is compiled on the way.</summary>
public static class GuardExtensions
{
    private static readonly ConditionalWeakTable<LanguageModel, Dictionary<GuardProgram, CompiledGuard>> Compiled = [];

    /// <summary>Continues a prompt under a guard and returns the new text.</summary>
    /// <param name="model">The model.</param>
    /// <param name="prompt">The text; the tokenizer's special tokens are added.</param>
    /// <param name="guard">What reads and edits on the way.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    /// <exception cref="GuardException">The guard does not fit the model, or refuses the text.</exception>
    public static string Generate(this LanguageModel model, string prompt, GuardProgram guard, GenerationOptions? options = null) =>
        model.Generate(prompt, model.Guarded(guard, options));

    /// <summary>Writes the reply in a conversation under a guard.</summary>
    /// <inheritdoc cref="Generate(LanguageModel, string, GuardProgram, GenerationOptions?)"/>
    public static GenerationResult Generate(this LanguageModel model, IReadOnlyList<ChatMessage> chat, GuardProgram guard, GenerationOptions? options = null) =>
        model.Generate(chat, model.Guarded(guard, options, chat));

    /// <summary>Writes the reply in a conversation under a guard, token by token as they come.</summary>
    /// <param name="model">The model.</param>
    /// <param name="chat">The turns so far.</param>
    /// <param name="guard">What reads and edits on the way.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    /// <param name="cancellation">Ends the stream.</param>
    /// <exception cref="GuardException">The guard does not fit the model, or refuses the text.</exception>
    public static IAsyncEnumerable<GeneratedToken> StreamAsync(
        this LanguageModel model, IReadOnlyList<ChatMessage> chat, GuardProgram guard, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        model.StreamAsync(chat, model.Guarded(guard, options, chat), cancellation);

    /// <summary>Options with a guard, which is compiled for the model once and goes with it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="guard">The guard.</param>
    /// <param name="options">The options; null: greedy, at most 128 tokens.</param>
    /// <param name="chat">The conversation, from which lanes with a system message of their own get their prompt.</param>
    /// <exception cref="GuardException">The guard does not fit the model.</exception>
    public static GenerationOptions Guarded(
        this LanguageModel model, GuardProgram guard, GenerationOptions? options = null, IReadOnlyList<ChatMessage>? chat = null)
    {
        Dictionary<GuardProgram, CompiledGuard> known = Compiled.GetOrCreateValue(model);
        if (!known.TryGetValue(guard, out CompiledGuard? compiled))
            known[guard] = compiled = guard.Compile(model);
        options = (options ?? new GenerationOptions()) with { Guard = compiled };
        return chat is null ? options : options with { LanePrompts = LanePrompts(model, compiled, chat) ?? options.LanePrompts };
    }

    /// <summary>The prompts of a guard's lanes that have a system message of their own; null: none has.</summary>
    internal static IReadOnlyDictionary<string, IReadOnlyList<int>>? LanePrompts(LanguageModel model, CompiledGuard guard, IReadOnlyList<ChatMessage> chat)
    {
        var prompts = new Dictionary<string, IReadOnlyList<int>>();
        foreach (GuardLane lane in guard.Lanes)
            if (lane.System is { } system)
                prompts[lane.Name] = model.EncodeChat([.. system.Length > 0 ? [new ChatMessage("system", system)] : Array.Empty<ChatMessage>(), .. chat.Where(message => message.Role != "system")]);
        return prompts.Count > 0 ? prompts : null;
    }
}
