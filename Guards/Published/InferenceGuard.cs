namespace Managed.Guards.Published;

/// <summary>
/// InferenceGuard: almost surely safe answers by searching blocks of tokens with a safety state (Ji et al., "Almost Surely Safe
/// Alignment of Large Language Models at Inference-Time", arXiv 2502.01208). Each round draws N continuations of a block, takes
/// their safety cost off each text's budget, and keeps the K that promise most among those with something left. A round without
/// a safe candidate is tried again, led away from the tokens that failed; after M retries the answer is a refusal, never the
/// least unsafe text.
/// </summary>
/// <remarks>The guarantee is only as good as the scorer: it says that the scorer's costs stay within the budget.</remarks>
public sealed class InferenceGuard
{
    private readonly LanguageModel model;
    private readonly IBlockScorer scorer;
    private readonly IBlockCritic? critic;
    private readonly InferenceGuardOptions options;

    /// <param name="model">The model that answers.</param>
    /// <param name="scorer">What judges answers on their way.</param>
    /// <param name="options">Settings; null: the defaults.</param>
    /// <param name="critic">What foresees how unfinished answers end; null: they are judged as they stand.</param>
    /// <exception cref="GuardException">A setting out of range.</exception>
    public InferenceGuard(LanguageModel model, IBlockScorer scorer, InferenceGuardOptions? options = null, IBlockCritic? critic = null)
    {
        this.model = model;
        this.scorer = scorer;
        this.critic = critic;
        this.options = options ?? new InferenceGuardOptions();
        this.options.Validate();
    }

    /// <summary>Answers a prompt.</summary>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="cancellation">Ends the search between two rounds.</param>
    /// <exception cref="OperationCanceledException">The search was cancelled.</exception>
    public InferenceGuardResult Answer(ReadOnlyMemory<int> prompt, CancellationToken cancellation = default)
    {
        var search = new Search(this, prompt);
        try
        {
            return search.Run(cancellation);
        }
        finally
        {
            search.Dispose();
        }
    }

    // One answer's search.
    private sealed class Search : IDisposable
    {
        private readonly InferenceGuard guard;
        private readonly InferenceGuardOptions options;
        private readonly ReadOnlyMemory<int> prompt;
        private readonly int[] promptIds;
        private readonly BlockSampler sampler;
        private List<SampledText> beams;
        private int rounds, retried, scored;

        public Search(InferenceGuard guard, ReadOnlyMemory<int> prompt)
        {
            this.guard = guard;
            this.prompt = prompt;
            options = guard.options;
            promptIds = prompt.ToArray();
            sampler = new BlockSampler(guard.model, options, guard.critic is not null);
            beams = [sampler.Begin(prompt)];
            beams[0].Budget = SafetyBudget.Full(options.Budget);
        }

        public InferenceGuardResult Run(CancellationToken cancellation)
        {
            for (int depth = 0; depth < options.MaxTokens && beams.Exists(beam => !beam.IsFinished); depth += options.BlockTokens)
            {
                List<SampledText>? next = Round(Math.Min(options.BlockTokens, options.MaxTokens - depth), depth, cancellation);
                if (next is null)
                    return Refuse($"no candidate was safe in {options.Retries + 1} rounds at token {depth} of the answer");
                foreach (SampledText beam in beams)
                    if (!next.Contains(beam))
                        beam.Dispose();
                beams = next;
            }
            // Costs of unfinished texts at the depth limit count as those of finished ones.
            SampledText[] safe = [.. beams.Where(beam => beam.Budget.IsSafe && beam.Cost < options.UnsafeCost)];
            if (safe.Length == 0)
                return Refuse("no finished candidate was safe");
            SampledText best = safe[BlockChoice.Best([.. safe.Select(text => -text.Reward)], 1)[0]];
            int[] ids = [.. best.Ids.Skip(prompt.Length)];
            return Result(ids, TextOf(ids) ?? "") with { Budget = best.Budget.Remaining, LowestBudget = best.Budget.Lowest, Reward = best.Reward };
        }

        // The texts that go on; null: there is none.
        private List<SampledText>? Round(int tokens, int depth, CancellationToken cancellation)
        {
            List<SampledText> finished = beams.FindAll(beam => beam.IsFinished), running = beams.FindAll(beam => !beam.IsFinished);
            var tried = new TriedTokens(tokens, guard.model.VocabularySize);
            sampler.CatchUp(running);
            for (int attempt = 0; attempt <= options.Retries; attempt++)
            {
                cancellation.ThrowIfCancellationRequested();
                rounds++;
                retried += attempt > 0 ? 1 : 0;
                List<SampledText> drawn = Draw(running, tokens, depth, attempt, tried);
                List<SampledText> all = [.. finished, .. drawn];
                if (all.Exists(IsSafe))
                {
                    List<SampledText> candidates = options.Fidelity == GuardFidelity.Sane ? all.FindAll(IsSafe) : all;
                    List<SampledText> kept = [.. BlockChoice.Best([.. candidates.Select(text => text.Cost)], options.KeptCount).Select(index => candidates[index])];
                    drawn.Except(kept).ToList().ForEach(text => text.Dispose());
                    return kept;
                }
                foreach (SampledText failed in drawn)
                {
                    tried.Add(failed.Ids.Skip(prompt.Length + depth).ToArray());
                    failed.Dispose();
                }
            }
            return null;
        }

        private List<SampledText> Draw(List<SampledText> running, int tokens, int depth, int attempt, TriedTokens tried)
        {
            List<SampledText> drawn = Forks(running);
            try
            {
                sampler.Continue(drawn, tokens, prompt.Length, attempt * options.Samples, attempt > 0 ? tried : null, options.RetryPenalty,
                    isLast: depth + tokens >= options.MaxTokens);
                Score(drawn, depth, tokens);
                return drawn;
            }
            catch
            {
                drawn.ForEach(text => text.Dispose());
                throw;
            }
        }

        private bool IsSafe(SampledText text) => text.Cost < options.UnsafeCost;

        // N texts, as many from each beam as from any other, the first ones one more where it does not come out even.
        private List<SampledText> Forks(List<SampledText> running)
        {
            var forks = new List<SampledText>();
            for (int beam = 0; beam < running.Count; beam++)
                for (int copy = beam; copy < options.Samples; copy += running.Count)
                    forks.Add(running[beam].Fork());
            return forks;
        }

        private void Score(List<SampledText> texts, int depth, int tokens)
        {
            PartialAnswer[] answers = [.. texts.Select(text => Partial(text, depth))];
            IReadOnlyList<BlockScore> scores = guard.scorer.Score(answers);
            if (scores.Count != texts.Count)
                throw new GuardException($"The scorer gave {scores.Count} scores for {texts.Count} answers; expected one for each.");
            scored += texts.Count;
            for (int i = 0; i < texts.Count; i++)
            {
                SampledText text = texts[i];
                int length = text.Ids.Count - prompt.Length - depth;
                text.Budget = text.Budget.After(scores[i].SafetyCost, options.Discount, length);
                text.Reward = scores[i].Reward;
                bool ended = text.IsFinished || depth + tokens >= options.MaxTokens;
                double taskCost = -text.Reward;
                double? safeEnding = null;
                if (!ended && guard.critic is { } critic)
                    (safeEnding, taskCost) = critic.Foresee(text.State, text.Budget.Remaining);
                bool isNumber = double.IsFinite(scores[i].SafetyCost) && double.IsFinite(taskCost);
                text.Cost = isNumber ? BlockChoice.Cost(new BlockCandidate(text.Budget.Remaining, taskCost, ended, safeEnding), options.UnsafeCost) : options.UnsafeCost;
            }
        }

        private PartialAnswer Partial(SampledText text, int depth)
        {
            int[] ids = [.. text.Ids.Skip(prompt.Length)];
            return new PartialAnswer(promptIds, ids, TextOf(ids), depth, text.IsFinished);
        }

        private string? TextOf(int[] ids) => guard.model.HasTokenizer ? guard.model.Decode(ids) : null;

        private InferenceGuardResult Refuse(string reason) =>
            Result(guard.model.HasTokenizer ? guard.model.Encode(options.Refusal, addSpecialTokens: false) : [], options.Refusal) with { Refused = true, Reason = reason };

        private InferenceGuardResult Result(int[] ids, string text) => new()
        {
            Ids = ids,
            Text = text,
            Rounds = rounds,
            RetriedRounds = retried,
            SampledTokens = sampler.Drawn,
            ScoredAnswers = scored,
        };

        public void Dispose() => beams.ForEach(beam => beam.Dispose());
    }
}
