using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Managed.Guards;
using Managed.Guards.Evaluation;
using Managed.Guards.Published;
using Managed.Kernels;

namespace Managed.Cli.Verbs.Guarding;

/// <summary>`managed guard eval`: answers a file of prompts, with a guard or without, and counts the verdicts.</summary>
internal static class GuardEvalVerb
{
    private const int RowsAtATime = 64;
    private const string All = "all"; // the set of prompts that name none

    public static Command Create()
    {
        var model = Shared.Model();
        var guard = new Option<string?>("--guard") { Description = "A guard: *.guard.json; without one the model answers unguarded." };
        var guardian = new Option<string?>("--guardian") { Description = "A guardian's checkpoint, read before the model: it answers the requests that it flags itself." };
        var prompts = new Option<string>("--prompts") { Description = "Prompts: .jsonl, .json, .csv, .tsv or .txt; to be judged, with set, work and kind.", Required = true };
        var world = new Option<string?>("--world") { Description = "Thornvale's world.json, which judges; by default the one beside the prompts." };
        var tokens = new Option<int>("--max-tokens", "-n") { Description = "New tokens at most.", DefaultValueFactory = _ => 64 };
        tokens.AtLeast(1);
        var json = Shared.Json();
        var load = new LoadArguments();
        var command = new Command("eval", "Answers a file of prompts under a guard and counts the verdicts.") { model, guard, guardian, prompts, world, tokens, json };
        load.AddTo(command);
        command.SetAction((result, cancellation) =>
        {
            LoadOptions options = load.Read(result);
            IReadOnlyList<EvaluationPrompt> asked = PromptSet.Read(All, result.GetRequiredValue(prompts)).Prompts;
            ThornvaleJudge? judge = Judge(result.GetValue(world), result.GetRequiredValue(prompts), asked);
            using LanguageModel loaded = LanguageModel.Load(result.GetRequiredValue(model), options);
            using CompiledGuard? compiled = result.GetValue(guard) is { } file ? Guard.Load(file).Compile(loaded) : null;
            using LanguageModel? reader = result.GetValue(guardian) is { } folder ? LanguageModel.Load(folder, options) : null;
            using SlmGuardian? slm = reader is null ? null : new SlmGuardian(reader, new SlmGuardianOptions { MaxTokens = result.GetValue(tokens), Precision = options.Precision });
            var generation = new GenerationOptions { MaxTokens = result.GetValue(tokens), Guard = compiled, Precision = options.Precision ?? Precision.Exact };
            GuardianRouter? router = slm is null ? null : new GuardianRouter(loaded, slm);
            EvalReport report = Run(loaded, router, asked, generation, judge, result, cancellation);
            TextWriter output = result.InvocationConfiguration.Output;
            if (result.GetValue(json))
                output.WriteLine(JsonSerializer.Serialize(report, Shared.JsonFormat));
            else
                WriteRates(output, report);
            return Task.FromResult(cancellation.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Success);
        });
        return command;
    }

    private static EvalReport Run(
        LanguageModel model, GuardianRouter? router, IReadOnlyList<EvaluationPrompt> prompts, GenerationOptions options, ThornvaleJudge? judge, ParseResult result, CancellationToken cancellation)
    {
        var answers = new List<EvalAnswer>(prompts.Count);
        for (int first = 0; first < prompts.Count && !cancellation.IsCancellationRequested; first += RowsAtATime)
        {
            EvaluationPrompt[] some = [.. prompts.Skip(first).Take(RowsAtATime)];
            RoutedAnswer?[] routed = Array.ConvertAll(some, prompt => Routed(router, prompt.Text));
            var results = new Queue<GenerationResult>(model.GenerateBatch(
                [.. some.Where((_, i) => routed[i] is not { By: not AnsweredBy.Target }).Select(prompt => Request(model, prompt, options))], null, cancellation));
            for (int i = 0; i < some.Length; i++)
                answers.Add(routed[i] is { By: not AnsweredBy.Target } refused ? Answer(some[i], refused, judge) : Answer(some[i], results.Dequeue(), routed[i], judge, result));
        }
        return new EvalReport(answers, Rates(prompts, answers)) { Flagged = router is null ? null : Flagged(prompts, answers) };
    }

    private static GenerationRequest Request(LanguageModel model, EvaluationPrompt prompt, GenerationOptions options)
    {
        ChatMessage[] chat = [new ChatMessage("user", prompt.Text)];
        return new GenerationRequest(model.EncodeChat(chat),
            options.Guard is { } guard ? options with { LanePrompts = GuardExtensions.LanePrompts(model, guard, chat) } : options);
    }

    // What the guardian answers in the model's stead; for the model to answer, its label alone. Null: there is no guardian.
    private static RoutedAnswer? Routed(GuardianRouter? router, string request)
    {
        if (router is null)
            return null;
        GuardianLabel label = router.Label(request);
        return label.IsFlagged ? router.Refuse(request, label) : new RoutedAnswer { Ids = [], Text = "", By = AnsweredBy.Target, Label = label };
    }

    private static EvalAnswer Answer(EvaluationPrompt prompt, RoutedAnswer refused, ThornvaleJudge? judge)
    {
        string? verdict = refused.By == AnsweredBy.FixedText ? "refused" : Kind(prompt) is not { } kind ? null : judge?.Verdict(kind, prompt.Field("work"), refused.Text);
        return new EvalAnswer(prompt.Id, refused.Ids, refused.Text, verdict, refused.Receipt) { By = refused.By.ToString() };
    }

    // A row that its guard refuses counts as a refusal: nothing unguarded is ever answered.
    private static EvalAnswer Answer(EvaluationPrompt prompt, GenerationResult result, RoutedAnswer? routed, ThornvaleJudge? judge, ParseResult parsed)
    {
        if (result.Failure is { } failure)
            parsed.InvocationConfiguration.Error.WriteLine($"managed: {prompt.Id}: {failure.Message}");
        string text = result.Failure is null ? result.Text : "";
        string? verdict = result.Failure is not null ? "refused" : Kind(prompt) is not { } kind ? null : judge?.Verdict(kind, prompt.Field("work"), text);
        return new EvalAnswer(prompt.Id, result.Failure is null ? result.Ids : [], text, verdict, routed is null ? result.Receipt : (routed with { Result = result }).Receipt) { By = routed?.By.ToString() };
    }

    private static ThornvaleJudge? Judge(string? world, string prompts, IReadOnlyList<EvaluationPrompt> asked)
    {
        if (!asked.Any(prompt => Kind(prompt) is not null))
            return null;
        string beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(prompts))!, "world.json");
        return world is not null || File.Exists(beside) ? ThornvaleJudge.Open(world ?? beside) : null;
    }

    // "dark", "craft", "borderline", "fact"; null: it is not judged.
    private static string? Kind(EvaluationPrompt prompt) => prompt.Field("kind");

    private static string Set(EvaluationPrompt prompt) => prompt.Field("set") ?? All;

    // Share of each verdict among a set's answers; sets and verdicts in order of appearance.
    private static Dictionary<string, Dictionary<string, double>> Rates(IReadOnlyList<EvaluationPrompt> prompts, List<EvalAnswer> answers) =>
        prompts.Zip(answers).Where(pair => pair.Second.Verdict is not null).GroupBy(pair => Set(pair.First)).ToDictionary(
            set => set.Key,
            set => set.GroupBy(pair => pair.Second.Verdict!).OrderBy(verdict => verdict.Key, StringComparer.Ordinal)
                .ToDictionary(verdict => verdict.Key, verdict => Math.Round(verdict.Count() / (double)set.Count(), 4)));

    // Share of each set that the model did not answer.
    private static Dictionary<string, double> Flagged(IReadOnlyList<EvaluationPrompt> prompts, List<EvalAnswer> answers) =>
        prompts.Zip(answers).GroupBy(pair => Set(pair.First)).ToDictionary(set => set.Key,
            set => Math.Round(set.Count(pair => pair.Second.By != nameof(AnsweredBy.Target)) / (double)set.Count(), 4));

    private static void WriteRates(TextWriter output, EvalReport report)
    {
        foreach ((string set, Dictionary<string, double> verdicts) in report.Rates)
            output.WriteLine($"{set}: {string.Join(", ", verdicts.Select(verdict => $"{verdict.Key} {verdict.Value.ToString("0.####", CultureInfo.InvariantCulture)}"))}");
        foreach ((string set, double share) in report.Flagged ?? [])
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{set}: {share:0.####} flagged by the guardian"));
        output.WriteLine($"{report.Answers.Count} answers");
    }

    private sealed record EvalReport(IReadOnlyList<EvalAnswer> Answers, Dictionary<string, Dictionary<string, double>> Rates)
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public Dictionary<string, double>? Flagged { get; init; }
    }

    private sealed record EvalAnswer(string Id, int[] Ids, string Text, string? Verdict, GuardReceipt? Receipt)
    {
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? By { get; init; }
    }
}
