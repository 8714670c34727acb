using System.Numerics.Tensors;
using Managed.Guards.Evaluation;
using Managed.Kernels;
using Managed.Sampling;

namespace Managed.Guards.Published;

/// <summary>
/// A guardian made of a chat model as it is, without special tokens of its own: the request is put into a question, and the label is
/// read off the logits of words that may answer it ("Yes", "No"), or of two rows that were trained for its head
/// (<see cref="ChatGuardianOptions.Probe"/>). The large model itself may be its own guardian.
/// </summary>
/// <remarks>
/// SLM as Guardian (arXiv 2405.19795) tunes the small model and its tokens; this is the same router where there is no tuned model. Two
/// trained rows for the label tokens, on a body that stays as it is, are a logistic probe of the final norm's output: the softmax over
/// two logits depends on their difference alone.
/// </remarks>
public sealed class ChatGuardian : IGuardian
{
    private readonly ChatGuardianOptions options;
    private readonly int[] safe, harmful;

    /// <param name="model">The model that reads; it stays the caller's.</param>
    /// <param name="options">What it is asked, and what it answers.</param>
    /// <exception cref="GuardException">Words that are not one token, a probe that does not fit, or a setting out of range.</exception>
    public ChatGuardian(LanguageModel model, ChatGuardianOptions options)
    {
        (Model, this.options) = (model, options);
        if (!(options.Threshold is >= 0 and <= 1))
            throw new GuardException($"guardian {options.Name}, threshold: found {options.Threshold}; expected 0 to 1.");
        if (!options.Ask.Contains("{request}", StringComparison.Ordinal))
            throw new GuardException($"guardian {options.Name}, ask: found \"{options.Ask}\"; expected a text with {{request}} in it.");
        (safe, harmful) = ([.. options.SafeWords.Select(Token)], [.. options.HarmfulWords.Select(Token)]);
        bool words = safe.Length > 0 && harmful.Length > 0 && !safe.Intersect(harmful).Any();
        if (options.Probe is { } probe ? safe.Length + harmful.Length > 0 || probe.Weight.Length != model.Width : !words)
            throw new GuardException($"guardian {options.Name}: found {safe.Length} words that mean safe, {harmful.Length} that mean harmful and {(options.Probe is { } found ? $"a probe of {found.Weight.Length} weights" : "no probe")}; "
                + $"expected words of both kinds, none of them both, or a probe of {model.Width} weights instead.");
    }

    /// <inheritdoc/>
    public LanguageModel Model { get; }

    /// <inheritdoc/>
    public GuardianLabel Label(string request)
    {
        string asked = options.Ask.Replace("{request}", request, StringComparison.Ordinal);
        int[] ids = Model.EncodeChat([.. options.System is { } system ? [new ChatMessage("system", system)] : Array.Empty<ChatMessage>(), new ChatMessage("user", asked)]);
        if (options.Probe is { } probe)
        {
            ReadOnlySpan<float> state = Model.Run(ids, new RunOptions { Names = [GuardPoints.FinalNorm], Positions = PositionFilter.Last }).Cache[GuardPoints.FinalNorm].Values;
            return GuardianLabel.Of([0], [TensorPrimitives.Dot(state, probe.Weight) + probe.Bias], options.Threshold);
        }
        using LogitRun run = new LogitSource(Model).Begin(ids.Length);
        run.Skip(ids.AsSpan(0, ids.Length - 1));
        Span2D logits = run.Next(ids.AsSpan(ids.Length - 1));
        return GuardianLabel.Of(Read(logits, safe), Read(logits, harmful), options.Threshold);

        static float[] Read(Span2D logits, int[] tokens)
        {
            var found = new float[tokens.Length];
            for (int i = 0; i < found.Length; i++)
                found[i] = logits.Row(0)[tokens[i]];
            return found;
        }
    }

    /// <inheritdoc/>
    public GenerationResult Respond(string request, CancellationToken cancellation = default)
    {
        if (options.Response is { } guard)
            return Model.Generate([new ChatMessage("user", request)], guard, new GenerationOptions { MaxTokens = options.MaxTokens });
        return new GenerationResult { Ids = [], Text = options.Refusal, PromptTokens = 0, Reason = StopReason.EndToken, Precision = Precision.Exact };
    }

    /// <inheritdoc/>
    public GenerationResult ForceSafety(string request, CancellationToken cancellation = default) => Respond(request, cancellation);

    /// <inheritdoc/>
    public IAnswerModeration Moderate(string request) => new Moderation(this, request);

    private int Token(string word)
    {
        int[] ids = Model.Encode(word, addSpecialTokens: false);
        return ids.Length == 1 ? ids[0]
            : throw new GuardException($"guardian {options.Name}, labels: found \"{word}\", which is {ids.Length} tokens for {Model.Path}; expected words of one token.");
    }

    private sealed class Moderation(ChatGuardian guardian, string request) : IAnswerModeration
    {
        public GuardianLabel Check(string answer) => guardian.Label(guardian.options.Moderated(request, answer));

        public void Dispose()
        {
        }
    }
}

/// <summary>Settings of <see cref="ChatGuardian"/>.</summary>
public sealed record ChatGuardianOptions
{
    /// <summary>What reports call it.</summary>
    public string Name { get; init; } = "guardian";

    /// <summary>A system message before the question; null: what the chat template puts there by itself.</summary>
    public string? System { get; init; }

    /// <summary>What the model is asked, with `{request}` where the request stands.</summary>
    public string Ask { get; init; } = "{request}";

    /// <summary>Words of one token that mean safe.</summary>
    public IReadOnlyList<string> SafeWords { get; init; } = [];

    /// <summary>Words of one token that mean harmful.</summary>
    public IReadOnlyList<string> HarmfulWords { get; init; } = [];

    /// <summary>Instead of words: a probe of the final norm's output behind the question, whose logit is the harmful label's less the safe one's.</summary>
    public LinearProbe? Probe { get; init; }

    /// <summary>τ: from which probability on a text is flagged.</summary>
    public double Threshold { get; init; } = 0.5;

    /// <summary>What writes the response to a flagged request: a guard that refuses; null: <see cref="Refusal"/>.</summary>
    public GuardProgram? Response { get; init; }

    /// <summary>The response in fixed words.</summary>
    public string Refusal { get; init; } = "I'm sorry, but I can't help with that.";

    /// <summary>Tokens of a response at most.</summary>
    public int MaxTokens { get; init; } = 64;

    /// <summary>What stands in the request's place when an answer is looked at; by default the answer alone.</summary>
    public Func<string, string, string> Moderated { get; init; } = static (_, answer) => answer;
}
