using System.Diagnostics;

namespace Managed.Guards.Evaluation;

/// <summary>
/// All guards on all prompts. A batch of prompts goes to each guard in turn, so that what else the machine does slows all of
/// them alike; the first guard is the baseline that others are compared with.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="answerers">Who answers; names differ.</param>
/// <param name="sets">The prompts; names differ.</param>
/// <param name="maxTokens">New tokens of each answer at most.</param>
public sealed class EvaluationRun(LanguageModel model, IReadOnlyList<IAnswerer> answerers, IReadOnlyList<PromptSet> sets, int maxTokens)
{
    /// <summary>Prompts that are answered together.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>
    /// Has the first guard that is asked answer a batch, and each other a prompt, in a few tokens first, which nothing is noted of, so
    /// that no batch's time holds what is done once: files are read, kernels compiled.
    /// </summary>
    public bool WarmUp { get; init; }

    /// <summary>What the answers depend on.</summary>
    public EvaluationSettings Settings { get; } = new()
    {
        Model = model.Path,
        ModelHash = EvaluationSettings.HashOf(model.Path),
        MaxTokens = maxTokens,
        Sets = ByName(sets.Select(set => (set.Name, set.Hash)), "sets"),
        Guards = ByName(answerers.Select(answerer => (answerer.Name, answerer.Description)), "guards"),
    };

    /// <summary>Answers what is not answered yet, and judges everything.</summary>
    /// <param name="answersFile">Where the answers are kept: appended to, taken up again.</param>
    /// <param name="judge">The judge.</param>
    /// <param name="progress">Takes answers that are there, and those that there will be.</param>
    /// <param name="cancellation">Ends the run; what was answered stays in the file.</param>
    /// <exception cref="Managed.Loader.CheckpointException">The file holds answers that other settings gave.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public EvaluationReport Run(string answersFile, IJudge judge, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        using AnswerLog log = AnswerLog.Open(answersFile, Settings);
        int done = 0, total = answerers.Count * sets.Sum(set => set.Prompts.Count);
        if (WarmUp)
            Warm(log, cancellation);
        foreach (PromptSet set in sets)
            foreach (EvaluationPrompt[] batch in set.Prompts.Chunk(BatchSize))
                foreach (IAnswerer answerer in answerers)
                {
                    Answer(log, set, batch, answerer, cancellation);
                    progress?.Invoke(done += batch.Length, total);
                }
        var judged = new List<JudgedAnswer>(total);
        foreach (IAnswerer answerer in answerers)
            foreach (PromptSet set in sets)
                foreach (EvaluationPrompt prompt in set.Prompts)
                {
                    LoggedAnswer answer = log.Find(answerer.Name, set.Name, prompt.Id)!;
                    judged.Add(new JudgedAnswer(answerer.Name, prompt, answer, answer.Failure is null ? judge.Judge(prompt, answer.Text) : null));
                }
        return ReportBuilder.Build(Settings, judge, [.. answerers.Select(answerer => (answerer.Name, log.TimesOf(answerer.Name)))], sets, judged);
    }

    private void Warm(AnswerLog log, CancellationToken cancellation)
    {
        const int Tokens = 4;
        bool isFirst = true;
        foreach (IAnswerer answerer in answerers)
            foreach (PromptSet set in sets)
                if (set.Prompts.Where(prompt => log.Find(answerer.Name, set.Name, prompt.Id) is null).Take(isFirst ? BatchSize : 1).ToArray() is { Length: > 0 } open)
                {
                    cancellation.ThrowIfCancellationRequested();
                    answerer.Answer([.. open.Select(prompt => Question.Of(prompt.Text))], Tokens, cancellation);
                    isFirst = false;
                    break;
                }
    }

    private void Answer(AnswerLog log, PromptSet set, EvaluationPrompt[] batch, IAnswerer answerer, CancellationToken cancellation)
    {
        EvaluationPrompt[] open = [.. batch.Where(prompt => log.Find(answerer.Name, set.Name, prompt.Id) is null)];
        if (open.Length == 0)
            return;
        cancellation.ThrowIfCancellationRequested();
        long started = Stopwatch.GetTimestamp();
        IReadOnlyList<Answer> answers = answerer.Answer([.. open.Select(prompt => Question.Of(prompt.Text))], maxTokens, cancellation);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        log.Add([.. open.Zip(answers, (prompt, answer) => new LoggedAnswer(answerer.Name, set.Name, prompt.Id, answer.Ids, answer.Text, answer.Failure, answer.Receipt))], seconds);
    }

    private static SortedDictionary<string, string> ByName(IEnumerable<(string Name, string Value)> items, string what)
    {
        var named = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in items)
            if (!named.TryAdd(name, value))
                throw new ArgumentException($"{what}: found the name {name} twice; expected names that differ.");
        return named;
    }
}

/// <summary>An answer and its verdict.</summary>
/// <param name="Guard">Who answered.</param>
/// <param name="Prompt">What was asked.</param>
/// <param name="Answer">What was said.</param>
/// <param name="Verdict">What the judge says; null: there is no answer.</param>
internal sealed record JudgedAnswer(string Guard, EvaluationPrompt Prompt, LoggedAnswer Answer, Verdict? Verdict);
