using Managed.Cache;
using Managed.Kernels;

namespace Managed.Guards;

/// <summary>The tokens by which a guardian model is asked (SLM as Guardian, arXiv 2405.19795).</summary>
/// <param name="Labels">The tokens that are labels.</param>
/// <param name="Harmful">Which of them means harmful.</param>
/// <param name="Predict">Asks for the label, behind the request.</param>
/// <param name="Explain">Asks for the safeguard response, behind the label.</param>
/// <param name="Force">Asks for a refusal whatever the label, behind the request.</param>
public sealed record GuardianTokens(IReadOnlyList<int> Labels, int Harmful, int Predict, int Explain, int Force)
{
    /// <summary>The tokens `&lt;|safe|&gt;`, `&lt;|harmful|&gt;`, `&lt;|pred|&gt;`, `&lt;|expl|&gt;`, `&lt;|force-safety|&gt;` of a model.</summary>
    /// <exception cref="GuardException">The model's tokenizer lacks one.</exception>
    public static GuardianTokens Of(LanguageModel model)
    {
        int Id(string text) => model.Encode(text, addSpecialTokens: false) is [var id] ? id
            : throw new GuardException($"{model.Path}: found no token {text}; expected a guardian model, which has it.");
        int harmful = Id("<|harmful|>");
        return new GuardianTokens([Id("<|safe|>"), harmful], harmful, Id("<|pred|>"), Id("<|expl|>"), Id("<|force-safety|>"));
    }
}

/// <summary>What a guardian thinks of a request.</summary>
/// <param name="Logits">Of each label, in order.</param>
/// <param name="Harmful">Probability of the harmful label among the labels; 1 where it cannot be told.</param>
/// <param name="Label">The likeliest label's token.</param>
public sealed record GuardianVerdict(IReadOnlyList<float> Logits, double Harmful, int Label);

/// <summary>
/// A small model that labels requests and answers harmful ones in another's stead. The label is read off one pass over the request;
/// the response goes on in the same cache.
/// </summary>
public sealed class Guardian : IDisposable
{
    private readonly LanguageModel model;
    private readonly ConversationCache cache = new();

    /// <param name="model">The guardian's model, which stays the caller's.</param>
    /// <param name="tokens">Its tokens; null: those of Thornvale's warden.</param>
    /// <exception cref="GuardException">The model lacks them.</exception>
    public Guardian(LanguageModel model, GuardianTokens? tokens = null)
    {
        this.model = model;
        Tokens = tokens ?? GuardianTokens.Of(model);
    }

    /// <summary>The tokens by which it is asked.</summary>
    public GuardianTokens Tokens { get; }

    /// <summary>How quantised weights meet activations.</summary>
    public Precision Precision { get; init; } = Precision.Exact;

    /// <summary>Labels a request.</summary>
    public GuardianVerdict Judge(IReadOnlyList<ChatMessage> chat)
    {
        int[] ids = [.. Request(chat), Tokens.Predict];
        Sequence sequence = cache.Prepare(model, ids, null, Precision, row: 0);
        Precision before = model.Transformer.Precision;
        model.Transformer.Precision = Precision;
        try
        {
            Rows rows = model.Transformer.Forward([new StepInput(sequence, ids.AsMemory(sequence.Length))], LogitsWanted.Last, model.Hooks);
            ReadOnlySpan<float> logits = model.Transformer.View(rows).Row(0);
            var labels = new float[Tokens.Labels.Count];
            for (int label = 0; label < labels.Length; label++)
                labels[label] = logits[Tokens.Labels[label]];
            return Verdict(labels);
        }
        finally
        {
            model.Transformer.Precision = before;
        }
    }

    /// <summary>The safeguard response after a label, in the cache that the label was read from.</summary>
    public GenerationResult Respond(IReadOnlyList<ChatMessage> chat, int label, GenerationOptions? options = null) =>
        Continue([.. Request(chat), Tokens.Predict, label, Tokens.Explain], options);

    /// <summary>A refusal whatever the label: because another filter has fired.</summary>
    public GenerationResult Force(IReadOnlyList<ChatMessage> chat, GenerationOptions? options = null) =>
        Continue([.. Request(chat), Tokens.Force], options);

    /// <summary>Frees the cache.</summary>
    public void Dispose() => cache.Dispose();

    /// <summary>The probabilities of labels: a softmax over them alone. Logits that are not finite count as harmful.</summary>
    internal GuardianVerdict Verdict(float[] labels)
    {
        int harmful = Enumerable.Range(0, labels.Length).First(label => Tokens.Labels[label] == Tokens.Harmful);
        if (!Array.TrueForAll(labels, float.IsFinite))
            return new GuardianVerdict(labels, 1, Tokens.Harmful);
        double highest = labels.Max(), sum = labels.Sum(logit => Math.Exp(logit - highest));
        int best = Array.IndexOf(labels, labels.Max());
        return new GuardianVerdict(labels, Math.Exp(labels[harmful] - highest) / sum, Tokens.Labels[best]);
    }

    private GenerationResult Continue(int[] ids, GenerationOptions? options) =>
        model.Generate(model.CreateRun(ids, (options ?? new GenerationOptions()) with { Precision = Precision }, null, cache), CancellationToken.None);

    // The conversation without the token that asks for a label, where the chat template adds it.
    private int[] Request(IReadOnlyList<ChatMessage> chat)
    {
        int[] ids = model.EncodeChat(chat);
        return ids.Length > 0 && ids[^1] == Tokens.Predict ? ids[..^1] : ids;
    }
}
