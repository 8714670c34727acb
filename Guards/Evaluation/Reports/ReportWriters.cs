using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Managed.Guards.Evaluation;

/// <summary>Writes a report as JSON, Markdown and HTML.</summary>
internal static class ReportWriters
{
    /// <summary>A report as one object; of an evaluation without its answers.</summary>
    public static string Json(object report) => JsonSerializer.Serialize(report, EvaluationSettings.Json);

    /// <summary>One line for each answer: guard, set, id, verdict.</summary>
    public static string Verdicts(EvaluationReport report) => string.Concat(report.Answers.Select(answer =>
        JsonSerializer.Serialize(new { answer.Guard, answer.Answer.Set, answer.Prompt.Id, answer.Verdict, answer.Answer.Failure }, EvaluationSettings.Json) + "\n"));

    public static string Markdown(string note, IEnumerable<ReportTable> tables)
    {
        var text = new StringBuilder("# Evaluation\n\n").Append(Escape(note)).Append('\n');
        foreach (ReportTable table in tables)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {table.Title}\n\n");
            Row(table.Columns);
            Row(table.Columns.Select(_ => "---"));
            foreach (IReadOnlyList<ReportCell> row in table.Rows)
                Row(row.Select(cell => cell.Text));
        }
        return text.ToString();

        void Row(IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells.Select(Escape)).Append(" |\n");

        static string Escape(string cell) => cell.Replace("|", "\\|", StringComparison.Ordinal).Replace("*", "\\*", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal).ReplaceLineEndings(" ");
    }

    /// <summary>A page that needs no other file.</summary>
    public static string Html(string note, IEnumerable<ReportTable> tables)
    {
        var text = new StringBuilder("""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Evaluation</title>
            <style>
            body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em; color: #222; background: #fff }
            div { overflow-x: auto }
            table { border-collapse: collapse; margin-bottom: 2em }
            th, td { padding: .35em .8em; border: 1px solid #ddd; text-align: right; white-space: nowrap }
            th:first-child, td:first-child { text-align: left; font-weight: 600 }
            th { background: #f4f4f4 }
            </style></head><body><h1>Evaluation</h1>

            """);
        text.Append("<p>").Append(WebUtility.HtmlEncode(note)).Append("</p>\n");
        foreach (ReportTable table in tables)
        {
            text.Append("<h2>").Append(WebUtility.HtmlEncode(table.Title)).Append("</h2>\n<div><table>\n<tr>");
            foreach (string column in table.Columns)
                text.Append("<th>").Append(WebUtility.HtmlEncode(column)).Append("</th>");
            text.Append("</tr>\n");
            foreach (IReadOnlyList<ReportCell> row in table.Rows)
            {
                text.Append("<tr>");
                foreach (ReportCell cell in row)
                    text.Append(Style(cell.Share)).Append(WebUtility.HtmlEncode(cell.Text)).Append("</td>");
                text.Append("</tr>\n");
            }
            text.Append("</table></div>\n");
        }
        return text.Append("</body></html>\n").ToString();

        // the larger the share the deeper the blue; text stays readable on all of it
        static string Style(double? share) => share is null ? "<td>"
            : string.Create(CultureInfo.InvariantCulture, $"<td style=\"background: rgba(60, 110, 200, {share * 0.45:0.00})\">");
    }
}
