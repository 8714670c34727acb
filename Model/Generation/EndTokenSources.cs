using Managed.Loader;
using Managed.Loader.Tokenizers;

namespace Managed;

/// <summary>
/// What ends a model's answer, by all that say something about it: config.json, generation_config.json, the keys of a GGUF file,
/// tokenizer_config.json, and the chat template, which writes an end behind each reply.
/// </summary>
internal static class EndTokenSources
{
    private static readonly string[] Keys =
        ["eos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];

    /// <summary>Those of config.json, generation_config.json and a GGUF file's keys.</summary>
    /// <exception cref="CheckpointException">An id that the embedding has no row for.</exception>
    public static IEnumerable<int> Configured(Checkpoint checkpoint, int vocabulary)
    {
        foreach (ConfigSection? section in new[] { checkpoint.Config, checkpoint.Generation })
            foreach (string key in Keys)
                foreach (long id in section?.Integers(key) ?? [])
                {
                    if (id >= 0 && id < vocabulary)
                        yield return (int)id;
                    else if (checkpoint.Gguf is null) // GGUF files write 4294967295 and the like for "none"
                        throw section!.Error(key, $"{id}", $"ids from 0 to {vocabulary - 1}, the rows of the embedding");
                }
    }

    /// <summary>All of them together.</summary>
    /// <param name="configured">What <see cref="Configured"/> found.</param>
    /// <param name="tokenizer">The tokenizer, whose settings name an end; null: there is none.</param>
    /// <param name="replyEnd">What the chat template writes behind a reply; null: nothing.</param>
    /// <param name="vocabulary">Tokens that the model has.</param>
    public static int[] Union(IEnumerable<int> configured, Tokenizer? tokenizer, int? replyEnd, int vocabulary)
    {
        var all = new List<int>(configured);
        if (tokenizer?.EndId is { } end)
            all.Add(end);
        if (replyEnd is { } written)
            all.Add(written);
        return [.. all.Where(id => id < vocabulary).Distinct()];
    }

    /// <summary>The stop strings of generation_config.json: one text or a list.</summary>
    public static string[] StopStrings(Checkpoint checkpoint) =>
        [.. (checkpoint.Generation?.Texts("stop_strings", orOne: true) ?? []).Where(text => text.Length > 0)];
}
