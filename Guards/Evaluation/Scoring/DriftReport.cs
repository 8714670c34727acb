using Managed.Kernels;
using Managed.Sampling;

namespace Managed.Guards.Evaluation;

/// <summary>How far a guard moves a model from what it says without one, on the model's own answers to a set of prompts or on a text.</summary>
/// <param name="Guard">The guard.</param>
/// <param name="Set">The set; empty for a text, and where nothing could be measured.</param>
public sealed record DriftReport(string Guard, string Set)
{
    /// <summary>Tokens of the answers, or those of the text that are scored.</summary>
    public int Tokens { get; init; }

    /// <summary>Mean KL(without‖with) behind the prompt and behind each token of the answer but its last, in nats.</summary>
    public double Kl { get; init; }

    /// <summary>The greatest of them.</summary>
    public double KlMost { get; init; }

    /// <summary>Mean total variation, ½ Σ |p − q|: what says more where a stage that leaves tokens out makes KL infinite.</summary>
    public double TotalVariation { get; init; }

    /// <summary>Share of these places at which both have the same most likely token.</summary>
    public double SameTop { get; init; }

    /// <summary>−Σ ln p of these tokens with the guard, in nats.</summary>
    public double NegativeLogLikelihood { get; init; }

    /// <summary>Perplexity of the answers with the guard.</summary>
    public double Perplexity { get; init; }

    /// <summary>Perplexity of the answers without it.</summary>
    public double BaselinePerplexity { get; init; }

    /// <summary>Why nothing was measured: the guard's decisions need an answer that is being written; null: it was.</summary>
    public string? Refused { get; init; }

    /// <summary>Measures all guards on all sets. The answers are greedy and computed in exact precision.</summary>
    /// <param name="model">The model.</param>
    /// <param name="guards">The guards, compiled for it.</param>
    /// <param name="adapter">A low-rank adapter that acts with a guard and without; null: none.</param>
    /// <param name="prompts">What is asked.</param>
    /// <param name="maxTokens">Tokens of an answer at most.</param>
    /// <param name="progress">Takes prompts that are done, and all.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<DriftReport> Measure(
        LanguageModel model, IReadOnlyList<CompiledGuard> guards, Adapter? adapter, IReadOnlyList<EvaluationPrompt> prompts, int maxTokens,
        Action<int, int>? progress = null, CancellationToken cancellation = default) =>
        MeasureKept(model, guards, adapter, prompts, maxTokens, _ => MeasurementLog.Now, progress, cancellation);

    /// <summary>The same, where what a guard does on a prompt may be kept.</summary>
    internal static IReadOnlyList<DriftReport> MeasureKept(
        LanguageModel model, IReadOnlyList<CompiledGuard> guards, Adapter? adapter, IReadOnlyList<EvaluationPrompt> prompts, int maxTokens,
        Func<CompiledGuard, KeptValues> kept, Action<int, int>? progress, CancellationToken cancellation)
    {
        var options = new GenerationOptions { MaxTokens = maxTokens, Adapter = adapter, Precision = Precision.Exact };
        var reports = new List<DriftReport>();
        (CompiledGuard Guard, KeptValues Kept)[] measured = [.. guards.Where(guard => ScoredAnswer.Refusal(guard, isChat: true) is null).Select(guard => (guard, kept(guard)))];
        var sums = new Dictionary<(string Guard, string Set), Sum>();
        for (int i = 0; i < prompts.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            EvaluationPrompt prompt = prompts[i];
            ChatMessage[] turns = [new("user", prompt.Text)];
            int[] asked = model.EncodeChat(turns);
            int[]? answer = null; // written where a guard still needs it
            foreach (var (guard, keep) in measured)
            {
                double[] values = keep($"{prompt.Set}/{prompt.Id}", $"{maxTokens}: {prompt.Text}", () => Compare(guard).Values);
                if (values[0] == 0)
                    continue; // an empty answer
                if (!sums.TryGetValue((guard.Name, prompt.Set), out Sum? sum))
                    sums[(guard.Name, prompt.Set)] = sum = new Sum();
                sum.Add(new Sum(values));
            }

            Sum Compare(CompiledGuard guard)
            {
                answer ??= model.GenerateBatch([new GenerationRequest(asked, options)], null, cancellation)[0].Ids;
                cancellation.ThrowIfCancellationRequested();
                var sum = new Sum();
                if (answer.Length == 0)
                    return sum;
                using ScoredAnswer plain = ScoredAnswer.Of(new LogitSource(model) { Adapter = adapter }, asked, answer),
                    guarded = ScoredAnswer.Of(guard, adapter, asked, GuardExtensions.LanePrompts(model, guard, turns), answer);
                sum.Add(plain, guarded, answer);
                return sum;
            }
            progress?.Invoke(i + 1, prompts.Count);
        }
        reports.AddRange(sums.OrderBy(pair => Array.FindIndex(measured, item => item.Guard.Name == pair.Key.Guard)).Select(pair => pair.Value.Report(pair.Key.Guard, pair.Key.Set)));
        reports.AddRange(guards.Except(measured.Select(item => item.Guard)).Select(guard => new DriftReport(guard.Name, "") { Refused = ScoredAnswer.Refusal(guard, isChat: true) }));
        return reports;
    }

    /// <summary>Compares two models on a text in the windows of <see cref="Evaluation.Perplexity.Measure"/>, before each token that these score.</summary>
    /// <param name="guard">What the second is called.</param>
    /// <param name="plain">The model without a guard.</param>
    /// <param name="guarded">The model with one, and the same vocabulary.</param>
    /// <param name="ids">The text.</param>
    /// <param name="context">Tokens of a window at most.</param>
    /// <param name="stride">Tokens from a window's beginning to the next one's.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="ArgumentException">A text of fewer than two tokens, a context below 2, a stride outside [1, context].</exception>
    public static DriftReport OfText(string guard, LogitSource plain, LogitSource guarded, ReadOnlySpan<int> ids, int context, int stride, CancellationToken cancellation = default) =>
        OfText(guard, plain, (prompt, answer) => ScoredAnswer.Of(guarded, prompt, answer), ids, context, stride, MeasurementLog.Now, cancellation);

    /// <summary>A guard on a text, which is an answer that began behind its first token; its lanes and stages act too.</summary>
    /// <exception cref="GuardException">The guard has decisions, or a lane with a system message.</exception>
    internal static DriftReport OfText(CompiledGuard guard, Adapter? adapter, ReadOnlySpan<int> ids, int context, int stride, KeptValues? kept = null, CancellationToken cancellation = default) =>
        ScoredAnswer.Refusal(guard, isChat: false) is { } reason ? throw new GuardException($"guard {guard.Name} on a text: {reason}.")
        : OfText(guard.Name, new LogitSource(guard.Model) { Adapter = adapter }, (prompt, answer) => ScoredAnswer.Of(guard, adapter, prompt, null, answer), ids, context, stride, kept ?? MeasurementLog.Now, cancellation);

    private static DriftReport OfText(
        string guard, LogitSource plain, Func<int[], int[], ScoredAnswer> guarded, ReadOnlySpan<int> ids, int context, int stride, KeptValues kept, CancellationToken cancellation)
    {
        var sum = new Sum();
        foreach (var (begin, end, first) in Evaluation.Perplexity.WindowsOf(ids.Length, context, stride))
        {
            cancellation.ThrowIfCancellationRequested();
            int[] window = ids[begin..end].ToArray(), before = window[..(first - begin)], scored = window[(first - begin)..];
            sum.Add(new Sum(kept(Evaluation.Perplexity.ItemOf(begin), Evaluation.Perplexity.InputOf(window, first - begin), () => Compare().Values)));

            Sum Compare()
            {
                var here = new Sum();
                using ScoredAnswer without = ScoredAnswer.Of(plain, before, scored), with = guarded(before, scored);
                here.Add(without, with, scored);
                return here;
            }
        }
        return sum.Report(guard, "");
    }

    // Over an answer, a window, and then over all of them in their order.
    private sealed class Sum
    {
        private double tokens, same, kl, most, variation, with, without;

        public Sum()
        {
        }

        public Sum(double[] values) => (tokens, same, kl, most, variation, with, without) = (values[0], values[1], values[2], values[3], values[4], values[5], values[6]);

        /// <summary>What <see cref="Sum(double[])"/> takes; the first is how many tokens there are.</summary>
        public double[] Values => [tokens, same, kl, most, variation, with, without];

        public void Add(Sum next)
        {
            (tokens, same, kl, most) = (tokens + next.tokens, same + next.same, kl + next.kl, Math.Max(most, next.most));
            (variation, with, without) = (variation + next.variation, with + next.with, without + next.without);
        }

        public void Add(ScoredAnswer plain, ScoredAnswer guarded, int[] answer)
        {
            for (int place = 0; place < answer.Length; place += LogitRun.Chunk)
            {
                int count = Math.Min(LogitRun.Chunk, answer.Length - place);
                float[] first = plain.Next(count), second = guarded.Next(count); // [tokens, vocabulary]
                int vocabulary = first.Length / count;
                for (int i = 0; i < count; i++)
                    Add(first.AsSpan(i * vocabulary, vocabulary), second.AsSpan(i * vocabulary, vocabulary), answer[place + i]);
            }
        }

        public DriftReport Report(string guard, string set) => new(guard, set)
        {
            Tokens = (int)tokens,
            Kl = kl / tokens,
            KlMost = most,
            TotalVariation = variation / tokens,
            SameTop = same / tokens,
            NegativeLogLikelihood = with,
            Perplexity = Math.Exp(with / tokens),
            BaselinePerplexity = Math.Exp(without / tokens),
        };

        private void Add(ReadOnlySpan<float> p, ReadOnlySpan<float> q, int next)
        {
            (double here, _, double moved) = Divergence.Compare(p, q);
            kl += here;
            variation += moved;
            most = Math.Max(most, here);
            without += LogitFunctions.LogSumExp(p) - p[next];
            with += LogitFunctions.LogSumExp(q) - q[next];
            if (LogitFunctions.IndexOfHighest(p) == LogitFunctions.IndexOfHighest(q))
                same++;
            tokens++;
        }
    }
}
