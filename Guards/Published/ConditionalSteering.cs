namespace Managed.Guards.Published;

/// <summary>
/// CAST, conditional activation steering (Lee et al., "Programming Refusal with Conditional Activation Steering", arXiv 2409.05907):
/// conditions are read from the stream while the prompt is read, and rules over them open edits:
/// h ← h + f(sim(h, proj_c h)) · α · v, with f the rule.
/// </summary>
/// <remarks>
/// Where every edit lies behind every reading and touches no earlier token, one pass does; else a pass over the prompt reads first
/// (<see cref="GuardBuilder.Decide"/>), and only what the edits touch is computed again.
/// </remarks>
public sealed record ConditionalSteering
{
    /// <summary>What receipts call it.</summary>
    public string Name { get; init; } = "conditional_steering";

    /// <summary>What is read.</summary>
    public required IReadOnlyList<ConditionReading> Readings { get; init; }

    /// <summary>What is done when.</summary>
    public required IReadOnlyList<SteeringRule> Rules { get; init; }

    /// <summary>The guard.</summary>
    /// <exception cref="GuardException">Nothing is read or no rule is given; a rule cannot be read, or names what nobody reads.</exception>
    public GuardProgram Build()
    {
        if (Readings.Count == 0 || Rules.Count == 0)
            throw new GuardException($"{Name}: found {Readings.Count} readings and {Rules.Count} rules; expected at least one of each.");
        string[] names = [.. Readings.Select(reading => reading.Name)];
        foreach (SteeringRule rule in Rules)
            if (rule.When.Expression.Registers().FirstOrDefault(register => !names.Contains(register)) is { } unknown)
                throw new GuardException($"{Name}, rule {rule.When}: found {unknown}; expected one of the readings {string.Join(", ", names)}.");
        bool decide = NeedsOwnPass;
        return Guard.Define(g =>
        {
            if (decide)
                g.Decide(Read);
            else
                Read(g);
            foreach (SteeringRule rule in Rules)
                g.At("resid_post").On(rule.Positions).When(rule.When).Add(rule.Vectors, rule.Strength);
        }, Name) with
        {
            What = "adds a direction where what was read of the prompt meets a condition",
        };
    }

    /// <summary>Whether an edit lies before a reading: at an earlier block, or at an earlier token.</summary>
    internal bool NeedsOwnPass
    {
        get
        {
            int lastRead = Readings.Max(reading => reading.Layer);
            return Rules.Any(rule => rule.Vectors.Layers.First() < lastRead || !BeginsAtPromptEnd(rule.Positions));
        }
    }

    private static bool BeginsAtPromptEnd(GuardPositions positions) => positions.Rule is { FirstFromPromptEnd: 1, First: >= -1 };

    private void Read(GuardBuilder g)
    {
        foreach (ConditionReading reading in Readings)
            reading.Write(g);
    }
}

/// <summary>One rule of <see cref="ConditionalSteering"/>.</summary>
/// <param name="When">Comparisons of readings, joined by and, or, not: `GuardCondition.Parse("hate &gt; 0.1 and not (legal &gt; 0.05)")`.</param>
/// <param name="Vectors">v, behind each of some blocks.</param>
/// <param name="Strength">α.</param>
public sealed record SteeringRule(GuardCondition When, SteeringVectors Vectors, float Strength)
{
    /// <summary>The rule as a text.</summary>
    /// <exception cref="GuardException">The condition cannot be read.</exception>
    public SteeringRule(string when, SteeringVectors vectors, float strength) : this(GuardCondition.Parse(when), vectors, strength)
    {
    }

    /// <summary>Which tokens; the last prompt token and all after it. The released code moves every token: <see cref="GuardPositions.All"/>.</summary>
    public GuardPositions Positions { get; init; } = GuardPositions.FromLastPromptToken;
}
