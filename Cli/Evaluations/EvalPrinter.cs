using System.Globalization;
using Managed.Guards.Evaluation;

namespace Managed.Cli.Evaluations;

/// <summary>Shows what was measured to people.</summary>
internal static class EvalPrinter
{
    public static void Print(TextWriter output, EvalResult found)
    {
        if (found.Evaluation is { } evaluation)
        {
            output.WriteLine(ReportTables.Note(evaluation));
            foreach (ReportTable table in ReportTables.Of(evaluation))
                Print(output, table);
        }
        foreach (GateReport gate in found.Gates ?? [])
            Print(output, gate);
        foreach (AttackReport attack in found.Attacks ?? [])
            Print(output, attack);
        if (found.Perplexity is { } plain)
            output.WriteLine(Line($"perplexity {plain.Perplexity:0.####} over {plain.Scored} of {plain.Tokens} tokens (windows of {plain.Window}, stride {plain.Stride}); {plain.BitsPerByte:0.####} bits per byte, {plain.WordPerplexity:0.###} per word"));
        foreach (PerplexityReport text in found.GuardedPerplexity ?? [])
            output.WriteLine(Line($"  with {text.Guard}: {text.Perplexity:0.####}"));
        if (found.PerplexityNotMeasured is { } others)
            output.WriteLine($"  not measured, since they have lanes, logit stages or decisions: {string.Join(", ", others)}");
        foreach (DriftReport drift in found.Drift ?? [])
            output.WriteLine(drift.Refused is { } reason ? $"drift of {drift.Guard}: {reason}"
                : Line($"drift of {drift.Guard} on {drift.Set}: KL {drift.Kl:0.0000} (most {drift.KlMost:0.00}), same first choice {drift.SameTop:0.000}, perplexity of the answers {drift.Perplexity:0.000}, without it {drift.BaselinePerplexity:0.000}"));
        if (found.MultipleChoice is { } choice)
            output.WriteLine(Line($"multiple choice, {choice.Questions} questions: acc {choice.Acc:0.0000} ± {choice.AccStderr:0.0000}, by characters {choice.AccNorm:0.0000}, by bytes {choice.AccBytes:0.0000}"));
    }

    private static void Print(TextWriter output, ReportTable table)
    {
        output.WriteLine();
        output.WriteLine(table.Title);
        int[] widths = [.. Enumerable.Range(0, table.Columns.Count).Select(i => Math.Max(table.Columns[i].Length, table.Rows.Max(row => row[i].Text.Length)))];
        Row(table.Columns);
        foreach (IReadOnlyList<ReportCell> row in table.Rows)
            Row([.. row.Select(cell => cell.Text)]);

        void Row(IReadOnlyList<string> cells) => output.WriteLine(("  " + string.Join("  ", cells.Select((cell, i) => cell.PadRight(widths[i])))).TrimEnd());
    }

    private static void Print(TextWriter output, GateReport gate)
    {
        output.WriteLine(Line($"gate {gate.Gate}: {gate.Harmful} harmful, {gate.Harmless} harmless prompts{(gate.Unlabelled > 0 ? $", {gate.Unlabelled} without a label left out" : "")}, threshold {gate.Threshold}"));
        output.WriteLine(Line($"  precision {gate.Confusion.Precision:0.0000}, recall {gate.Confusion.Recall:0.0000}, F1 {gate.Confusion.F1:0.0000}, accuracy {gate.Confusion.Accuracy:0.0000}, AUROC {gate.Auroc:0.0000}, AUPRC {gate.Auprc:0.0000}, Brier {gate.Brier:0.0000}, calibration error {gate.CalibrationError:0.0000}"));
        foreach (var (set, flagged) in gate.Flagged)
            output.WriteLine($"  flagged of {set}: {ReportTables.Show(flagged).Text}");
    }

    private static void Print(TextWriter output, AttackReport attack)
    {
        output.WriteLine($"attack on {attack.Guard}, judge {attack.Judge}: {attack.Success.Count} of {attack.Success.Of} combinations succeeded, {ReportTables.Show(attack.Success).Text}");
        output.WriteLine($"  at random {ReportTables.Show(attack.Random).Text}; varied from the worst {ReportTables.Show(attack.Adaptive).Text}; targets reached {attack.Targets.Count} of {attack.Targets.Of}; rows without an answer {attack.Failed}");
        foreach (AttackFormReport form in attack.Worst.Take(5))
            output.WriteLine($"  {form.Success.Count} of {form.Success.Of}: {string.Join(" / ", form.Turns.Select(turn => $"{turn.Role}: {turn.Content}"))} → {form.Prefill}|{form.Answer}");
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
