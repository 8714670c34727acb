using System.Text;
using System.Text.Json;
using Managed.Loader;

namespace Managed.Guards.Evaluation;

/// <summary>
/// The answers of a run, one JSON object a line: first the settings, then answers and the time that each batch took. Lines are
/// appended as answers come; after an interruption the run goes on behind the last whole line. Where guards or sets have come in since,
/// the settings stand there once more.
/// </summary>
internal sealed class AnswerLog : IDisposable
{
    private readonly FileStream stream;
    private readonly Dictionary<(string Guard, string Set, string Id), LoggedAnswer> answers = [];
    private readonly Dictionary<string, List<WorkTime>> times = [];

    private AnswerLog(FileStream stream) => this.stream = stream;

    /// <summary>Opens the answers of a run, or begins them.</summary>
    /// <exception cref="CheckpointException">The file is no such log, or another run's.</exception>
    public static AnswerLog Open(string path, EvaluationSettings settings)
    {
        var log = new AnswerLog(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read));
        try
        {
            if (!log.Load(path, settings))
                log.Append([JsonSerializer.Serialize(new Header(settings), EvaluationSettings.Json)]);
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>The answer of a guard to a prompt, or null.</summary>
    public LoggedAnswer? Find(string guard, string set, string id) => answers.GetValueOrDefault((guard, set, id));

    /// <summary>How long each batch of a guard's answers took.</summary>
    public IReadOnlyList<WorkTime> TimesOf(string guard) => times.GetValueOrDefault(guard) ?? [];

    /// <summary>Notes the answers of a batch.</summary>
    public void Add(IReadOnlyList<LoggedAnswer> batch, double seconds)
    {
        var time = new LoggedTime(batch[0].Guard, batch.Sum(answer => answer.Ids.Length), seconds);
        Append([.. batch.Select(answer => JsonSerializer.Serialize(answer, EvaluationSettings.Json)), JsonSerializer.Serialize(time, EvaluationSettings.Json)]);
        foreach (LoggedAnswer answer in batch)
            Take(answer);
        Take(time);
    }

    public void Dispose() => stream.Dispose();

    private void Append(IEnumerable<string> lines)
    {
        stream.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));
        stream.Flush(flushToDisk: true);
    }

    // False: the settings do not stand there yet.
    private bool Load(string path, EvaluationSettings settings)
    {
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        int whole = Array.LastIndexOf(bytes, (byte)'\n') + 1; // what stands behind was being written when the run ended
        stream.SetLength(whole);
        stream.Position = whole;
        if (whole == 0)
            return false;
        string[] lines = Encoding.UTF8.GetString(bytes, 0, whole - 1).Split('\n');
        bool covered = false;
        for (int i = 0; i < lines.Length; i++)
            if (i == 0 || lines[i].StartsWith("{\"settings\":", StringComparison.Ordinal))
            {
                EvaluationSettings before = Parse<Header>(path, i + 1, lines[i]).Settings
                    ?? throw new CheckpointException(path, $"line {i + 1}", null, "no settings", "the settings of the run that wrote the file");
                if (settings.DifferenceFrom(before) is { } difference)
                    throw new CheckpointException(path, "settings", null, $"answers of another run ({difference})", "the same settings; give another folder with --out, or delete this file");
                covered |= before.Covers(settings);
            }
            else if (lines[i].Contains("\"seconds\":", StringComparison.Ordinal) && !lines[i].Contains("\"id\":", StringComparison.Ordinal))
                Take(Parse<LoggedTime>(path, i + 1, lines[i]));
            else
                Take(Parse<LoggedAnswer>(path, i + 1, lines[i]));
        return covered;
    }

    private static T Parse<T>(string path, int line, string text)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(text, EvaluationSettings.Json) ?? throw new JsonException("null");
        }
        catch (JsonException defect)
        {
            throw new CheckpointException(path, $"line {line}", null, $"\"{Utf8Text.Show(text)}\"", "a record of an evaluation", defect);
        }
    }

    private void Take(LoggedAnswer answer) => answers[(answer.Guard, answer.Set, answer.Id)] = answer;

    private void Take(LoggedTime time)
    {
        if (!times.TryGetValue(time.Guard, out List<WorkTime>? known))
            times[time.Guard] = known = [];
        known.Add(new WorkTime(time.Tokens, time.Seconds));
    }

    private sealed record Header(EvaluationSettings? Settings);

    private sealed record LoggedTime(string Guard, int Tokens, double Seconds);
}

/// <summary>New tokens, and how long they took with their prompts.</summary>
internal readonly record struct WorkTime(long Tokens, double Seconds)
{
    public double TokensPerSecond => Seconds > 0 ? Tokens / Seconds : 0;

    public static WorkTime operator +(WorkTime first, WorkTime second) => new(first.Tokens + second.Tokens, first.Seconds + second.Seconds);
}

/// <summary>An answer as it is kept.</summary>
/// <param name="Guard">Who answered.</param>
/// <param name="Set">The file's name among the run's.</param>
/// <param name="Id">The prompt's.</param>
/// <param name="Ids">New tokens.</param>
/// <param name="Text">Their text.</param>
/// <param name="Failure">Why there is no answer.</param>
/// <param name="Receipt">What the guards did.</param>
internal sealed record LoggedAnswer(string Guard, string Set, string Id, int[] Ids, string Text, string? Failure = null, string? Receipt = null);
