using Managed.Guards.Evaluation;
using static Managed.Guards.Evaluation.ReportTables;

namespace Managed.Cli.Evaluations;

/// <summary>Everything that was measured, as the tables that people see.</summary>
internal static class EvalTables
{
    private const int WorstForms = 5;

    public static string Note(EvalResult found) => found.Evaluation is { } evaluation ? ReportTables.Note(evaluation) : $"Model {found.Model}.";

    public static IEnumerable<ReportTable> Of(EvalResult found) =>
        [.. found.Evaluation is { } evaluation ? ReportTables.Of(evaluation) : [], .. Gates(found.Gates ?? []), .. Attacks(found.Attacks ?? []), .. Text(found), .. Drift(found.Drift ?? []), .. Choices(found)];

    private static IEnumerable<ReportTable> Gates(IReadOnlyList<GateReport> gates)
    {
        if (gates.Count == 0)
            yield break;
        yield return Table("Gates: harmful prompts found, with 95 % intervals", ["gate", "harmful", "harmless", "threshold", "precision", "recall", "F1", "accuracy", "AUROC", "AUPRC", "Brier", "calibration error"], gates.Select(gate => (string[])
            [
                gate.Gate, $"{gate.Harmful}", $"{gate.Harmless}", Number(gate.Threshold, "0.###"), With(gate.Confusion.Precision, gate.PrecisionInterval), With(gate.Confusion.Recall, gate.RecallInterval), With(gate.Confusion.F1, gate.F1Interval),
                Four(gate.Confusion.Accuracy), With(gate.Auroc, gate.AurocInterval), With(gate.Auprc, gate.AuprcInterval), Four(gate.Brier), Four(gate.CalibrationError),
            ]));
        string[] sets = [.. gates[0].Flagged.Keys];
        yield return new ReportTable("Gates: share that is flagged", ["gate", .. sets], [.. gates.Select(gate => (IReadOnlyList<ReportCell>)[gate.Gate, .. sets.Select(set => Show(gate.Flagged[set]))])]);
        if (gates.Any(gate => gate.Calibration.Count > 0))
            yield return Table("Gates: calibration", ["gate", "scores", "prompts", "mean score", "share harmful"], gates.SelectMany(gate => gate.Calibration.Select(bin => (string[])
                [gate.Gate, $"{Number(bin.From, "0.0")}–{Number(bin.To, "0.0")}", $"{bin.Count}", Number(bin.MeanScore, "0.000"), Number(bin.MeanLabel, "0.000")])));
    }

    private static IEnumerable<ReportTable> Attacks(IReadOnlyList<AttackReport> attacks)
    {
        if (attacks.Count == 0)
            yield break;
        yield return new ReportTable($"Attacks, judge {attacks[0].Judge}", ["guard", "tried", "succeeded", "at random", "varied from the worst", "targets reached", "rows without an answer"], [.. attacks.Select(attack => (IReadOnlyList<ReportCell>)
            [attack.Guard, $"{attack.Success.Of}", Show(attack.Success), Show(attack.Random), Show(attack.Adaptive), Show(attack.Targets), $"{attack.Failed}"])]);
        if (attacks.Any(attack => attack.Worst.Count > 0))
            yield return Table("Attacks: the worst forms", ["guard", "succeeded", "asked", "answered"], attacks.SelectMany(attack => attack.Worst.Take(WorstForms).Select(form => (string[])
                [attack.Guard, $"{form.Success.Count} of {form.Success.Of}", string.Join(" / ", form.Turns.Select(turn => $"{turn.Role}: {turn.Content}")), $"{form.Prefill}|{form.Answer}"])));
    }

    private static IEnumerable<ReportTable> Text(EvalResult found)
    {
        if (found.Perplexity is not { } plain)
            yield break;
        yield return Table($"Text: {plain.Scored} of {plain.Tokens} tokens scored, windows of {plain.Window}, stride {plain.Stride}; KL from the model alone, in nats",
            ["guard", "perplexity", "bits per byte", "per word", "KL", "KL, most", "total variation", "same first choice"],
            [
                .. new[] { plain }.Concat(found.GuardedPerplexity ?? []).Select(text => (string[])
                    [text.Guard ?? "none", Number(text.Perplexity, "0.####"), Four(text.BitsPerByte), Number(text.WordPerplexity, "0.###"), Four(text.Kl), Number(text.KlMost, "0.00"), Four(text.TotalVariation), Number(text.SameTop, "0.000")]),
                .. (found.PerplexityNotMeasured ?? []).Select(guard => (string[])[guard, "not measured: decisions, or a lane's system message", "–", "–", "–", "–", "–", "–"]),
            ]);
    }

    private static IEnumerable<ReportTable> Drift(IReadOnlyList<DriftReport> drift)
    {
        if (drift.Count > 0)
            yield return Table("Drift on the model's own answers; KL from the model alone, in nats", ["guard", "set", "tokens", "KL", "KL, most", "total variation", "same first choice", "perplexity", "without the guard"], drift.Select(part => (string[])(part.Refused is { } reason
                ? [part.Guard, reason, "–", "–", "–", "–", "–", "–", "–"]
                : [part.Guard, part.Set, $"{part.Tokens}", Four(part.Kl), Number(part.KlMost, "0.00"), Four(part.TotalVariation), Number(part.SameTop, "0.000"), Number(part.Perplexity, "0.000"), Number(part.BaselinePerplexity, "0.000")])));
    }

    private static IEnumerable<ReportTable> Choices(EvalResult found)
    {
        if (found.MultipleChoice is { } plain)
            yield return Table($"Multiple choice, {plain.Questions} questions", ["guard", "acc", "± standard error", "acc_norm (by characters)", "acc_bytes"],
                [
                    .. new[] { plain }.Concat(found.GuardedChoice ?? []).Select(choice => (string[])[choice.Guard ?? "none", Four(choice.Acc), Four(choice.AccStderr), Four(choice.AccNorm), Four(choice.AccBytes)]),
                    .. (found.ChoiceNotMeasured ?? []).Select(guard => (string[])[guard, "not measured: lanes, logit stages or decisions", "–", "–", "–"]),
                ]);
    }

    private static ReportTable Table(string title, string[] columns, IEnumerable<string[]> rows) =>
        new(title, columns, [.. rows.Select(row => (IReadOnlyList<ReportCell>)[.. row.Select(text => new ReportCell(text))])]);

    private static string With(double? value, Interval? interval) => Three(value) + (interval is { } range ? $" ({Three(range.Low)}–{Three(range.High)})" : "");

    private static string Three(double? value) => Number(value, "0.000");

    private static string Four(double? value) => Number(value, "0.0000");

    private static string Number(double? value, string format) => value is not { } known ? "–" : double.IsPositiveInfinity(known) ? "∞" : ReportTables.Number(known, format);
}
