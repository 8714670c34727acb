using Managed.Kernels.Edits;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Guards;

/// <summary>Reads `*.guard.json`; docs/guard.schema.json is its schema. What is not understood is refused, never passed over.</summary>
internal sealed class GuardFileReader
{
    /// <summary>What "format" must say.</summary>
    public const string Format = "managed-guard/1";

    /// <summary>What files call the ways in which tokens stand before late lanes.</summary>
    public static IReadOnlyDictionary<string, SpeculativeAcceptance> AcceptanceNames { get; } =
        new Dictionary<string, SpeculativeAcceptance> { ["same_token"] = SpeculativeAcceptance.SameToken, ["ratio"] = SpeculativeAcceptance.Ratio };

    private const long LargestTensor = 1L << 28; // elements

    private readonly string path;

    private GuardFileReader(string path) => this.path = path;

    public static GuardProgram Read(string path)
    {
        try
        {
            return new GuardFileReader(path).Program(JsonValue.ReadFile(path));
        }
        catch (GuardException wrong)
        {
            throw new GuardException($"{path}: {wrong.Message}", wrong);
        }
        catch (CheckpointException wrong)
        {
            throw new GuardException(wrong.Message, wrong);
        }
    }

    private GuardProgram Program(JsonValue root)
    {
        var file = new GuardSection(root, "guard");
        string format = file.Text("format") ?? "none";
        if (format != Format)
            throw new GuardException($"format: found {format}; expected \"{Format}\".");
        file.Skip("$schema");
        IReadOnlyList<JsonValue> items = file.List("steps") ?? [];
        if (items.Count > GuardProgram.MostSteps)
            throw new GuardException($"steps: found {items.Count}; expected at most {GuardProgram.MostSteps}.");
        GuardStep[] steps = [.. items.Select((item, index) => Step(item, $"steps[{index}]"))];
        GuardHead? head = file.Section("head") is { } section ? Head(section) : null;
        GuardSection? decide = file.Section("decide");
        GuardStep[] reads = decide is null ? [] : Steps(decide);
        string suffix = decide?.Text("suffix") ?? "";
        decide?.End();
        GuardLaneSource[] lanes = [.. (file.List("lanes") ?? []).Select(Lane)];
        GuardLogits[] logits = [.. (file.List("logits") ?? []).Select(Logits)];
        GuardFlow[] flow = [.. (file.List("flow") ?? []).Select(Flow)];
        string[] vectors = file.Value("vectors") is not { } named ? []
            : named.AsText() is { } one ? [one]
            : [.. (named.Items ?? throw file.Wrong("vectors", named.Describe(), "the name of a file, or a list of names")).Select(item => item.AsText() ?? throw file.Wrong("vectors", item.Describe(), "names of files"))];
        string name = file.Text("name") ?? Path.GetFileName(path).Split('.')[0];
        var program = new GuardProgram
        {
            Name = name,
            What = file.Text("what") ?? "",
            Steps = steps,
            Head = head,
            Decide = reads,
            DecideSuffix = suffix,
            Lanes = lanes,
            Logits = logits,
            Flow = flow,
            Late = file.Section("late_lanes") is { } late ? Late(late) : null,
            Adapter = file.Text("adapter") is { } adapter ? Beside(adapter) : null,
            Tensors = Tensors(vectors, [.. steps, .. reads, .. lanes.SelectMany(lane => lane.Steps)], [head, .. lanes.Select(lane => lane.Head), .. flow.Select(rule => rule.Head)]),
        };
        file.End();
        return program;
    }

    private static GuardStep[] Steps(GuardSection section) =>
        [.. (section.List("steps") ?? []).Take(GuardProgram.MostSteps + 1).Select((item, index) => Step(item, $"{section.Place}.steps[{index}]"))];

    private GuardLaneSource Lane(JsonValue value, int index)
    {
        var section = new GuardSection(value, $"lanes[{index}]");
        var lane = new GuardLaneSource(section.Text("name") ?? throw section.Wrong("name", "nothing", "a name, by which \"logits\" call the lane"))
        {
            Steps = Steps(section),
            Adapter = section.Text("adapter") is { } adapter ? Beside(adapter) : null,
            Head = section.Section("head") is { } head ? Head(head) : null,
            System = section.Text("system"),
            Model = section.Text("model") is { } model ? Beside(model) : null,
        };
        section.End();
        return lane;
    }

    private static LateLanes Late(GuardSection section)
    {
        int tokens = section.Whole("tokens") ?? throw section.Wrong("tokens", "nothing", "the number of tokens after which the lanes are looked at");
        string accept = section.Choice("accept", [.. AcceptanceNames.Keys]) ?? "same_token";
        section.End();
        return new LateLanes(tokens, AcceptanceNames[accept]);
    }

    private static GuardLogits Logits(JsonValue value, int index)
    {
        var section = new GuardSection(value, $"logits[{index}]");
        string name = section.Choice("do", [.. StageCompiler.Names.Select(known => known.Name)]) ?? throw section.Wrong("do", "nothing", string.Join(", ", StageCompiler.Names.Select(known => known.Name)));
        (_, _, bool lane, bool ids, string[] members) = StageCompiler.Names.First(known => known.Name == name);
        float Member(string member, float otherwise) => members.Contains(member) ? section.Number(member) ?? otherwise : otherwise;
        float strength = Member("weight", 0) + Member("lambda", 0) + Member("alpha", 0) + Member("strength", 0);
        var stage = new GuardLogits(name)
        {
            Lane = lane ? section.Text("lane") : null,
            Strength = strength,
            Keep = Member("keep", name == "mix" ? 1 - strength : 1),
            Cut = Member("cut", 0),
            Common = members.Contains("common") ? section.Whole("common") ?? 1 : 1,
            Rounded = members.Contains("rounded") && section.Flag("rounded"),
            Tokens = section.Whole("tokens"),
            Ids = ids ? section.Wholes("ids") ?? [] : [],
        };
        section.End();
        return stage;
    }

    private static GuardFlow Flow(JsonValue value, int index)
    {
        var section = new GuardSection(value, $"flow[{index}]");
        var rule = new GuardFlow
        {
            When = section.Text("when") is { } when ? GuardExpressionParser.Parse(when) : null,
            Pilot = section.Whole("pilot") ?? 0,
            Switch = section.Text("switch") is { } also ? GuardExpressionParser.Parse(also) : null,
            Head = section.Section("head") is { } head ? Head(head) : null,
            Refuse = section.Text("refuse"),
        };
        section.End();
        return rule;
    }

    private static GuardStep Step(JsonValue value, string place)
    {
        var section = new GuardSection(value, place);
        string name = section.Text("do") ?? throw section.Wrong("do", "nothing", $"one of {string.Join(", ", GuardOperations.All.Select(known => known.Name))}");
        GuardOperation operation = GuardOperations.All.FirstOrDefault(known => known.Name == name && known.Kind != EditKind.Custom)
            ?? throw section.Wrong("do", $"\"{name}\"", $"{ClosestName.Of(name, GuardOperations.All.Select(known => known.Name))} or another of {string.Join(", ", GuardOperations.All.Where(known => known.Kind != EditKind.Custom).Select(known => known.Name))}");
        var tensors = new Dictionary<string, string>();
        foreach (string role in operation.Tensors.Concat(operation.Optional))
            if (section.Text(role) is { } tensor)
                tensors[role] = tensor;
        bool Has(string member) => operation.Members.Contains(member);
        var step = new GuardStep
        {
            Do = name,
            At = section.Text("at") ?? throw section.Wrong("at", "nothing", "a hook point, as in blocks.3.hook_resid_post"),
            On = section.Value("on") is { } on ? Positions(on, section) : GuardPositions.All,
            When = section.Text("when") is { } when ? GuardExpressionParser.Parse(when) : null,
            Sticky = section.Flag("sticky"),
            AllowIdle = section.Flag("allow_idle"),
            Tensors = tensors,
            Into = Has("into") ? section.Text("into") : null,
            Buffer = Has("buffer") ? section.Text("buffer") : null,
            Mean = Has("mean") && section.Flag("mean"),
            OfBuffer = Has("of_buffer") && section.Flag("of_buffer"),
            Strength = Has("strength") ? section.Number("strength") ?? 1 : 1,
            Times = Has("times") ? section.Text("times") : null,
            TimesSign = Has("times_sign") && section.Flag("times_sign"),
            Low = Has("low") ? section.Number("low") ?? float.NegativeInfinity : float.NegativeInfinity,
            High = Has("high") ? section.Number("high") ?? float.PositiveInfinity : float.PositiveInfinity,
            Unit = Has("unit") && section.Flag("unit"),
            Keep = Has("keep") ? section.Whole("keep") ?? 0 : 0,
            Indices = Has("indices") ? section.Wholes("indices") ?? [] : [],
            Class = Has("class") ? section.Whole("class") ?? 1 : 1,
            Link = Has("link") ? section.Choice("link", ["none", .. Links(operation.Kind)]) : null,
        };
        section.End();
        return step;
    }

    private static string[] Links(EditKind kind) => kind switch
    {
        EditKind.LinearProbe => ["sigmoid"],
        EditKind.MlpProbe => ["softmax"],
        EditKind.Cosine => ["tanh"],
        _ => ["relu"],
    };

    private static GuardPositions Positions(JsonValue value, GuardSection step)
    {
        if (value.AsText() is { } name)
        {
            foreach ((string known, GuardPositions positions) in GuardPositions.Named)
                if (known == name)
                    return positions;
            throw step.Wrong("on", $"\"{name}\"", string.Join(", ", GuardPositions.Named.Select(known => known.Name)) + " or {\"from\": 3, \"to\": 7, \"every\": 2}");
        }
        var section = new GuardSection(value, step.Place + ".on");
        int from = section.Whole("from") ?? 0, every = section.Whole("every") ?? 1;
        int? to = section.Whole("to"), generated = section.Whole("to_generated");
        section.End();
        if (to is not null && generated is not null)
            throw section.Wrong("to", $"{to}, and to_generated {generated}", "one of them");
        if (every < 1)
            throw section.Wrong("every", $"{every}", "1 or more");
        PositionRule rule = generated is { } after ? PositionRule.From(from) with { End = after, EndFromPromptEnd = 1 } : to is { } end ? PositionRule.Range(from, end) : PositionRule.From(from);
        return new GuardPositions(rule with { Every = every });
    }

    private static GuardHead Head(GuardSection section)
    {
        var head = new GuardHead(section.Text("weight"), section.Text("down"), section.Text("up"));
        section.End();
        return head;
    }

    private Dictionary<string, GuardTensor> Tensors(string[] vectors, GuardStep[] steps, GuardHead?[] heads)
    {
        var tensors = new Dictionary<string, GuardTensor>();
        IEnumerable<string?> asked = steps.SelectMany(step => step.Tensors.Values).Concat(heads.SelectMany(head => new[] { head?.Weight, head?.Down, head?.Up }));
        string[] names = [.. asked.OfType<string>().Distinct()];
        if (names.Length == 0)
            return tensors;
        if (vectors.Length == 0)
            throw new GuardException($"vectors: found no file, but the steps name {names[0]}; expected the safetensors file that holds it.");
        var known = new List<string>();
        foreach (string file in vectors.Select(Beside))
        {
            if (!File.Exists(file))
                throw new GuardException($"vectors: found no file {file}; expected the safetensors file with {names[0]}.");
            using SafetensorsFile opened = SafetensorsFile.Open(file);
            known.AddRange(opened.Tensors.Keys);
            foreach (string name in names)
            {
                if (!opened.Tensors.TryGetValue(name, out StoredTensor? stored))
                    continue;
                if (stored.ElementCount > LargestTensor)
                    throw new GuardException($"vectors: found {stored.ElementCount} elements in {name}; expected at most {LargestTensor}.");
                if (!tensors.TryAdd(name, new GuardTensor([.. stored.Shape.Select(size => (int)size)], StoredValues.ToSingle(stored))))
                    throw new GuardException($"vectors: found the tensor {name} in {file} and in a file before it; expected it once.");
            }
        }
        return Array.Find(names, name => !tensors.ContainsKey(name)) is not { } missing ? tensors
            : throw new GuardException($"vectors: found no tensor {missing} in {string.Join(", ", vectors.Select(Beside))}; expected one of {string.Join(", ", known.OrderBy(name => ClosestName.Distance(missing, name)).Take(3))}…");
    }

    private string Beside(string relative) => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, relative));
}
