using Managed.Guards.Evaluation;

namespace Managed.Cli.Evaluations;

/// <summary>Shows what was measured to people.</summary>
internal static class EvalPrinter
{
    public static void Print(TextWriter output, EvalResult found)
    {
        output.WriteLine(EvalTables.Note(found));
        foreach (ReportTable table in EvalTables.Of(found))
            Print(output, table);
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
}
