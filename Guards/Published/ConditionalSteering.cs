using System.Globalization;

namespace Managed.Guards.Published;

/// <summary>
/// CAST, conditional activation steering (Lee et al., "Programming Refusal with Conditional Activation Steering", arXiv 2409.05907):
/// conditions are read from the stream while the prompt is read, and rules over them open edits:
/// h ← h + f(sim(h, proj_c h)) · α · v, with f the rule.
/// </summary>
/// <remarks>
/// Where every edit lies behind every reading and touches no earlier token, one pass does; else, and where a mean is read, a pass over
/// the prompt reads first (<see cref="GuardBuilder.Decide"/>), and only what the edits touch is computed again.
/// </remarks>
public sealed record ConditionalSteering
{
    /// <summary>What receipts call it.</summary>
    public string Name { get; init; } = "conditional_steering";

    /// <summary>What is read.</summary>
    public required IReadOnlyList<ConditionReading> Readings { get; init; }

    /// <summary>What is done when.</summary>
    public required IReadOnlyList<SteeringRule> Rules { get; init; }

    /// <summary>
    /// The released code (IBM's activation-steering): conditions and vectors of layer l act at block l's input, although directions are measured at its
    /// output; conditions read cos(y, tanh(proj_c y)), y the mean of the prompt's states; edits act on the whole prompt and the answer, but those at blocks before a
    /// condition's on the answer alone, since the code's only pass over the prompt is past them when it knows. It sees and moves the first row of a batch
    /// alone; that is not offered. Sane: block l's output, the last prompt token, no tanh, edits from the last prompt token on.
    /// </summary>
    public GuardFidelity Fidelity { get; init; } = GuardFidelity.Sane;

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
                foreach (int layer in rule.Vectors.Layers)
                    g.At(Point(layer, Fidelity)).On(PositionsOf(rule, layer)).When(rule.When).Add(rule.Vectors[layer], rule.Strength);
        }, Name) with
        {
            What = "adds a direction where what was read of the prompt meets a condition",
        };
    }

    /// <summary>Whether a mean is read, or an edit lies before a reading: at an earlier block, or at an earlier token.</summary>
    internal bool NeedsOwnPass
    {
        get
        {
            int lastRead = Readings.Max(reading => reading.Layer);
            return Readings.Any(reading => reading.IsOfMean(Fidelity))
                || Rules.Any(rule => rule.Vectors.Layers.Any(layer => PositionsOf(rule, layer) is var on && (!BeginsAtPromptEnd(on) || (layer < lastRead && on.Rule.First < 0))));
        }
    }

    /// <summary>Where layer l is read and edited.</summary>
    internal static string Point(int layer, GuardFidelity fidelity) => fidelity == GuardFidelity.Reference ? GuardPoints.ResidPre(layer) : GuardPoints.ResidPost(layer);

    private static bool BeginsAtPromptEnd(GuardPositions positions) => positions.Rule is { FirstFromPromptEnd: 1, First: >= -1 };

    private GuardPositions PositionsOf(SteeringRule rule, int layer) => rule.Positions
        ?? (Fidelity == GuardFidelity.Sane ? GuardPositions.FromLastPromptToken : layer < LastRead(rule) ? GuardPositions.Generated : GuardPositions.All);

    // The last block that the rule waits for.
    private int LastRead(SteeringRule rule)
    {
        string[] asked = [.. rule.When.Expression.Registers()];
        return Readings.Where(reading => asked.Contains(reading.Name)).Select(reading => reading.Layer).DefaultIfEmpty(0).Max();
    }

    private void Read(GuardBuilder g)
    {
        foreach (ConditionReading reading in Readings)
            reading.Write(g, Fidelity);
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

    /// <summary>A rule of one condition, told from the threshold's side as the released code has it.</summary>
    /// <param name="reading">The reading.</param>
    /// <param name="thresholdIs">"smaller": the rule holds where the threshold is smaller than what was read; "larger": where it is larger.</param>
    /// <param name="threshold">θ.</param>
    /// <param name="vectors">v, at each of some blocks.</param>
    /// <param name="strength">α.</param>
    /// <exception cref="GuardException">The comparison is neither.</exception>
    public static SteeringRule WhereThresholdIs(string reading, string thresholdIs, float threshold, SteeringVectors vectors, float strength) => thresholdIs switch
    {
        "smaller" => new SteeringRule(string.Create(CultureInfo.InvariantCulture, $"{reading} > {threshold:R}"), vectors, strength),
        "larger" => new SteeringRule(string.Create(CultureInfo.InvariantCulture, $"{reading} < {threshold:R}"), vectors, strength),
        _ => throw new GuardException($"rule over {reading}: found that the threshold is \"{thresholdIs}\"; expected \"smaller\" or \"larger\"."),
    };

    /// <summary>Which tokens; null: the last prompt token and all after it, in the released code's semantics what <see cref="ConditionalSteering.Fidelity"/> says.</summary>
    public GuardPositions? Positions { get; init; }
}
