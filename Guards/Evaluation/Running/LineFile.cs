using System.Text;
using System.Text.Json;
using Managed.Loader;

namespace Managed.Guards.Evaluation;

/// <summary>
/// A file of one JSON object a line that grows while something is measured. What stands behind its last whole line was being written
/// when the writer ended, and is taken away.
/// </summary>
internal sealed class LineFile : IDisposable
{
    private readonly FileStream stream;

    private LineFile(FileStream stream, string path, string[] found) => (this.stream, Path, Found) = (stream, path, found);

    /// <summary>The lines that stood there when the file was opened.</summary>
    public IReadOnlyList<string> Found { get; }

    /// <summary>The file's path.</summary>
    public string Path { get; }

    /// <summary>Opens a file, or begins it.</summary>
    public static LineFile Open(string path)
    {
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            int whole = Array.LastIndexOf(bytes, (byte)'\n') + 1;
            stream.SetLength(whole);
            stream.Position = whole;
            return new LineFile(stream, path, whole == 0 ? [] : Encoding.UTF8.GetString(bytes, 0, whole - 1).Split('\n'));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Writes records behind what is there.</summary>
    /// <param name="records">The records.</param>
    /// <param name="toDisk">Whether to wait until they would outlive the machine, too, and not only the process.</param>
    public void Append(IEnumerable<object> records, bool toDisk)
    {
        stream.Write(Encoding.UTF8.GetBytes(string.Concat(records.Select(record => JsonSerializer.Serialize(record, record.GetType(), EvaluationSettings.Json) + "\n"))));
        stream.Flush(toDisk);
    }

    /// <summary>A record of one of the lines that were found.</summary>
    /// <param name="line">Its index.</param>
    /// <exception cref="CheckpointException">The line is no such record.</exception>
    public T Read<T>(int line)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(Found[line], EvaluationSettings.Json) ?? throw new JsonException("null");
        }
        catch (JsonException defect)
        {
            throw new CheckpointException(Path, $"line {line + 1}", null, $"\"{Utf8Text.Show(Found[line])}\"", "a record of an evaluation", defect);
        }
    }

    public void Dispose() => stream.Dispose();
}
