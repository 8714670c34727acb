using System.CommandLine;
using Managed.Cli.Verbs;
using Managed.Guards;
using Managed.Guards.Evaluation;
using Managed.Loader;

namespace Managed.Cli.Evaluations;

/// <summary>What `managed eval` is asked for.</summary>
internal sealed class EvalArguments
{
    private const string GuardianPrefix = "guardian:", GuardSuffix = ".guard.json";

    private readonly Option<string?> suite = new("--suite") { Description = "A file that says what to measure: sets, guards, guardians, judge, settings; what is given besides comes first." };

    private readonly Option<string[]> sets = new("--sets")
    {
        Description = "Prompts: NAME=FILE, several times. FILE is .jsonl, .json, .csv, .tsv or .txt; FILE:COLUMN names the column, FILE:1 the first of a table without a header.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string[]> guards = new("--guard")
    {
        Description = "Guards to measure beside the model alone: *.guard.json, several times.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string[]> guardians = new("--guardian")
    {
        Description = "Guardians to measure before the model: a guardian's checkpoint, or *.guardian.json; several times.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> judge = new("--judge")
    {
        Description = "xstest (the default), strings:FILE for a list of one's own, guardian:FILE for a guardian that reads the answers, thornvale or thornvale:FILE for its world.json, which else is the attack's or lies beside the first set.",
    };

    private readonly Option<string?> refusals = new("--refusals") { Description = "With --judge guardian: what makes a refusal, which the guardian is not asked about; a list as strings:FILE takes it, without it XSTest's." };
    private readonly Option<string?> world = new("--attack") { Description = "Search for attacks among the combinations that this file (Thornvale's world.json) spans." };
    private readonly Option<int> combinations = new("--combinations") { Description = "Combinations that the attack tries.", DefaultValueFactory = _ => 10_000 };
    private readonly Option<int> seed = new("--seed") { Description = "Start of the attack's random numbers." };
    private readonly Option<string[]> probes = new("--probe")
    {
        Description = "A gate to measure on the sets: FILE.safetensors:LAYER, several times; reads probe.LAYER.weight and .bias.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string[]> gates = new("--gate")
    {
        Description = "Another gate: a register of a guard, as FILE.guard.json:REGISTER, or a guardian; several times.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<double> threshold = new("--threshold") { Description = "From which probability on a gate takes a prompt as harmful.", DefaultValueFactory = _ => 0.5 };
    private readonly Option<bool> drift = new("--drift") { Description = "How far each guard moves the distributions behind the model's own answers to the sets: KL divergence and perplexity." };
    private readonly Option<string?> text = new("--perplexity") { Description = "A text to measure perplexity on." };
    private readonly Option<int> window = new("--window") { Description = "Tokens of a window; 0: the model's context, at most 2048." };
    private readonly Option<int> stride = new("--stride") { Description = "Tokens from one window's beginning to the next one's; 0: half a window." };
    private readonly Option<string?> choices = new("--choices") { Description = "Multiple-choice questions: a line or item has context, choices, gold." };
    private readonly Option<int?> maxTokens = new("--max-tokens") { Description = "New tokens of each answer at most; without it 64." };
    private readonly Option<int?> batch = new("--batch") { Description = "Prompts that are answered together; without it 64." };
    private readonly Option<int> take = new("--take") { Description = "Prompts of each set, evenly spread over it; 0: all." };
    private readonly Option<string?> output = new("--out") { Description = "Folder for answers.jsonl, verdicts.jsonl, attack-answers.jsonl, measurements.jsonl, report.json, report.md, report.html; an interrupted run goes on there." };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { suite, sets, take, guards, guardians, judge, refusals, maxTokens, batch, output, world, combinations, seed, probes, gates, threshold, drift, text, window, stride, choices })
            command.Options.Add(option);
        maxTokens.AtLeast(1);
        batch.AtLeast(1);
        take.AtLeast(0);
        combinations.AtLeast(1);
        window.AtLeast(0);
        stride.AtLeast(0);
        command.Validators.Add(result =>
        {
            if (new Option[] { suite, sets, world, text, choices }.All(option => result.GetResult(option) is null))
                result.AddError("there is nothing to measure; give --suite, --sets, --attack, --perplexity or --choices");
            else if ((result.GetResult(probes) ?? result.GetResult(gates)) is not null && result.GetResult(sets) is null && result.GetResult(suite) is null)
                result.AddError("--probe and --gate need --sets, whose prompts they are measured on");
            else if (result.GetValue(drift) && result.GetResult(suite) is null && (result.GetResult(sets) is null || result.GetResult(guards) is null))
                result.AddError("--drift needs --sets and --guard: it compares a guarded model with the same without, on its answers");
        });
    }

    /// <exception cref="CheckpointException">A file that cannot be used.</exception>
    /// <exception cref="UsageException">Values that mean nothing.</exception>
    public EvalRequest Read(ParseResult result)
    {
        EvalSuite file = result.GetValue(suite) is { } path ? EvalSuite.Read(path) : new EvalSuite();
        PromptSet[] asked = [.. (result.GetValue(sets) ?? []).Select(ReadSet), .. file.Sets];
        return Read(result, file, result.GetValue(take) is > 0 and var count ? [.. asked.Select(set => set.Take(count))] : asked);
    }

    private EvalRequest Read(ParseResult result, EvalSuite file, PromptSet[] asked) => new()
    {
        Sets = asked,
        Guards = [.. (result.GetValue(guards) ?? []).Concat(file.Guards).Select(Guard.Load)],
        Guardians = [.. (result.GetValue(guardians) ?? []).Concat(file.Guardians)],
        Judge = JudgeOf(result, file) is var named && IsGuardian(named) ? null : ReadJudge(named, result.GetValue(world) ?? WorldBeside(asked)),
        JudgingGuardian = IsGuardian(named) ? named[GuardianPrefix.Length..] : null,
        Refusals = (result.GetValue(refusals) ?? file.Refusals) is { } rules ? StringRules.Read(rules) : null,
        Attack = result.GetValue(world) is { } space ? AttackSpace.ReadWorld(space) : null,
        Combinations = result.GetValue(combinations),
        Seed = result.GetValue(seed),
        Probes = [.. (result.GetValue(probes) ?? []).Select(ReadProbe)],
        Gates = [.. AllGates(result, file).Where(IsRegister).Select(ReadGate)],
        GatingGuardians = [.. AllGates(result, file).Where(gate => !IsRegister(gate))],
        GatesAlone = (result.GetResult(probes) ?? result.GetResult(gates)) is not null,
        Threshold = result.GetValue(threshold),
        Drift = result.GetValue(drift) ? int.MaxValue : file.Drift,
        Text = (result.GetValue(text) ?? file.Perplexity) is { } path ? Utf8Text.ReadFile(path) : null,
        Window = result.GetValue(window),
        Stride = result.GetValue(stride),
        Choices = result.GetValue(choices) is { } questions ? ChoiceQuestions.Read(questions) : null,
        MaxTokens = result.GetValue(maxTokens) ?? file.MaxTokens ?? 64,
        BatchSize = result.GetValue(batch) ?? file.Batch ?? 64,
        Output = result.GetValue(output),
    };

    private static PromptSet ReadSet(string argument)
    {
        int equals = argument.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && equals < argument.Length - 1 ? PromptSet.Read(argument[..equals], argument[(equals + 1)..])
            : throw new UsageException($"--sets: found '{argument}'; expected NAME=FILE");
    }

    // Thornvale's judge needs the world that the prompts are of.
    private static string? WorldBeside(PromptSet[] sets) =>
        sets is [var first, ..] ? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(first.File))!, "world.json") : null;

    /// <summary>The judge of a name, as `--judge` takes it.</summary>
    /// <exception cref="UsageException">There is no such judge.</exception>
    internal static IJudge ReadJudge(string name, string? world) => name switch
    {
        "thornvale" => ThornvaleJudge.Open(world is not null && File.Exists(world) ? world
            : throw new UsageException($"--judge thornvale: found no {world ?? "world.json"}; say where it is, as thornvale:FILE")),
        _ when name.StartsWith("thornvale:", StringComparison.Ordinal) => ThornvaleJudge.Open(name[10..]),
        "xstest" => StringJudge.XsTest,
        _ when name.StartsWith("strings:", StringComparison.Ordinal) => new StringJudge(Path.GetFileName(name[8..]), StringRules.Read(name[8..])),
        _ => throw new UsageException($"--judge: found '{name}'; expected xstest, strings:FILE, thornvale or thornvale:FILE"),
    };

    private string JudgeOf(ParseResult result, EvalSuite file) => result.GetValue(judge) ?? file.Judge ?? "xstest";

    private static bool IsGuardian(string judge) => judge.StartsWith(GuardianPrefix, StringComparison.Ordinal);

    private IEnumerable<string> AllGates(ParseResult result, EvalSuite file) => (result.GetValue(gates) ?? []).Concat(file.Gates);

    private static bool IsRegister(string gate) => gate.Contains(GuardSuffix, StringComparison.Ordinal);

    private static (GuardProgram Guard, string Register) ReadGate(string argument)
    {
        int colon = argument.LastIndexOf(':');
        return colon > 0 && colon < argument.Length - 1 && argument[..colon].EndsWith(GuardSuffix, StringComparison.Ordinal) ? (Guard.Load(argument[..colon]), argument[(colon + 1)..])
            : throw new UsageException($"--gate: found '{argument}'; expected FILE.guard.json:REGISTER or a guardian");
    }

    private static (string File, int Layer) ReadProbe(string argument)
    {
        int colon = argument.LastIndexOf(':');
        return colon > 0 && int.TryParse(argument[(colon + 1)..], out int layer) ? (argument[..colon], layer)
            : throw new UsageException($"--probe: found '{argument}'; expected FILE.safetensors:LAYER");
    }
}

/// <summary>What `managed eval` does.</summary>
internal sealed record EvalRequest
{
    public required IReadOnlyList<PromptSet> Sets { get; init; }

    public IReadOnlyList<GuardProgram> Guards { get; init; } = [];

    public IReadOnlyList<string> Guardians { get; init; } = [];

    /// <summary>The judge; null: <see cref="JudgingGuardian"/> is.</summary>
    public required IJudge? Judge { get; init; }

    /// <summary>A guardian that judges, which is loaded with the model.</summary>
    public string? JudgingGuardian { get; init; }

    /// <summary>What makes a refusal where a guardian judges; null: XSTest's list.</summary>
    public StringRules? Refusals { get; init; }

    public AttackSpace? Attack { get; init; }

    public int Combinations { get; init; }

    public int Seed { get; init; }

    public IReadOnlyList<(string File, int Layer)> Probes { get; init; } = [];

    /// <summary>Registers of guards, measured as gates.</summary>
    public IReadOnlyList<(GuardProgram Guard, string Register)> Gates { get; init; } = [];

    /// <summary>Guardians, measured as gates.</summary>
    public IReadOnlyList<string> GatingGuardians { get; init; } = [];

    /// <summary>Gates are measured instead of answers, not besides.</summary>
    public bool GatesAlone { get; init; }

    public double Threshold { get; init; }

    /// <summary>Prompts of each set on which drift is measured, evenly spread; 0: it is not.</summary>
    public int Drift { get; init; }

    public string? Text { get; init; }

    public int Window { get; init; }

    public int Stride { get; init; }

    public IReadOnlyList<ChoiceQuestion>? Choices { get; init; }

    public int MaxTokens { get; init; }

    public int BatchSize { get; init; }

    public string? Output { get; init; }
}
