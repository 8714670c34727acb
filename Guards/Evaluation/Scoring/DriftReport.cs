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

    /// <summary>Share of these places at which both have the same most likely token.</summary>
    public double SameTop { get; init; }

    /// <summary>−Σ ln p of these tokens with the guard, in nats.</summary>
    public double NegativeLogLikelihood { get; init; }

    /// <summary>Perplexity of the answers with the guard.</summary>
    public double Perplexity { get; init; }

    /// <summary>Perplexity of the answers without it.</summary>
    public double BaselinePerplexity { get; init; }

    /// <summary>Why nothing was measured: the guard decides rather than edits; null: it was.</summary>
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
        Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        var options = new GenerationOptions { MaxTokens = maxTokens, Adapter = adapter, Precision = Precision.Exact };
        var reports = new List<DriftReport>();
        CompiledGuard[] measured = [.. guards.Where(guard => Reason(guard) is null)];
        var sums = new Dictionary<(string Guard, string Set), Sum>();
        for (int i = 0; i < prompts.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] asked = model.EncodeChat([new ChatMessage("user", prompts[i].Text)]);
            int[] answer = model.GenerateBatch([new GenerationRequest(asked, options)], null, cancellation)[0].Ids;
            cancellation.ThrowIfCancellationRequested();
            if (answer.Length > 0)
                foreach (CompiledGuard guard in measured)
                {
                    (string, string) key = (guard.Name, prompts[i].Set);
                    if (!sums.TryGetValue(key, out Sum? sum))
                        sums[key] = sum = new Sum();
                    sum.Add(new LogitSource(model) { Adapter = adapter }, new LogitSource(model) { Adapter = adapter, Guard = guard, PromptLength = asked.Length }, asked, answer);
                }
            progress?.Invoke(i + 1, prompts.Count);
        }
        reports.AddRange(sums.OrderBy(pair => measured.ToList().FindIndex(guard => guard.Name == pair.Key.Guard)).Select(pair => pair.Value.Report(pair.Key.Guard, pair.Key.Set)));
        reports.AddRange(guards.Except(measured).Select(guard => new DriftReport(guard.Name, "") { Refused = Reason(guard) }));
        return reports;
    }

    /// <summary>Measures a guard on a text in the windows of <see cref="Evaluation.Perplexity.Measure"/>, before each token that these score.</summary>
    /// <param name="guard">The guard's name.</param>
    /// <param name="plain">The model without it.</param>
    /// <param name="guarded">The model with it, and the same vocabulary.</param>
    /// <param name="ids">The text.</param>
    /// <param name="context">Tokens of a window at most.</param>
    /// <param name="stride">Tokens from a window's beginning to the next one's.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="ArgumentException">A text of fewer than two tokens, a context below 2, a stride outside [1, context].</exception>
    public static DriftReport OfText(string guard, LogitSource plain, LogitSource guarded, ReadOnlySpan<int> ids, int context, int stride, CancellationToken cancellation = default)
    {
        var sum = new Sum();
        foreach (var (begin, end, first) in Evaluation.Perplexity.WindowsOf(ids.Length, context, stride))
        {
            cancellation.ThrowIfCancellationRequested();
            sum.Add(plain, guarded, ids[begin..first].ToArray(), ids[first..end].ToArray());
        }
        return sum.Report(guard, "");
    }

    // What decides or writes in the model's stead has no distribution on a text that is given.
    private static string? Reason(CompiledGuard guard) => guard is { Lanes: [], Stages: [], Flow: [], Decide: null } ? null
        : "not measured: it has lanes, logit stages or decisions, which need an answer that is being written";

    private sealed class Sum
    {
        private double kl, most, with, without;
        private int tokens, same;

        public void Add(LogitSource plain, LogitSource guarded, int[] prompt, int[] answer)
        {
            int[] ids = [.. prompt, .. answer];
            using LogitRun first = plain.Begin(ids.Length), second = guarded.Begin(ids.Length);
            first.Skip(ids.AsSpan(0, prompt.Length - 1));
            second.Skip(ids.AsSpan(0, prompt.Length - 1));
            for (int place = prompt.Length - 1; place < ids.Length - 1; place += LogitRun.Chunk)
            {
                int count = Math.Min(LogitRun.Chunk, ids.Length - 1 - place), vocabulary = plain.Model.VocabularySize;
                float[] kept = first.Next(ids.AsSpan(place, count)).ToArray(); // [tokens, vocabulary]: the second run may overwrite it
                Span2D others = second.Next(ids.AsSpan(place, count));
                for (int i = 0; i < count; i++)
                    Add(kept.AsSpan(i * vocabulary, vocabulary), others.Row(i), ids[place + i + 1]);
            }
        }

        public DriftReport Report(string guard, string set) => new(guard, set)
        {
            Tokens = tokens,
            Kl = kl / tokens,
            KlMost = most,
            SameTop = (double)same / tokens,
            NegativeLogLikelihood = with,
            Perplexity = Math.Exp(with / tokens),
            BaselinePerplexity = Math.Exp(without / tokens),
        };

        private void Add(ReadOnlySpan<float> p, ReadOnlySpan<float> q, int next)
        {
            double here = Divergence.Compare(p, q).KullbackLeibler;
            kl += here;
            most = Math.Max(most, here);
            without += LogitFunctions.LogSumExp(p) - p[next];
            with += LogitFunctions.LogSumExp(q) - q[next];
            if (LogitFunctions.IndexOfHighest(p) == LogitFunctions.IndexOfHighest(q))
                same++;
            tokens++;
        }
    }
}
