namespace Managed.Guards.Published;

/// <summary>
/// DRO's safeguard (Zheng et al., "On Prompt-Driven Safeguarding for Large Language Models", arXiv 2401.18018, ICML 2024), deployed: a
/// system prompt whose embeddings were trained and stand for no tokens. The text has placeholders in their place, and a guard puts the
/// embeddings there; so rows with other soft prompts, or none, go through the model together.
/// </summary>
public sealed class SoftPrompt
{
    private readonly GuardTensor embeddings; // [tokens, width]

    private SoftPrompt(GuardTensor embeddings) => this.embeddings = embeddings;

    /// <summary>Positions that it takes.</summary>
    public int Tokens => embeddings.Shape[0];

    /// <summary>Elements of an embedding.</summary>
    public int Width => embeddings.Shape[1];

    /// <summary>A soft prompt from its embeddings, as rows of the model's embedding matrix would hold them.</summary>
    /// <param name="values">[tokens, width], row by row.</param>
    /// <param name="tokens">Its rows.</param>
    /// <exception cref="GuardException">The numbers do not make such a matrix, or are not finite.</exception>
    public static SoftPrompt Of(float[] values, int tokens) =>
        tokens < 1 || values.Length == 0 || values.Length % tokens != 0 || !Array.TrueForAll(values, float.IsFinite)
            ? throw new GuardException($"soft prompt: found {values.Length} numbers for {tokens} tokens; expected tokens × width finite ones.")
            : new SoftPrompt(GuardTensor.Of(values, tokens));

    /// <summary>Reads one from a safetensors file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">The tensor [tokens, width].</param>
    /// <exception cref="GuardException">The file is damaged, or holds no such tensor.</exception>
    public static SoftPrompt Load(string path, string name = "soft_prompt")
    {
        using var file = new LearnedTensors(path);
        return new SoftPrompt(file.Read(name, 2));
    }

    /// <summary>A conversation's tokens with placeholders as its system message, and the guard that fills them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="chat">The turns, without a system message.</param>
    /// <exception cref="GuardException">The chat template has no place for a system message, or the widths differ.</exception>
    public (int[] Ids, GuardProgram Guard) Before(LanguageModel model, IReadOnlyList<ChatMessage> chat)
    {
        int[] one = model.EncodeChat([new ChatMessage("system", "x"), .. chat]), other = model.EncodeChat([new ChatMessage("system", "1"), .. chat]);
        int at = one.AsSpan().CommonPrefixLength(other), tail = 0;
        while (tail < Math.Min(one.Length, other.Length) - at && one[^(tail + 1)] == other[^(tail + 1)])
            tail++;
        if (at == one.Length)
            throw new GuardException($"soft prompt, {model.Path}: found a chat template that leaves system messages out; expected a place for one. Put the soft prompt before the tokens instead.");
        return ([.. one[..at], .. Placeholders(model), .. one[^tail..]], At(model, at));
    }

    /// <summary>Tokens with placeholders at a place among them, and the guard that fills them.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">The prompt's tokens.</param>
    /// <param name="at">Where the soft prompt begins: 0, or behind the token that begins a text.</param>
    /// <exception cref="GuardException">There is no such place, or the widths differ.</exception>
    public (int[] Ids, GuardProgram Guard) Before(LanguageModel model, ReadOnlySpan<int> ids, int at = 0) =>
        at < 0 || at > ids.Length ? throw new GuardException($"soft prompt: found the place {at}; expected 0 to {ids.Length}.")
            : ([.. ids[..at], .. Placeholders(model), .. ids[at..]], At(model, at));

    /// <summary>The guard that puts the embeddings in the place of those of the tokens from a position on.</summary>
    private GuardProgram At(LanguageModel model, int first)
    {
        if (Width != model.Width)
            throw new GuardException($"soft prompt: found embeddings of {Width} elements; expected {model.Width}, the width of {model.Path}.");
        if (model.Architecture.EmbeddingNorm is not null)
            throw new GuardException($"soft prompt: found {model.Path}, which puts a norm behind its embedding; expected a model without one.");
        if (Tokens > GuardProgram.MostSteps)
            throw new GuardException($"soft prompt: found {Tokens} tokens; expected at most {GuardProgram.MostSteps}.");
        float scale = model.Architecture.EmbeddingScale;
        var tensors = new Dictionary<string, GuardTensor>();
        var steps = new GuardStep[Tokens];
        for (int token = 0; token < steps.Length; token++)
        {
            float[] row = embeddings.Values[(token * Width)..((token + 1) * Width)];
            tensors[$"soft.{token}"] = GuardTensor.Of(scale == 1 ? row : Array.ConvertAll(row, value => value * scale));
            steps[token] = new GuardStep
            {
                Do = "replace",
                At = "hook_embed",
                On = GuardPositions.Range(first + token, first + token + 1),
                Tensors = new Dictionary<string, string> { ["vector"] = $"soft.{token}" },
            };
        }
        return new GuardProgram { Name = "soft_prompt", What = "embeddings that were trained stand for the system message", Steps = steps, Tensors = tensors };
    }

    // As in the released code, an end token holds each place.
    private int[] Placeholders(LanguageModel model)
    {
        var held = new int[Tokens];
        Array.Fill(held, model.EndTokens.Count > 0 ? model.EndTokens[0] : 0);
        return held;
    }
}
