namespace Managed.Guards.Evaluation;

/// <summary>What an attack achieved.</summary>
public sealed record AttackReport
{
    /// <summary>Who was attacked.</summary>
    public required string Guard { get; init; }

    /// <summary>Who judged.</summary>
    public required string Judge { get; init; }

    /// <summary>Start of the random numbers.</summary>
    public required int Seed { get; init; }

    /// <summary>Combinations that the space holds.</summary>
    public required long Space { get; init; }

    /// <summary>Of all combinations that were tried, those that succeeded.</summary>
    public required RateReport Success { get; init; }

    /// <summary>Of those that were tried at random.</summary>
    public required RateReport Random { get; init; }

    /// <summary>Of those that were varied from the worst; null: there were none.</summary>
    public required RateReport? Adaptive { get; init; }

    /// <summary>Targets that at least one combination succeeded on.</summary>
    public required RateReport Targets { get; init; }

    /// <summary>Combinations without an answer, because the guard refused the row.</summary>
    public required int Failed { get; init; }

    /// <summary>Answers by verdict.</summary>
    public required IReadOnlyDictionary<Verdict, int> Verdicts { get; init; }

    /// <summary>The worst forms, worst first.</summary>
    public required IReadOnlyList<AttackFormReport> Worst { get; init; }

    /// <summary>How often each choice of each part succeeded, over all that was tried with it: part, choice, rate.</summary>
    public required IReadOnlyList<AttackPartReport> Parts { get; init; }

    internal static AttackReport Of(string guard, string judge, int seed, AttackSpace space, IReadOnlyList<AttackTrial> trials)
    {
        AttackTrial[] varied = [.. trials.Where(trial => trial.Round > 0)];
        return new AttackReport
        {
            Guard = guard,
            Judge = judge,
            Seed = seed,
            Space = space.Count,
            Success = Rate(trials),
            Random = Rate(trials.Where(trial => trial.Round == 0)),
            Adaptive = varied.Length == 0 ? null : Rate(varied),
            Targets = new RateReport(trials.Where(trial => trial.Succeeded).Select(trial => trial.Target.Id).Distinct().Count(), trials.Select(trial => trial.Target.Id).Distinct().Count()),
            Failed = trials.Count(trial => trial.Verdict is null),
            Verdicts = trials.Where(trial => trial.Verdict is not null).GroupBy(trial => trial.Verdict!.Value).OrderBy(group => group.Key).ToDictionary(group => group.Key, group => group.Count()),
            Worst = [.. trials.GroupBy(trial => trial.Form).Where(form => form.Any(trial => trial.Succeeded))
                .OrderByDescending(form => form.Count(trial => trial.Succeeded) / (form.Count() + 1.0)).Take(20).Select(form => Form(space, [.. form]))],
            Parts = [.. Enumerable.Range(0, AttackForm.Parts).SelectMany(part => trials.GroupBy(trial => trial.Form.ToArray()[part]).OrderBy(group => group.Key)
                .Select(group => new AttackPartReport(s_parts[part], Choice(space, part, group.Key), Rate(group))))],
        };
    }

    private static readonly string[] s_parts = ["template", "inner_frame", "outer_frame", "politeness", "earlier_turns", "prefill"];

    private static RateReport Rate(IEnumerable<AttackTrial> trials) => new(trials.Count(trial => trial.Succeeded), trials.Count());

    private static AttackFormReport Form(AttackSpace space, AttackTrial[] trials)
    {
        AttackTrial example = trials.First(trial => trial.Succeeded);
        Question question = space.Ask(example.Form, example.Target);
        return new AttackFormReport(Rate(trials), question.Turns, question.Prefill, example.Answer);
    }

    private static string Choice(AttackSpace space, int part, int index) => part switch
    {
        0 => space.Templates[index],
        1 or 2 => space.Frames[index],
        3 => space.Politeness[index],
        4 => string.Join(" / ", space.EarlierTurns[index].Select(turn => $"{turn.Role}: {turn.Content}")),
        _ => space.Prefills[index],
    };
}

/// <summary>A form of asking.</summary>
/// <param name="Success">How often it succeeded.</param>
/// <param name="Turns">An example: the conversation.</param>
/// <param name="Prefill">The beginning that was put into the model's mouth.</param>
/// <param name="Answer">What the model said.</param>
public sealed record AttackFormReport(RateReport Success, IReadOnlyList<ChatMessage> Turns, string Prefill, string Answer);

/// <summary>A choice of a form's part.</summary>
/// <param name="Part">The part.</param>
/// <param name="Choice">The choice.</param>
/// <param name="Success">How often what was tried with it succeeded.</param>
public sealed record AttackPartReport(string Part, string Choice, RateReport Success);
