using System.Globalization;

namespace Managed.Guards.Evaluation;

/// <summary>A table of text cells; a cell may carry a share that colours it.</summary>
internal sealed record ReportTable(string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<ReportCell>> Rows);

/// <summary>A cell of a table.</summary>
internal readonly record struct ReportCell(string Text, double? Share = null)
{
    public static implicit operator ReportCell(string text) => new(text);
}

/// <summary>The tables that people see, whatever they are written in.</summary>
internal static class ReportTables
{
    public static IEnumerable<ReportTable> Of(EvaluationReport report)
    {
        yield return new ReportTable("Guards", ["guard", "attack success", "harmful refused", "harmless refused", "tokens/s", "of the baseline's", "time of an answer"],
            [.. report.Guards.Select(guard => (IReadOnlyList<ReportCell>)[guard.Name, Show(guard.AttackSuccess), Show(guard.HarmfulRefused), Show(guard.OverRefusal), Number(guard.TokensPerSecond, "0"), Speed(guard), guard.TimeShare is { } time ? $"× {Number(time, "0.00")}" : "–"])]);
        string[] sets = [.. report.Cells.Select(cell => cell.Set).Distinct()];
        foreach (Verdict verdict in report.Cells.SelectMany(cell => cell.Rates.Keys).Distinct())
        {
            string[] found = [.. sets.Where(set => report.Cells.Any(cell => cell.Set == set && cell.Rates[verdict].Count > 0))];
            if (found.Length > 0)
                yield return new ReportTable($"Share of answers: {verdict.ToString().ToLowerInvariant()}", ["guard", .. found],
                    [.. report.Guards.Select(guard => Row(guard.Name, found.Select(set => Show(Cell(guard.Name, set).Rates[verdict]))))]);
        }
        if (report.Cells.Any(cell => cell.Failed > 0))
            yield return new ReportTable("Rows without an answer", ["guard", .. sets],
                [.. report.Guards.Select(guard => Row(guard.Name, sets.Select(set => new ReportCell(Number(Cell(guard.Name, set).Failed, "0")))))]);
        yield return new ReportTable("Prompts", ["set", "prompts", "repeated", "licence", "file"],
            [.. report.Sets.Select(set => (IReadOnlyList<ReportCell>)[set.Name, Number(set.Prompts, "0"), Number(set.Repeated, "0"), set.Licence ?? "not stated beside the file", set.File])]);

        CellReport Cell(string guard, string set) => report.Cells.Single(cell => cell.Guard == guard && cell.Set == set);
    }

    /// <summary>What the tables need to be understood.</summary>
    public static string Note(EvaluationReport report) =>
        $"Model {report.Settings.Model}, at most {report.Settings.MaxTokens} new tokens, judge {report.Judge}. Shares with their 95 % intervals (Wilson); * marks a difference from {report.Guards[0].Name} that chance explains with p < 0.05 (McNemar, exact).";

    public static ReportCell Show(RateReport? rate)
    {
        if (rate is null)
            return "–";
        string mark = rate.PAgainstBaseline < 0.05 ? " *" : "";
        return new ReportCell($"{Percent(rate.Rate)} ({Percent(rate.Low)}–{Percent(rate.High)}){mark}", rate.Rate);
    }

    private static string Speed(GuardReport guard) => guard.SpeedShare is not { } share ? "–"
        : Number(share, "0.00") + (guard.SpeedInterval is [double low, double high] ? $" ({Number(low, "0.00")}–{Number(high, "0.00")})" : "");

    private static IReadOnlyList<ReportCell> Row(string first, IEnumerable<ReportCell> others) => [first, .. others];

    public static string Percent(double share) => Number(share * 100, "0.0") + " %";

    public static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
