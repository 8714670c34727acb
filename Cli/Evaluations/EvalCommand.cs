using System.CommandLine;
using System.Text;
using System.Text.Json;
using Managed.Guards.Evaluation;
using Managed.Guards.Published;
using Managed.Kernels;
using Managed.Loader;

namespace Managed.Cli.Evaluations;

/// <summary>Measures what was asked for, one thing after the other, and writes the reports.</summary>
/// <param name="model">The model.</param>
/// <param name="request">What to measure.</param>
/// <param name="guards">The guards that are measured beside the model alone.</param>
/// <param name="guardians">The guardians that are measured before the model.</param>
/// <param name="adapter">A low-rank adapter; null: none.</param>
/// <param name="precision">How quantised weights meet activations in answers; scores of text are exact.</param>
/// <param name="adapterWords">The adapter in words; empty: none.</param>
internal sealed class EvalCommand(LanguageModel model, EvalRequest request, CompiledGuards guards, IReadOnlyList<GuardianFile> guardians, Adapter? adapter, Precision precision, string adapterWords)
{
    public EvalResult Run(ParseResult result, CancellationToken cancellation)
    {
        if (request.Output is { } folder)
            Directory.CreateDirectory(folder);
        IAnswerer[] answerers = Answerers();
        var found = new EvalResult
        {
            Evaluation = request.Sets.Count > 0 && request.Probes.Count == 0 ? Evaluate(result, answerers, cancellation) : null,
            Gates = request.Probes.Count > 0 ? [.. request.Probes.Select(probe => Gate(result, probe, cancellation))] : null,
            Attacks = request.Attack is { } space ? [.. answerers.Select(answerer => Attack(result, space, answerer, cancellation))] : null,
            Drift = request.Drift > 0 ? Drift(result, cancellation) : null,
            Perplexity = request.Text is { } text ? Score(text, null, cancellation) : null,
            GuardedPerplexity = request.Text is { } guarded && guards.Count > 0 ? [.. Measurable.Select(guard => Score(guarded, guard, cancellation))] : null,
            PerplexityNotMeasured = request.Text is not null && Measurable.Count() < guards.Count ? [.. guards.Except(Measurable).Select(guard => guard.Name)] : null,
            MultipleChoice = request.Choices is { } questions ? Choose(questions, cancellation) : null,
        };
        Write("gates.json", found.Gates);
        Write("attack.json", found.Attacks);
        return found;
    }

    // Lanes, logit stages and decisions need an answer that is being written; where there is nothing else, that is the caller's mistake.
    private IEnumerable<CompiledGuard> Measurable => guards.Any(guard => guard.EditsAlone) ? guards.Where(guard => guard.EditsAlone) : guards;

    private IAnswerer[] Answerers()
    {
        var alone = new ModelAnswerer(model, "none", adapterWords.Length == 0 ? "the model alone" : $"the model with {adapterWords}", new GenerationOptions { Adapter = adapter, Precision = precision });
        return
        [
            alone,
            .. guards.Select(guard => new ModelAnswerer(model, guard.Name, $"guard {guard.Fingerprint}{(adapterWords.Length == 0 ? "" : $", the model with {adapterWords}")}",
                new GenerationOptions { Adapter = adapter, Precision = precision, Guard = guard })),
            .. guardians.Select(guardian => new GuardianAnswerer(new GuardianRouter(model, guardian.Guardian, new GuardianRouterOptions { Parallel = false }),
                alone, guardian.Name, guardian.Hash)),
        ];
    }

    private EvaluationReport Evaluate(ParseResult result, IAnswerer[] answerers, CancellationToken cancellation)
    {
        var run = new EvaluationRun(model, answerers, request.Sets, request.MaxTokens) { BatchSize = request.BatchSize, WarmUp = true };
        string answers = request.Output is { } folder ? Path.Combine(folder, "answers.jsonl") : Path.GetTempFileName();
        try
        {
            EvaluationReport report = Progress.Run(result, "answering", "prompts", bar => run.Run(answers, request.Judge, Report(bar), cancellation));
            WriteText("report.json", ReportWriters.Json(report) + "\n");
            WriteText("report.md", ReportWriters.Markdown(report));
            WriteText("report.html", ReportWriters.Html(report));
            WriteText("verdicts.jsonl", ReportWriters.Verdicts(report));
            return report;
        }
        finally
        {
            if (request.Output is null)
                File.Delete(answers);
        }
    }

    private GateReport Gate(ParseResult result, (string File, int Layer) probe, CancellationToken cancellation)
    {
        var gate = ProbeGate.Read(model, probe.File, probe.Layer);
        EvaluationPrompt[] prompts = [.. request.Sets.SelectMany(set => set.Prompts)];
        return Progress.Run(result, $"probe {probe.Layer}", "prompts", bar =>
            GateReport.Measure($"{Path.GetFileName(probe.File)} probe.{probe.Layer} at {gate.HookPoint}", prompt => gate.Score(prompt.Text), prompts, request.Threshold, Report(bar), cancellation));
    }

    private AttackReport Attack(ParseResult result, AttackSpace space, IAnswerer answerer, CancellationToken cancellation)
    {
        var search = new AttackSearch(space, request.Judge) { Combinations = request.Combinations, Seed = request.Seed, MaxTokens = request.MaxTokens };
        return Progress.Run(result, $"attacking {answerer.Name}", "combinations", bar => search.Run(answerer, Report(bar), cancellation));
    }

    // How far each guard moves the model from what it says without one.
    private IReadOnlyList<DriftReport> Drift(ParseResult result, CancellationToken cancellation)
    {
        EvaluationPrompt[] prompts = [.. request.Sets.SelectMany(set => set.Take(request.Drift).Prompts)];
        return Progress.Run(result, "drift", "prompts", bar => DriftReport.Measure(model, guards, adapter, prompts, request.MaxTokens, Report(bar), cancellation));
    }

    // For a guard the text is an answer that began behind its first token.
    private PerplexityReport Score(string text, CompiledGuard? guard, CancellationToken cancellation)
    {
        int[] ids = model.Encode(text);
        int window = request.Window > 0 ? request.Window : Math.Min(model.ContextLength, 2048);
        int stride = request.Stride > 0 ? request.Stride : Math.Max(1, window / 2);
        var measured = Perplexity.Measure(new LogitSource(model) { Adapter = adapter, Guard = guard, PromptLength = 1 }, ids, window, stride, cancellation);
        TextSize size = TextSize.Of(text);
        return new PerplexityReport(ids.Length, measured.Scored, window, stride, measured.NegativeLogLikelihood, measured.Value, measured.BitsPerByte(size.Bytes), measured.PerWord(size.Words)) { Guard = guard?.Name };
    }

    private ChoiceReport Choose(IReadOnlyList<ChoiceQuestion> questions, CancellationToken cancellation)
    {
        var measured = MultipleChoice.Measure(new LogitSource(model) { Adapter = adapter }, questions, cancellation);
        return new ChoiceReport(questions.Count, measured.Accuracy, measured.AccuracyByCharacters, measured.AccuracyByBytes, measured.StandardError);
    }

    private void Write<T>(string name, T? value)
    {
        if (value is not null)
            WriteText(name, JsonSerializer.Serialize(value, EvaluationSettings.Json) + "\n");
    }

    private void WriteText(string name, string text)
    {
        if (request.Output is { } folder)
            AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(Encoding.UTF8.GetBytes(text)));
    }

    private static Action<int, int> Report(IProgress<WorkDone> bar) => (done, total) => bar.Report(new WorkDone(done, total));
}

/// <summary>What `managed eval --json` prints; what was not asked for is left out.</summary>
internal sealed record EvalResult
{
    public EvaluationReport? Evaluation { get; init; }

    public IReadOnlyList<GateReport>? Gates { get; init; }

    public IReadOnlyList<AttackReport>? Attacks { get; init; }

    public IReadOnlyList<DriftReport>? Drift { get; init; }

    public PerplexityReport? Perplexity { get; init; }

    public IReadOnlyList<PerplexityReport>? GuardedPerplexity { get; init; }

    /// <summary>Guards whose perplexity a given text cannot have: they have lanes, logit stages or decisions.</summary>
    public IReadOnlyList<string>? PerplexityNotMeasured { get; init; }

    public ChoiceReport? MultipleChoice { get; init; }
}

/// <summary>Perplexity of a text.</summary>
internal sealed record PerplexityReport(
    int Tokens, int Scored, int Window, int Stride, double NegativeLogLikelihood, double Perplexity, double BitsPerByte, double WordPerplexity)
{
    /// <summary>The guard that read and edited the text; null: none.</summary>
    public string? Guard { get; init; }
}

/// <summary>Multiple choice, in the terms of EleutherAI's harness.</summary>
internal sealed record ChoiceReport(int Questions, double Acc, double AccNorm, double AccBytes, double AccStderr);
