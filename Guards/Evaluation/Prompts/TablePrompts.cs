using System.Globalization;
using Managed.Loader;

namespace Managed.Guards.Evaluation;

/// <summary>Prompts of tables and of plain lines.</summary>
internal static class TablePrompts
{
    public static void Read(PromptCollector found, char separator)
    {
        List<(int Line, string[] Fields)> rows = CsvTable.Read(found.File, separator);
        if (rows.Count == 0)
            return;
        bool hasHeader = !int.TryParse(found.Column, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
        string[] header = hasHeader ? rows[0].Fields : [.. Enumerable.Range(1, rows[0].Fields.Length).Select(i => i.ToString(CultureInfo.InvariantCulture))];
        if (header.Distinct().Count() < header.Length)
            throw new CheckpointException(found.File, $"line {rows[0].Line}", null, "two columns of one name", "a header whose names differ; FILE:1 takes the first column of a table without a header");
        int prompt = Array.IndexOf(header, found.PromptColumn(rows[0].Line, header));
        foreach (var (line, fields) in rows.Skip(hasHeader ? 1 : 0))
            found.Add(line, fields[prompt], Enumerable.Range(0, fields.Length).Where(i => i != prompt).ToDictionary(i => header[i], i => fields[i]));
    }

    public static void ReadLines(PromptCollector found)
    {
        string[] lines = Utf8Text.ReadFile(found.File).Split('\n');
        for (int i = 0; i < lines.Length; i++)
            if (lines[i].Trim() is { Length: > 0 } text)
                found.Add(i + 1, text);
            else if (i < lines.Length - 1)
                found.EmptyLines++;
    }
}
