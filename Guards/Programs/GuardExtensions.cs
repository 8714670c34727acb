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
        model.Generate(chat, model.Guarded(guard, options));

    /// <summary>Writes the reply in a conversation under a guard, token by token as they come.</summary>
    /// <param name="model">The model.</param>
    /// <param name="chat">The turns so far.</param>
    /// <param name="guard">What reads and edits on the way.</param>
    /// <param name="options">How; null: greedy, at most 128 tokens.</param>
    /// <param name="cancellation">Ends the stream.</param>
    /// <exception cref="GuardException">The guard does not fit the model, or refuses the text.</exception>
    public static IAsyncEnumerable<GeneratedToken> StreamAsync(
        this LanguageModel model, IReadOnlyList<ChatMessage> chat, GuardProgram guard, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        model.StreamAsync(chat, model.Guarded(guard, options), cancellation);

    /// <summary>Options with a guard, which is compiled for the model once and goes with it.</summary>
    /// <exception cref="GuardException">The guard does not fit the model.</exception>
    public static GenerationOptions Guarded(this LanguageModel model, GuardProgram guard, GenerationOptions? options = null)
    {
        Dictionary<GuardProgram, CompiledGuard> known = Compiled.GetOrCreateValue(model);
        if (!known.TryGetValue(guard, out CompiledGuard? compiled))
            known[guard] = compiled = guard.Compile(model);
        return (options ?? new GenerationOptions()) with { Guard = compiled };
    }
}
