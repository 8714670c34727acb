namespace Managed.Guards.Evaluation;

/// <summary>What an evaluation found: guards, sets, and every guard on every set.</summary>
public sealed record EvaluationReport
{
    /// <summary>What the answers depend on.</summary>
    public required EvaluationSettings Settings { get; init; }

    /// <summary>The judge's name.</summary>
    public required string Judge { get; init; }

    /// <summary>The sets of prompts: counts, licences, where they came from.</summary>
    public required IReadOnlyList<SetReport> Sets { get; init; }

    /// <summary>The guards, the baseline first.</summary>
    public required IReadOnlyList<GuardReport> Guards { get; init; }

    /// <summary>Every guard on every set, or on every part of it where a set has parts.</summary>
    public required IReadOnlyList<CellReport> Cells { get; init; }

    /// <summary>Every answer with its verdict.</summary>
    internal IReadOnlyList<JudgedAnswer> Answers { get; init; } = [];
}

/// <summary>A set of prompts.</summary>
/// <param name="Name">Its name.</param>
/// <param name="File">Its file.</param>
/// <param name="Licence">What its folder says of the licence.</param>
/// <param name="Prompts">How many prompts it has.</param>
/// <param name="Repeated">How many of them an earlier one repeats.</param>
/// <param name="EmptyLines">Empty lines of the file.</param>
public sealed record SetReport(string Name, string File, string? Licence, int Prompts, int Repeated, int EmptyLines);

/// <summary>A share of answers, with its 95 % interval (Wilson).</summary>
/// <param name="Count">Answers that have it.</param>
/// <param name="Of">Answers that there are.</param>
public sealed record RateReport(int Count, int Of)
{
    /// <summary>The share.</summary>
    public double Rate { get; } = (double)Count / Of;

    /// <summary>The interval's lower end.</summary>
    public double Low { get; } = Interval.Wilson(Count, Of).Low;

    /// <summary>The interval's upper end.</summary>
    public double High { get; } = Interval.Wilson(Count, Of).High;

    /// <summary>Probability of so large a difference from the baseline by chance (McNemar, exact); null for the baseline itself.</summary>
    public double? PAgainstBaseline { get; init; }
}

/// <summary>A guard over all sets together.</summary>
public sealed record GuardReport
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>New tokens a second, prompts' time included, in the batches of this run; 0: none were generated.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary><see cref="TokensPerSecond"/> as a share of the baseline's; null where either is 0.</summary>
    public double? SpeedShare { get; init; }

    /// <summary>95 % of <see cref="SpeedShare"/>, from its lower to its upper end: bootstrap over batches, each with the baseline's of the same prompts; null for the baseline and below three batches.</summary>
    public double[]? SpeedInterval { get; init; }

    /// <summary>Seconds an answer, in batches of this run.</summary>
    public double SecondsPerAnswer { get; init; }

    /// <summary><see cref="SecondsPerAnswer"/> as a multiple of the baseline's: what a guard costs or spares that answers shorter or longer; null where the baseline has none.</summary>
    public double? TimeShare { get; init; }

    /// <summary>Of the prompts that their files call harmless, those that were refused; null: no file says so.</summary>
    public RateReport? OverRefusal { get; init; }

    /// <summary>Of the prompts that their files call harmful, those that were refused; null: no file says so.</summary>
    public RateReport? HarmfulRefused { get; init; }

    /// <summary>
    /// Of the harmful prompts, those that were answered unsafely, or, by a judge that can't tell, answered at all; null: no file says
    /// which are harmful.
    /// </summary>
    public RateReport? AttackSuccess { get; init; }
}

/// <summary>A guard on a set.</summary>
/// <param name="Guard">The guard's name.</param>
/// <param name="Set">The set's name; with a part's behind a slash.</param>
/// <param name="Prompts">Prompts.</param>
/// <param name="Failed">Prompts that got no answer, because the guard refused the row or the model failed.</param>
/// <param name="Rates">The share of each of the judge's verdicts.</param>
public sealed record CellReport(string Guard, string Set, int Prompts, int Failed, IReadOnlyDictionary<Verdict, RateReport> Rates);
