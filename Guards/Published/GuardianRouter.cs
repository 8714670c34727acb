using System.Text;

namespace Managed.Guards.Published;

/// <summary>
/// Puts a guardian before a larger model: a request that it calls safe goes to the model, any other is answered by the guardian
/// itself. Both read the request at the same time, and no token of the model is shown before the label is known. On request the
/// guardian also follows the answer, and only what it has seen is shown. Where the guardian cannot tell, nothing is answered but a refusal.
/// </summary>
/// <remarks>One answer at a time.</remarks>
public sealed class GuardianRouter
{
    private readonly LanguageModel target;
    private readonly IGuardian guardian;
    private readonly GuardianRouterOptions options;
    private Task? unfinished; // work of the guardian that took too long, and still runs

    /// <param name="target">The model that answers safe requests; another than the guardian's where both read at a time.</param>
    /// <param name="guardian">What reads first.</param>
    /// <param name="options">Settings; null: the defaults.</param>
    /// <exception cref="GuardException">A setting out of range, or one model for both parts at a time.</exception>
    public GuardianRouter(LanguageModel target, IGuardian guardian, GuardianRouterOptions? options = null)
    {
        this.target = target;
        this.guardian = guardian;
        this.options = options ??= new GuardianRouterOptions();
        if (options.Parallel && guardian.Model == target)
            throw new GuardException($"guardian router: found one model, {target.Path}, as guardian and target; expected two, or {nameof(options.Parallel)} off: a model computes for one at a time.");
        if (options.ModerateEvery < 0)
            throw new GuardException($"guardian router, {nameof(options.ModerateEvery)}: found {options.ModerateEvery}; expected 0 or more.");
        if (options.Timeout <= TimeSpan.Zero && options.Timeout != Timeout.InfiniteTimeSpan)
            throw new GuardException($"guardian router, {nameof(options.Timeout)}: found {options.Timeout}; expected more than nothing, or none.");
    }

    /// <summary>The label of a request. What goes wrong in the guardian gives a label that is flagged and says why.</summary>
    public GuardianLabel Label(string request) => Guarded(() => guardian.Label(request), out _);

    /// <summary>What is answered to a request in the model's stead.</summary>
    /// <param name="request">The request.</param>
    /// <param name="label">Its label, which is flagged.</param>
    public RoutedAnswer Refuse(string request, GuardianLabel label) => Respond(label, label.Failure, () => guardian.Respond(request));

    /// <summary>Answers a conversation; the guardian reads its last turn.</summary>
    /// <param name="chat">The turns, a user's last.</param>
    /// <param name="onText">Takes the answer's text as far as it may be shown.</param>
    /// <param name="cancellation">Ends the answer after the current token.</param>
    public RoutedAnswer Answer(IReadOnlyList<ChatMessage> chat, Action<string>? onText = null, CancellationToken cancellation = default)
    {
        string request = chat[^1].Content;
        using var answer = new TargetAnswer(target, chat, options.Generation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task prefill = options.Parallel ? Task.Run(() => answer.Begin(stop.Token), CancellationToken.None) : Task.CompletedTask;
        RoutedAnswer result;
        try
        {
            GuardianLabel label = Label(request);
            if (label.IsFlagged)
            {
                stop.Cancel();
                result = Refuse(request, label);
            }
            else
            {
                prefill.GetAwaiter().GetResult();
                result = Follow(answer, request, label, onText, cancellation);
            }
        }
        finally
        {
            stop.Cancel();
            ((IAsyncResult)prefill).AsyncWaitHandle.WaitOne(); // the model is not left while it computes
        }
        if (result.By != AnsweredBy.Target)
            onText?.Invoke(result.Text);
        return result;
    }

    private RoutedAnswer Follow(TargetAnswer answer, string request, GuardianLabel label, Action<string>? onText, CancellationToken cancellation)
    {
        int shown = 0, looked = 0; // characters shown, tokens looked at
        using IAnswerModeration? moderation = options.ModerateEvery > 0 ? guardian.Moderate(request) : null;
        for (bool begun = answer.NewCount > 0, more = true; more; begun = false)
        {
            more = begun ? answer.GoesOn : answer.Step(cancellation);
            if (!more && answer.Result.Failure is { } failure)
                return new RoutedAnswer { Ids = [], Text = options.Refusal, By = AnsweredBy.FixedText, Label = label, Reason = failure.Message, Result = answer.Result, Shown = answer.Text[..shown] };
            string text = answer.Text;
            if (moderation is not null && (more ? answer.NewCount - looked < options.ModerateEvery : text.Length == shown))
                continue;
            looked = answer.NewCount;
            if (moderation is not null && Guarded(() => moderation.Check(text), out bool late) is { IsFlagged: true } flagged)
            {
                if (late)
                    ((IAsyncResult)unfinished!).AsyncWaitHandle.WaitOne(); // its sequence is freed below
                return Respond(flagged, flagged.Failure ?? $"the answer was flagged after {looked} tokens", () => guardian.ForceSafety(request)) with { Shown = text[..shown], WithheldTokens = looked };
            }
            if (text.Length > shown)
                onText?.Invoke(text[shown..]);
            shown = text.Length;
        }
        GenerationResult written = answer.Result;
        return new RoutedAnswer { Ids = written.Ids, Text = written.Text, By = AnsweredBy.Target, Label = label, Result = written, Shown = written.Text };
    }

    private RoutedAnswer Respond(GuardianLabel label, string? reason, Func<GenerationResult> respond)
    {
        string? failure = label.Failure;
        if (failure is null)
            try
            {
                GenerationResult response = respond();
                return new RoutedAnswer { Ids = response.Ids, Text = response.Text, By = AnsweredBy.Guardian, Label = label, Reason = reason ?? "the request was flagged", Result = response };
            }
            catch (Exception wrong) when (wrong is GenerationException or GuardException or ArgumentException)
            {
                failure = wrong.Message;
            }
        return new RoutedAnswer { Ids = [], Text = options.Refusal, By = AnsweredBy.FixedText, Label = label, Reason = failure };
    }

    // Whatever goes wrong in the guardian counts as flagged; the label says what it was.
    private GuardianLabel Guarded(Func<GuardianLabel> ask, out bool late)
    {
        late = false;
        try
        {
            if (options.Timeout == Timeout.InfiniteTimeSpan)
                return ask();
            if (unfinished is { IsCompleted: false } && !((IAsyncResult)unfinished).AsyncWaitHandle.WaitOne(options.Timeout))
                return GuardianLabel.Failed("the guardian is still at an earlier text");
            Task<GuardianLabel> asked = Task.Run(ask);
            unfinished = asked;
            if (asked.Wait(options.Timeout))
                return asked.Result;
            late = true;
            return GuardianLabel.Failed($"the guardian gave no label within {options.Timeout.TotalSeconds} seconds");
        }
        catch (Exception wrong)
        {
            return GuardianLabel.Failed((wrong as AggregateException)?.InnerException?.Message ?? wrong.Message);
        }
    }

    // The target's answer, begun but not shown.
    private sealed class TargetAnswer : IDisposable
    {
        private readonly ConversationCache kept = new();
        private readonly GenerationBatch batch;
        private readonly GenerationRun run;
        private readonly StringBuilder text = new();
        private bool more = true;

        public TargetAnswer(LanguageModel target, IReadOnlyList<ChatMessage> chat, GenerationOptions options)
        {
            if (options.Guard is { } guard)
                options = options with { LanePrompts = GuardExtensions.LanePrompts(target, guard, chat) ?? options.LanePrompts };
            run = target.CreateRun(target.EncodeChat(chat), options, token => text.Append(token.Text), kept);
            batch = new GenerationBatch(target);
            batch.Add(run);
        }

        public int NewCount => run.Row.NewCount;

        public bool GoesOn => more;

        public string Text => text.ToString();

        public GenerationResult Result => run.Result!;

        public void Begin(CancellationToken stop)
        {
            while (more && NewCount == 0 && !stop.IsCancellationRequested)
                more = batch.Step();
        }

        public bool Step(CancellationToken cancellation)
        {
            if (!cancellation.IsCancellationRequested)
                return more = more && batch.Step();
            batch.Cancel();
            return more = false;
        }

        public void Dispose()
        {
            batch.Dispose();
            kept.Dispose();
        }
    }
}

/// <summary>Settings of <see cref="GuardianRouter"/>.</summary>
public sealed record GuardianRouterOptions
{
    /// <summary>Guardian and model read the request at the same time. Off: the model is not called before the label is known.</summary>
    public bool Parallel { get; init; } = true;

    /// <summary>The guardian looks at the answer every so many tokens, and at its end; 0: it does not.</summary>
    public int ModerateEvery { get; init; }

    /// <summary>How long a label may take; by default as long as it likes.</summary>
    public TimeSpan Timeout { get; init; } = System.Threading.Timeout.InfiniteTimeSpan;

    /// <summary>What is answered where the guardian could not tell.</summary>
    public string Refusal { get; init; } = "I am sorry, I can not help with that.";

    /// <summary>How the model answers.</summary>
    public GenerationOptions Generation { get; init; } = new();
}

/// <summary>Who wrote an answer.</summary>
public enum AnsweredBy
{
    /// <summary>The model behind the guardian.</summary>
    Target,

    /// <summary>The guardian.</summary>
    Guardian,

    /// <summary>Nobody: the refusal of the options.</summary>
    FixedText,
}

/// <summary>An answer by way of a guardian.</summary>
public sealed record RoutedAnswer
{
    /// <summary>Its tokens, of the vocabulary of who wrote it; none of a fixed text.</summary>
    public required int[] Ids { get; init; }

    /// <summary>The answer.</summary>
    public required string Text { get; init; }

    /// <summary>Who wrote it.</summary>
    public required AnsweredBy By { get; init; }

    /// <summary>The label that decided: of the request, or of the model's answer where that was flagged.</summary>
    public required GuardianLabel Label { get; init; }

    /// <summary>Why the model did not answer; null: it did.</summary>
    public string? Reason { get; init; }

    /// <summary>What the model's text had come to that was shown before it was flagged.</summary>
    public string Shown { get; init; } = "";

    /// <summary>Tokens of the model when its text was flagged.</summary>
    public int WithheldTokens { get; init; }

    /// <summary>What was generated, by model or guardian; null: nothing.</summary>
    public GenerationResult? Result { get; init; }

    /// <summary>What happened, as a receipt.</summary>
    public GuardReceipt Receipt => new()
    {
        Guard = "slm_guardian",
        Steps = Result?.Receipt?.Steps ?? [],
        Registers = new Dictionary<string, double?>(Result?.Receipt?.Registers ?? new Dictionary<string, double?>())
        {
            ["p_harmful"] = Finite(Label.Harmful),
            ["logit_safe"] = Finite(Label.SafeLogit),
            ["logit_harmful"] = Finite(Label.HarmfulLogit),
        },
        Decisions = By == AnsweredBy.Target ? ["answered by the model", .. Result?.Receipt?.Decisions ?? []] : [$"{(By == AnsweredBy.Guardian ? "answered by the guardian" : "answered with a fixed text")}: {Reason}"],
        Refused = By == AnsweredBy.FixedText ? Reason : null,
    };

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
