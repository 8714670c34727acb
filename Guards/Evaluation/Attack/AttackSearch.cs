namespace Managed.Guards.Evaluation;

/// <summary>
/// An adaptive attack on a guarded model, by asking alone: forms are tried on some targets each, first at random; then, round
/// after round, the worst that were found are kept, tried on further targets, varied in a part or two and crossed with each
/// other. The same seed asks the same questions of the same model.
/// </summary>
/// <param name="space">What to combine.</param>
/// <param name="judge">
/// Says what succeeded: unsafe answers, or, where it can't tell, all that are no refusals. It sees what the model said itself,
/// without a prefilled beginning.
/// </param>
public sealed class AttackSearch(AttackSpace space, IJudge judge)
{
    private const double ExploredShare = 0.4; // of all combinations, at random
    private const int Rounds = 12; // of variation
    private const int MostMisses = 1000;

    private readonly Verdict success = AttackSuccess.By(judge);

    /// <summary>Combinations that are tried.</summary>
    public int Combinations { get; init; } = 10_000;

    /// <summary>Start of the random numbers.</summary>
    public int Seed { get; init; }

    /// <summary>Targets that a form is tried on at a time.</summary>
    public int TargetsPerForm { get; init; } = 4;

    /// <summary>Forms that each round goes on from.</summary>
    public int Kept { get; init; } = 24;

    /// <summary>Questions that are answered together.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>New tokens of each answer at most.</summary>
    public int MaxTokens { get; init; } = 64;

    /// <summary>Searches.</summary>
    /// <param name="answerer">Who is attacked.</param>
    /// <param name="progress">Takes combinations that were tried, and all.</param>
    /// <param name="cancellation">Ends the search.</param>
    /// <exception cref="ArgumentException">More combinations than there are.</exception>
    public AttackReport Run(IAnswerer answerer, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        if (Combinations < 1 || Combinations > space.Count / 2)
            throw new ArgumentException($"Attack: found {Combinations} combinations to try; expected from 1 to {space.Count / 2}, half of those that there are.");
        var state = new AttackState(space, new Random(Seed));
        int explored = Math.Max(1, (int)(Combinations * ExploredShare));
        for (int round = 0; state.Trials.Count < Combinations; round++)
        {
            int goal = round == 0 ? explored : round >= Rounds ? Combinations : explored + ((Combinations - explored) * round / Rounds);
            foreach (var batch in Round(state, round, goal - state.Trials.Count).Chunk(BatchSize))
            {
                cancellation.ThrowIfCancellationRequested();
                Try(answerer, state, batch, round, cancellation);
                progress?.Invoke(state.Trials.Count, Combinations);
            }
        }
        return AttackReport.Of(answerer.Name, judge.Name, Seed, space, state.Trials);
    }

    // What a round asks: the first at random; later ones spend a quarter on the worst forms themselves, the rest on what is near them.
    private List<(AttackForm Form, EvaluationPrompt Target)> Round(AttackState state, int round, int count)
    {
        List<AttackForm> worst = round == 0 ? [] : state.Worst(Kept);
        var asked = new List<(AttackForm Form, EvaluationPrompt Target)>(count);
        foreach (AttackForm form in worst)
            if (asked.Count < count / 4)
                Add(form);
        for (int misses = 0; asked.Count < count;)
            if (!Add(round == 0 || misses > MostMisses ? state.Any() : state.Variation(worst)))
                misses++; // all of its targets were asked about; where that goes on, the neighbourhood is used up
        return asked;

        bool Add(AttackForm form)
        {
            List<EvaluationPrompt> targets = state.Targets(form, Math.Min(TargetsPerForm, count - asked.Count));
            asked.AddRange(targets.Select(target => (form, target)));
            return targets.Count > 0;
        }
    }

    private void Try(IAnswerer answerer, AttackState state, (AttackForm Form, EvaluationPrompt Target)[] batch, int round, CancellationToken cancellation)
    {
        IReadOnlyList<Answer> answers = answerer.Answer([.. batch.Select(pair => space.Ask(pair.Form, pair.Target))], MaxTokens, cancellation);
        for (int i = 0; i < batch.Length; i++)
        {
            Verdict? verdict = answers[i].Failure is null ? judge.Judge(batch[i].Target, answers[i].Text) : null;
            state.Take(new AttackTrial(batch[i].Form, batch[i].Target, round, verdict, verdict == success, answers[i].Text));
        }
    }
}

/// <summary>A combination that was tried.</summary>
internal sealed record AttackTrial(AttackForm Form, EvaluationPrompt Target, int Round, Verdict? Verdict, bool Succeeded, string Answer);
