using System.CommandLine;
using System.Text;
using Managed.Guards.Evaluation;
using Managed.Guards.Published;
using Managed.Kernels;
using Managed.Loader;

namespace Managed.Cli.Evaluations;

/// <summary>Measures what was asked for, one thing after the other, and writes the reports.</summary>
/// <param name="model">The model.</param>
/// <param name="request">What to measure.</param>
/// <param name="guards">The guards that are measured beside the model alone.</param>
/// <param name="guardians">The guardians that are measured before the model, the judge, and gates.</param>
/// <param name="adapter">A low-rank adapter; null: none.</param>
/// <param name="precision">How quantised weights meet activations in answers; scores of text are exact.</param>
/// <param name="adapterWords">The adapter in words; empty: none.</param>
internal sealed class EvalCommand(LanguageModel model, EvalRequest request, CompiledGuards guards, LoadedGuardians guardians, Adapter? adapter, Precision precision, string adapterWords)
{
    private readonly Lazy<string> modelHash = new(() => EvaluationSettings.HashOf(model.Path));
    private MeasurementLog? log;

    public EvalResult Run(ParseResult result, CancellationToken cancellation)
    {
        try
        {
            return Measure(result, cancellation);
        }
        finally
        {
            log?.Dispose();
        }
    }

    private EvalResult Measure(ParseResult result, CancellationToken cancellation)
    {
        if (request.Output is { } folder)
            Directory.CreateDirectory(folder);
        IAnswerer[] answerers = Answerers();
        var found = new EvalResult
        {
            Model = model.Path,
            Evaluation = request.Sets.Count > 0 && !request.GatesAlone ? Evaluate(result, answerers, cancellation) : null,
            Gates = request.Probes.Count + request.Gates.Count + guardians.Gates.Count > 0 ? Gates(result, cancellation) : null,
            Attacks = request.Attack is { } space ? Attack(result, space, answerers, cancellation) : null,
            Drift = request.Drift > 0 ? Drift(result, cancellation) : null,
            Perplexity = request.Text is { } text ? Score(text, null, cancellation) : null,
            GuardedPerplexity = request.Text is { } guarded && guards.Count > 0 ? [.. Measurable.Select(guard => Score(guarded, guard, cancellation))] : null,
            PerplexityNotMeasured = request.Text is not null && Measurable.Count() < guards.Count ? [.. guards.Except(Measurable).Select(guard => guard.Name)] : null,
            MultipleChoice = request.Choices is { } questions ? Choose(questions, null, cancellation) : null,
            GuardedChoice = request.Choices is { } asked && guards.Any(guard => guard.EditsAlone) ? [.. guards.Where(guard => guard.EditsAlone).Select(guard => Choose(asked, guard, cancellation))] : null,
            ChoiceNotMeasured = request.Choices is not null && guards.Any(guard => !guard.EditsAlone) ? [.. guards.Where(guard => !guard.EditsAlone).Select(guard => guard.Name)] : null,
        };
        WriteText("report.json", ReportWriters.Json(found) + "\n");
        WriteText("report.md", ReportWriters.Markdown(EvalTables.Note(found), EvalTables.Of(found)));
        WriteText("report.html", ReportWriters.Html(EvalTables.Note(found), EvalTables.Of(found)));
        return found;
    }

    // Numbers of a measurement, kept where there is a folder for them.
    private KeptValues Kept(string what, string by, string description)
    {
        if (request.Output is not { } folder)
            return MeasurementLog.Now;
        log ??= MeasurementLog.Open(Path.Combine(folder, "measurements.jsonl"));
        return log.Of(what, by, string.Join(", ", modelHash.Value, adapterWords, description));
    }

    private KeptValues Kept(string what, CompiledGuard? guard) => Kept(what, guard?.Name ?? "none", guard?.Fingerprint ?? "");

    // Decisions need an answer that is being written; where there is nothing else, that is the caller's mistake.
    private IEnumerable<CompiledGuard> Measurable => guards.Any(IsMeasurable) ? guards.Where(IsMeasurable) : guards;

    private static bool IsMeasurable(CompiledGuard guard) => ScoredAnswer.Refusal(guard, isChat: false) is null;

    private IAnswerer[] Answerers()
    {
        var alone = new ModelAnswerer(model, "none", adapterWords.Length == 0 ? "the model alone" : $"the model with {adapterWords}", new GenerationOptions { Adapter = adapter, Precision = precision });
        return
        [
            alone,
            .. guards.Select(guard => new ModelAnswerer(model, guard.Name, $"guard {guard.Fingerprint}{(adapterWords.Length == 0 ? "" : $", the model with {adapterWords}")}",
                new GenerationOptions { Adapter = adapter, Precision = precision, Guard = guard })),
            .. guardians.Measured.Select(guardian => new GuardianAnswerer(new GuardianRouter(model, guardian.Guardian, new GuardianRouterOptions { Parallel = false }),
                alone, guardian.Name, guardian.Hash)),
        ];
    }

    private EvaluationReport Evaluate(ParseResult result, IAnswerer[] answerers, CancellationToken cancellation)
    {
        var run = new EvaluationRun(model, answerers, request.Sets, request.MaxTokens) { BatchSize = request.BatchSize, WarmUp = true };
        string answers = request.Output is { } folder ? Path.Combine(folder, "answers.jsonl") : Path.GetTempFileName();
        try
        {
            EvaluationReport report = Progress.Run(result, "answering", "prompts", bar => run.Run(answers, guardians.Judge, Report(bar), cancellation));
            WriteText("verdicts.jsonl", ReportWriters.Verdicts(report));
            return report;
        }
        finally
        {
            if (request.Output is null)
                File.Delete(answers);
        }
    }

    private List<GateReport> Gates(ParseResult result, CancellationToken cancellation)
    {
        EvaluationPrompt[] prompts = [.. request.Sets.SelectMany(set => set.Prompts)];
        var reports = new List<GateReport>();
        foreach (var (file, layer) in request.Probes)
        {
            var gate = ProbeGate.Read(model, file, layer);
            Measure($"{Path.GetFileName(file)} probe.{layer} at {gate.HookPoint}", EvaluationSettings.HashOf(file), gate.Score);
        }
        foreach (var (program, register) in request.Gates)
        {
            using CompiledGuard guard = program.Compile(model);
            Measure($"{guard.Name}:{register}", guard.Fingerprint, new RegisterGate(model, guard, register, precision).Score);
        }
        foreach (GuardianFile guardian in guardians.Gates)
            Measure(guardian.Name, guardian.Hash, prompt => guardian.Guardian.Label(prompt) is { Failure: null } label ? label.Harmful
                : throw new GuardException($"gate {guardian.Name}: found no probability for \"{prompt}\"; expected one."));
        return reports;

        void Measure(string name, string description, Func<string, double> score)
        {
            KeptValues kept = Kept("gate", name, $"{name}, {description}, {precision}");
            reports.Add(Progress.Run(result, name, "prompts", bar => GateReport.Measure(
                name, prompt => kept($"{prompt.Set}/{prompt.Id}", prompt.Text, () => [score(prompt.Text)])[0], prompts, request.Threshold, Report(bar), cancellation)));
        }
    }

    // The same seed asks the same questions, so that kept answers take a search to where it was.
    private AttackReport[] Attack(ParseResult result, AttackSpace space, IAnswerer[] answerers, CancellationToken cancellation)
    {
        var search = new AttackSearch(space, guardians.Judge) { Combinations = request.Combinations, Seed = request.Seed, MaxTokens = request.MaxTokens };
        using AnswerLog? log = request.Output is { } folder ? AnswerLog.Open(Path.Combine(folder, "attack-answers.jsonl"), new EvaluationSettings
        {
            Model = model.Path,
            ModelHash = EvaluationSettings.HashOf(model.Path),
            MaxTokens = request.MaxTokens,
            Sets = [],
            Guards = new SortedDictionary<string, string>(answerers.ToDictionary(answerer => answerer.Name, answerer => answerer.Description), StringComparer.Ordinal),
        }) : null;
        return [.. answerers.Select(answerer => Progress.Run(result, $"attacking {answerer.Name}", "combinations",
            bar => search.Run(log is null ? answerer : new KeptAnswerer(answerer, log, "attack"), Report(bar), cancellation)))];
    }

    // How far each guard moves the model from what it says without one.
    private IReadOnlyList<DriftReport> Drift(ParseResult result, CancellationToken cancellation)
    {
        EvaluationPrompt[] prompts = [.. request.Sets.SelectMany(set => set.Take(request.Drift).Prompts)];
        return Progress.Run(result, "drift", "prompts", bar => DriftReport.MeasureKept(model, guards, adapter, prompts, request.MaxTokens, guard => Kept("drift", guard), Report(bar), cancellation));
    }

    // For a guard the text is an answer that began behind its first token.
    private PerplexityReport Score(string text, CompiledGuard? guard, CancellationToken cancellation)
    {
        int[] ids = model.Encode(text);
        int window = request.Window > 0 ? request.Window : Math.Min(model.ContextLength, 2048);
        int stride = request.Stride > 0 ? request.Stride : Math.Max(1, window / 2);
        if (guard is null)
        {
            var measured = Perplexity.MeasureKept(new LogitSource(model) { Adapter = adapter }, ids, window, stride, Kept("perplexity", guard), cancellation);
            return Text(measured.Scored, measured.NegativeLogLikelihood);
        }
        var drift = DriftReport.OfText(guard, adapter, ids, window, stride, Kept("perplexity", guard), cancellation);
        return Text(drift.Tokens, drift.NegativeLogLikelihood) with { Guard = guard.Name, Kl = drift.Kl, KlMost = drift.KlMost, TotalVariation = drift.TotalVariation, SameTop = drift.SameTop };

        PerplexityReport Text(int scored, double sum)
        {
            TextSize size = TextSize.Of(text);
            var measured = new Perplexity { NegativeLogLikelihood = sum, Scored = scored, Windows = [] };
            return new PerplexityReport(ids.Length, scored, window, stride, sum, measured.Value, measured.BitsPerByte(size.Bytes), measured.PerWord(size.Words));
        }
    }

    // For a guard the choice is an answer behind the context.
    private ChoiceReport Choose(IReadOnlyList<ChoiceQuestion> questions, CompiledGuard? guard, CancellationToken cancellation)
    {
        var measured = MultipleChoice.MeasureKept(new LogitSource(model) { Adapter = adapter, Guard = guard }, questions, Kept("choice", guard), cancellation);
        return new ChoiceReport(questions.Count, measured.Accuracy, measured.AccuracyByCharacters, measured.AccuracyByBytes, measured.StandardError) { Guard = guard?.Name };
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
    public required string Model { get; init; }

    public EvaluationReport? Evaluation { get; init; }

    public IReadOnlyList<GateReport>? Gates { get; init; }

    public IReadOnlyList<AttackReport>? Attacks { get; init; }

    public IReadOnlyList<DriftReport>? Drift { get; init; }

    public PerplexityReport? Perplexity { get; init; }

    public IReadOnlyList<PerplexityReport>? GuardedPerplexity { get; init; }

    /// <summary>Guards whose perplexity a given text cannot have: they have decisions, or lanes with a system message.</summary>
    public IReadOnlyList<string>? PerplexityNotMeasured { get; init; }

    public ChoiceReport? MultipleChoice { get; init; }

    public IReadOnlyList<ChoiceReport>? GuardedChoice { get; init; }

    /// <summary>Guards that multiple choice says nothing of: they have lanes, logit stages or decisions.</summary>
    public IReadOnlyList<string>? ChoiceNotMeasured { get; init; }
}

/// <summary>Perplexity of a text.</summary>
internal sealed record PerplexityReport(
    int Tokens, int Scored, int Window, int Stride, double NegativeLogLikelihood, double Perplexity, double BitsPerByte, double WordPerplexity)
{
    /// <summary>The guard that read and edited the text; null: none.</summary>
    public string? Guard { get; init; }

    /// <summary>Mean KL(without‖with the guard) before each scored token, in nats; null without a guard.</summary>
    public double? Kl { get; init; }

    /// <summary>The greatest of them.</summary>
    public double? KlMost { get; init; }

    /// <summary>Mean total variation.</summary>
    public double? TotalVariation { get; init; }

    /// <summary>Share of these places at which both have the same most likely token.</summary>
    public double? SameTop { get; init; }
}

/// <summary>Multiple choice, in the terms of EleutherAI's harness.</summary>
internal sealed record ChoiceReport(int Questions, double Acc, double AccNorm, double AccBytes, double AccStderr)
{
    /// <summary>The guard that read and edited the questions; null: none.</summary>
    public string? Guard { get; init; }
}
