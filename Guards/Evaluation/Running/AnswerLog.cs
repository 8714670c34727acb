using Managed.Loader;

namespace Managed.Guards.Evaluation;

/// <summary>
/// The answers of a run, one JSON object a line: first the settings, then answers and the time that each batch took. Lines are
/// appended as answers come; after an interruption the run goes on behind the last whole line. Where guards or sets have come in since,
/// the settings stand there once more.
/// </summary>
internal sealed class AnswerLog : IDisposable
{
    private readonly LineFile file;
    private readonly Dictionary<(string Guard, string Set, string Id), LoggedAnswer> answers = [];
    private readonly Dictionary<string, List<WorkTime>> times = [];

    private AnswerLog(LineFile file) => this.file = file;

    /// <summary>Opens the answers of a run, or begins them.</summary>
    /// <exception cref="CheckpointException">The file is no such log, or another run's.</exception>
    public static AnswerLog Open(string path, EvaluationSettings settings)
    {
        var log = new AnswerLog(LineFile.Open(path));
        try
        {
            if (!log.Load(path, settings))
                log.file.Append([new Header(settings)], toDisk: true);
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
        file.Append([.. batch, time], toDisk: true);
        foreach (LoggedAnswer answer in batch)
            Take(answer);
        Take(time);
    }

    public void Dispose() => file.Dispose();

    // False: the settings do not stand there yet.
    private bool Load(string path, EvaluationSettings settings)
    {
        bool covered = false;
        for (int i = 0; i < file.Found.Count; i++)
            if (i == 0 || file.Found[i].StartsWith("{\"settings\":", StringComparison.Ordinal))
            {
                EvaluationSettings before = file.Read<Header>(i).Settings
                    ?? throw new CheckpointException(path, $"line {i + 1}", null, "no settings", "the settings of the run that wrote the file");
                if (settings.DifferenceFrom(before) is { } difference)
                    throw new CheckpointException(path, "settings", null, $"answers of another run ({difference})", "the same settings; give another folder with --out, or delete this file");
                covered |= before.Covers(settings);
            }
            else if (file.Found[i].Contains("\"seconds\":", StringComparison.Ordinal) && !file.Found[i].Contains("\"id\":", StringComparison.Ordinal))
                Take(file.Read<LoggedTime>(i));
            else
                Take(file.Read<LoggedAnswer>(i));
        return covered;
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
