using Managed.Cache;
using Managed.Kernels;

namespace Managed.Guards.Published;

/// <summary>
/// SLM as Guardian (Kwon et al., arXiv 2405.19795; EMNLP 2024 Industry): a small model of two tasks. After a request, one token asks
/// for its label, which is read off the logits of one pass over the request; another asks for the safeguard response, which continues
/// the same cache; a third forces a refusal. <see cref="GuardianRouter"/> puts it before a larger model.
/// </summary>
/// <remarks>No code or weights were published; the layout of the text is that of the checkpoint's chat template. One thread at a time.</remarks>
public sealed class SlmGuardian : IGuardian, IDisposable
{
    private readonly ConversationCache cache = new();
    private readonly SlmGuardianOptions options;
    private readonly Precision precision;
    private readonly int ask, explain, force;
    private readonly int[] safe, harmful;
    private (string Request, GuardianLabel Label)? last;

    /// <param name="model">The guardian's model; it stays the caller's.</param>
    /// <param name="options">Settings; null: the defaults, which fit `models/warden`.</param>
    /// <exception cref="GuardException">The model lacks one of the tokens, or a setting is out of range.</exception>
    public SlmGuardian(LanguageModel model, SlmGuardianOptions? options = null)
    {
        this.options = options ??= new SlmGuardianOptions();
        if (!(options.Threshold is >= 0 and <= 1))
            throw new GuardException($"SLM guardian, {nameof(options.Threshold)}: found {options.Threshold}; expected 0 to 1.");
        if (options.MaxTokens < 1)
            throw new GuardException($"SLM guardian, {nameof(options.MaxTokens)}: found {options.MaxTokens}; expected 1 or more.");
        Model = model;
        precision = options.Precision ?? Precision.Exact;
        (ask, explain, force) = (Token(options.AskToken), Token(options.ExplainToken), Token(options.ForceToken));
        (safe, harmful) = ([.. options.SafeTokens.Select(Token)], [.. options.HarmfulTokens.Select(Token)]);
        if (safe.Length == 0 || harmful.Length == 0 || safe.Intersect(harmful).Any())
            throw new GuardException($"SLM guardian, labels: found {string.Join(", ", options.SafeTokens)} and {string.Join(", ", options.HarmfulTokens)}; expected at least one of each, none of them both.");
    }

    /// <summary>The guardian's model.</summary>
    public LanguageModel Model { get; }

    /// <inheritdoc/>
    LanguageModel? IGuardian.Model => Model;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The request is longer than the model's cache.</exception>
    public GuardianLabel Label(string request)
    {
        int[] ids = Asked(request);
        GuardianLabel label = Label(cache.Prepare(Model, ids, null, precision, row: 0), ids);
        last = (request, label);
        return label;
    }

    /// <inheritdoc/>
    /// <remarks>Where the request was labelled last, only the label and the token that asks for the response go through the model.</remarks>
    public GenerationResult Respond(string request, CancellationToken cancellation = default)
    {
        GuardianLabel label = last is { } known && known.Request == request ? known.Label : Label(request);
        return Continue([.. Asked(request), (label.IsFlagged ? harmful : safe)[0], explain], cancellation);
    }

    /// <inheritdoc/>
    public GenerationResult ForceSafety(string request, CancellationToken cancellation = default) => Continue([.. Request(request), force], cancellation);

    /// <inheritdoc/>
    public IAnswerModeration Moderate(string request) => new Moderation(this, request);

    /// <summary>The request's tokens, and the one that asks for its label.</summary>
    internal int[] Asked(string request) => [.. Request(request), ask];

    /// <summary>Frees the guardian's cache; the model stays.</summary>
    public void Dispose() => cache.Dispose();

    private int[] Request(string request)
    {
        int[] ids = Model.EncodeChat([new ChatMessage("user", request)]);
        return ids.Length > 0 && ids[^1] == ask ? ids[..^1] : ids;
    }

    // The label of a text of which the sequence may hold a part.
    private GuardianLabel Label(Sequence sequence, int[] ids)
    {
        sequence.Truncate(Math.Min(sequence.Tokens.CommonPrefixLength(ids), ids.Length - 1));
        float[] logits = Advance(sequence, ids);
        return GuardianLabel.Of(Array.ConvertAll(safe, id => logits[id]), Array.ConvertAll(harmful, id => logits[id]), options.Threshold);
    }

    // The logits behind the text; the sequence holds a part of it.
    private float[] Advance(Sequence sequence, int[] ids)
    {
        Precision before = Model.Transformer.Precision;
        Model.Transformer.Precision = precision;
        try
        {
            Rows rows = default;
            for (int done = sequence.Length; done < ids.Length; done = sequence.Length)
            {
                int count = Math.Min(GenerationBatch.PromptChunk, ids.Length - done);
                rows = Model.Transformer.Forward([new StepInput(sequence, ids.AsMemory(done, count))], done + count == ids.Length ? LogitsWanted.Last : LogitsWanted.None, Model.Hooks);
            }
            return Model.Transformer.View(rows).Row(0).ToArray();
        }
        finally
        {
            Model.Transformer.Precision = before;
        }
    }

    private GenerationResult Continue(int[] ids, CancellationToken cancellation) =>
        Model.Generate(Model.CreateRun(ids, new GenerationOptions { MaxTokens = options.MaxTokens, Precision = precision }, null, cache), cancellation);

    private int Token(string text)
    {
        int? id = Model.HasTokenizer ? Model.Tokenizer.TokenToId(text) : null;
        return id is { } known && known < Model.VocabularySize ? known
            : throw new GuardException($"SLM guardian, {Model.Path}: found no token {text}; expected a model that was trained with it, or another name among the options.");
    }

    // The answer grows in one sequence; what asks for its label is put behind a fork of it, which is dropped.
    private sealed class Moderation(SlmGuardian guardian, string request) : IAnswerModeration
    {
        private readonly Sequence text = guardian.Model.Transformer.Cache.Create();
        private readonly int tail = guardian.Tail();

        public GuardianLabel Check(string answer)
        {
            int[] ids = guardian.Asked(guardian.options.Moderated(request, answer)), body = ids[..^Math.Min(tail, ids.Length - 1)];
            text.Truncate(Math.Min(text.Tokens.CommonPrefixLength(body), text.Length)); // tokens at the text's end may change as it grows
            if (text.Length < body.Length)
                guardian.Advance(text, body);
            using Sequence fork = text.Fork();
            return guardian.Label(fork, ids);
        }

        public void Dispose() => text.Dispose();
    }

    // Tokens behind what the user says.
    private int Tail()
    {
        ReadOnlySpan<int> one = Asked("x"), other = Asked("1");
        int tail = 0;
        while (tail < Math.Min(one.Length, other.Length) - 1 && one[^(tail + 1)] == other[^(tail + 1)])
            tail++;
        return tail;
    }
}

/// <summary>Settings of <see cref="SlmGuardian"/>.</summary>
public sealed record SlmGuardianOptions
{
    /// <summary>Asks for the label.</summary>
    public string AskToken { get; init; } = "<|pred|>";

    /// <summary>Asks for the safeguard response.</summary>
    public string ExplainToken { get; init; } = "<|expl|>";

    /// <summary>Asks for a refusal whatever the label.</summary>
    public string ForceToken { get; init; } = "<|force-safety|>";

    /// <summary>Labels that mean safe; a response goes on with the first.</summary>
    public IReadOnlyList<string> SafeTokens { get; init; } = ["<|safe|>"];

    /// <summary>Labels that mean harmful, of whatever kind; a response goes on with the first.</summary>
    public IReadOnlyList<string> HarmfulTokens { get; init; } = ["<|harmful|>"];

    /// <summary>τ: from which probability on a text is flagged.</summary>
    public double Threshold { get; init; } = 0.5;

    /// <summary>Tokens of a safeguard response at most.</summary>
    public int MaxTokens { get; init; } = 64;

    /// <summary>What stands in the request's place when an answer is looked at; by default the answer alone.</summary>
    public Func<string, string, string> Moderated { get; init; } = static (_, answer) => answer;

    /// <summary>How quantised weights meet activations; null: exact.</summary>
    public Precision? Precision { get; init; }
}
