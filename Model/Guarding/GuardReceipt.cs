using System.Globalization;
using System.Text;

namespace Managed;

/// <summary>What a guard did in one text: proof that it acted, and how much.</summary>
public sealed record GuardReceipt
{
    /// <summary>The guard's name.</summary>
    public required string Guard { get; init; }

    /// <summary>What each step did at each of its hook points, in forward order.</summary>
    public required IReadOnlyList<StepReceipt> Steps { get; init; }

    /// <summary>The registers as they stand after the last token; one that nothing was written to is null.</summary>
    public required IReadOnlyDictionary<string, double?> Registers { get; init; }

    /// <summary>What was decided beyond the edits: another head, a refusal, a second pass. In order.</summary>
    public IReadOnlyList<string> Decisions { get; init; } = [];

    /// <summary>The registers as they stood when the head or the answer was decided; empty where nothing was. Later tokens may have written over them since.</summary>
    public IReadOnlyDictionary<string, double?> Decided { get; init; } = new Dictionary<string, double?>();

    /// <summary>What came of evaluating lanes only every few tokens; null: they were evaluated for each token.</summary>
    public SpeculationReceipt? Speculation { get; init; }

    /// <summary>Why the text was refused; null: it was not.</summary>
    public string? Refused { get; init; }

    /// <summary>The receipt on one line.</summary>
    public override string ToString()
    {
        var line = new StringBuilder(Guard);
        char mark = ':';
        if (Refused is not null)
            Part(line, ref mark, $"refused, {Refused}");
        foreach (string decision in Decisions)
            Part(line, ref mark, decision);
        if (Speculation is { } late)
            Part(line, ref mark, $"lanes looked at {late.Looks} times, {late.Accepted} of {late.Proposed} proposed tokens stood");
        foreach (IGrouping<int, StepReceipt> step in Steps.Where(step => !step.Reads).GroupBy(step => step.Step))
            if (step.Any(at => at.Fired > 0))
                Part(line, ref mark, Describe([.. step]));
        if (Steps.All(step => step.Reads || step.Fired == 0) && Decisions.Count == 0 && Refused is null && Speculation is null)
            Part(line, ref mark, "nothing fired");
        foreach ((string name, double? value) in Registers)
            Part(line, ref mark, string.Create(CultureInfo.InvariantCulture, $"{name} = {(value is { } known ? known.ToString("0.####", CultureInfo.InvariantCulture) : "unset")}"));
        return line.ToString();
    }

    private static string Describe(StepReceipt[] step)
    {
        int fired = step.Max(at => at.Fired);
        StepReceipt first = step[0];
        string where = step.Length == 1 ? first.At : $"{first.At} … {step[^1].At}";
        double moved = step.Average(at => at.Moved ?? 0);
        return string.Create(CultureInfo.InvariantCulture,
            $"step {first.Step} ({first.Does}) fired at {where}, {fired} {(fired == 1 ? "token" : "tokens")}, moved {moved:0.###} of the stream's norm");
    }

    private static void Part(StringBuilder line, ref char mark, string part)
    {
        line.Append(mark).Append(' ').Append(part);
        mark = ';';
    }
}

/// <summary>What one step did at one hook point.</summary>
/// <param name="Step">The step's number in the guard, from 0.</param>
/// <param name="At">Full name of the hook point.</param>
/// <param name="Does">The step in words.</param>
/// <param name="Reads">Whether it reads and changes nothing.</param>
/// <param name="Matched">Tokens whose position it was made for.</param>
/// <param name="Fired">Of them, those where its condition held and it acted. Of a read: those it was made for.</param>
/// <param name="First">Position in the conversation of the first of these; null: there is none.</param>
/// <param name="Last">Position of the last.</param>
/// <param name="Moved">Mean of ‖change‖ / ‖stream before‖ over them; null for reads and where it did not fire.</param>
/// <param name="MovedMost">The largest.</param>
public sealed record StepReceipt(int Step, string At, string Does, bool Reads, int Matched, int Fired, int? First, int? Last, double? Moved, double? MovedMost);

/// <summary>What came of evaluating a guard's lanes only every few tokens.</summary>
/// <param name="Every">Tokens after which the lanes are looked at.</param>
/// <param name="ProposedByLook">For each look, the tokens that had been chosen without the lanes.</param>
/// <param name="AcceptedByLook">For each look, how many of these stood; the lanes gave the token behind them.</param>
public sealed record SpeculationReceipt(int Every, IReadOnlyList<int> ProposedByLook, IReadOnlyList<int> AcceptedByLook)
{
    /// <summary>How often the lanes were looked at.</summary>
    public int Looks => ProposedByLook.Count;

    /// <summary>Tokens that were chosen without the lanes.</summary>
    public int Proposed => ProposedByLook.Sum();

    /// <summary>Those of them that stood.</summary>
    public int Accepted => AcceptedByLook.Sum();
}
