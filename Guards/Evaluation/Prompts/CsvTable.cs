using System.Text;
using Managed.Loader;

namespace Managed.Guards.Evaluation;

/// <summary>Comma-separated values as RFC 4180 has them: quoted fields may hold commas, line ends and doubled quotes.</summary>
internal static class CsvTable
{
    /// <summary>The rows of a file, each with the number of the line on which it begins, counted from 1. Empty lines are no rows.</summary>
    /// <exception cref="CheckpointException">A quote that is not closed, text behind a closing quote, rows of different lengths.</exception>
    public static List<(int Line, string[] Fields)> Read(string file, char separator)
    {
        string text = Utf8Text.ReadFile(file);
        var rows = new List<(int Line, string[] Fields)>();
        var fields = new List<string>();
        int at = 0, line = 1;
        while (at < text.Length)
        {
            int began = line;
            fields.Clear();
            do
                fields.Add(at < text.Length && text[at] == '"' ? Quoted() : Plain());
            while (Passed(separator));
            if (!LineEnd())
                throw new CheckpointException(file, $"line {line}", null, $"'{Utf8Text.Show(text[at].ToString())}' behind a closing quote", $"'{separator}' or the line's end; a quote inside quotes is doubled");
            if (fields is [{ Length: 0 }])
                continue;
            if (rows.Count > 0 && rows[0].Fields.Length != fields.Count)
                throw new CheckpointException(file, $"line {began}", null, $"{fields.Count} fields", $"{rows[0].Fields.Length}, as in line {rows[0].Line}");
            rows.Add((began, [.. fields]));
        }
        return rows;

        string Plain()
        {
            int from = at;
            while (at < text.Length && text[at] != separator && text[at] is not ('\r' or '\n'))
                at++;
            return text[from..at];
        }

        string Quoted()
        {
            int opened = line;
            var field = new StringBuilder();
            for (at++; at < text.Length; at++)
                if (text[at] != '"')
                {
                    field.Append(text[at]);
                    line += text[at] == '\n' ? 1 : 0;
                }
                else if (at + 1 < text.Length && text[at + 1] == '"')
                    field.Append(text[at++]);
                else
                {
                    at++;
                    return field.ToString();
                }
            throw new CheckpointException(file, $"line {opened}", null, "a quote that is never closed", "a closing quote");
        }

        bool Passed(char wanted)
        {
            if (at >= text.Length || text[at] != wanted)
                return false;
            at++;
            return true;
        }

        bool LineEnd()
        {
            if (at >= text.Length)
                return true;
            bool carriage = Passed('\r');
            if (!Passed('\n') && !carriage)
                return false;
            line++;
            return true;
        }
    }
}
