using System.Security.Cryptography;
using System.Text;
using Managed.Kernels;
using Managed.Kernels.Edits;
using Managed.Loader;

namespace Managed.Guards;

/// <summary>Compiles a whole guard: its passes, adapters, heads, lanes, stages and decisions.</summary>
internal sealed class GuardAssembly
{
    private readonly GuardProgram program;
    private readonly LanguageModel model;
    private readonly List<IDisposable> owned = [];
    private readonly Dictionary<string, Adapter> adapters = [];
    private readonly Dictionary<string, LanguageModel> checkpoints = [];
    private readonly Dictionary<GuardHead, HeadSwap> heads = [];
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    private GuardAssembly(GuardProgram program, LanguageModel model)
    {
        this.program = program;
        this.model = model;
    }

    /// <exception cref="GuardException">The guard does not fit the model.</exception>
    public static CompiledGuard Compile(GuardProgram program, LanguageModel model)
    {
        var assembly = new GuardAssembly(program, model);
        try
        {
            CompiledGuard guard = assembly.Compile();
            assembly.owned.ForEach(guard.Own);
            return guard;
        }
        catch
        {
            assembly.owned.ForEach(item => item.Dispose());
            throw;
        }
        finally
        {
            assembly.hash.Dispose();
        }
    }

    private CompiledGuard Compile()
    {
        GuardPass? decide = Pass("decide", program.Decide, []);
        if (decide is not null && decide.Program.Instructions.Any(instruction => !instruction.IsRead))
            throw Bad("decide", "found an edit; expected reads alone, since the prompt's cache is used again");
        // A mean is made as the prompt goes by, once: what is taken back could not be taken off it.
        if (program.Steps.Concat(program.Lanes.SelectMany(lane => lane.Steps)).FirstOrDefault(step => step.Mean) is { } mean)
            throw Bad($"record at {mean.At}", $"found the mean {mean.Buffer} in a pass that answers; expected it in a pass over the prompt (\"decide\")");
        string[] given = [.. decide?.Registers ?? []];
        GuardPass? pass = Pass("", program.Steps, given);
        var lanes = new List<GuardLane>();
        foreach (GuardLaneSource lane in program.Lanes)
            lanes.Add(Lane(lane));
        (var stages, int[] ids) = StageCompiler.Compile(program, model);
        hash.AppendData(Encoding.UTF8.GetBytes($"{program.Adapter} {program.Head} {program.DecideSuffix} {string.Join(' ', program.Lanes.Select(lane => $"{lane.Name} {lane.Adapter} {lane.Head} {lane.System} {lane.Model}"))} {string.Join(' ', stages)} {string.Join(' ', ids)} {string.Join(' ', program.Flow)} {program.Late}"));
        FlowRule[] flow = [.. program.Flow.Select((rule, index) => Flow(rule, index, pass))];
        return new CompiledGuard(program.Name, Convert.ToHexStringLower(hash.GetCurrentHash())[..32], model)
        {
            Pass = pass,
            Decide = decide,
            DecideSuffix = program.DecideSuffix.Length == 0 ? [] : model.Encode(program.DecideSuffix, addSpecialTokens: false),
            Adapter = program.Adapter is { } folder ? Adapter(folder) : null,
            Head = program.Head is { } head ? Head(head) : null,
            Lanes = [.. lanes.Select((lane, index) => lane with { Until = stages.Where(stage => stage.Lane == index + 1).Select(stage => stage.Tokens).DefaultIfEmpty(0).Max() })],
            Stages = stages,
            StageIds = ids,
            Flow = flow,
            Late = Late(lanes),
        };
    }

    private LateLanes? Late(List<GuardLane> lanes)
    {
        if (program.Late is not { } late)
            return null;
        if (late.Tokens is < 1 or > LateLanes.Most)
            throw Bad("late_lanes, tokens", $"found {late.Tokens}; expected 1 to {LateLanes.Most}");
        if (lanes.Count == 0)
            throw Bad("late_lanes", "found no lane; expected at least one that can be looked at late");
        if (program.Decide.Count > 0 || program.Flow.Count > 0)
            throw Bad("late_lanes", "found decisions beside it (\"decide\" or \"flow\"); expected steps, lanes and logits alone");
        return late.Tokens == 1 ? null : late;
    }

    private GuardPass? Pass(string part, IReadOnlyList<GuardStep> steps, IReadOnlyList<string> given, LanguageModel? of = null)
    {
        GuardPass? pass = GuardCompiler.Compile(part.Length == 0 ? program.Name : $"{program.Name}, {part}", steps, program.Tensors, of ?? model, given, hash);
        if (pass is not null)
            owned.Add(pass.Program);
        return pass;
    }

    private GuardLane Lane(GuardLaneSource lane)
    {
        LanguageModel? other = lane.Model is { } path ? Checkpoint(path, lane) : null;
        return new GuardLane(lane.Name, Pass($"lane {lane.Name}", lane.Steps, [], other),
            lane.Adapter is { } folder ? Adapter(folder) : null, lane.Head is { } head ? Head(head) : null, lane.System)
        {
            Model = other,
        };
    }

    // Lanes that name the same checkpoint share it.
    private LanguageModel Checkpoint(string path, GuardLaneSource lane)
    {
        if (lane.Adapter is not null || lane.Head is not null)
            throw Bad($"lane {lane.Name}", "found a checkpoint with an adapter or a head besides; expected a checkpoint alone, with edits or a system message at most");
        if (checkpoints.TryGetValue(path, out LanguageModel? known))
            return known;
        LanguageModel other;
        try
        {
            other = model.LoadBeside(path);
        }
        catch (Exception wrong) when (wrong is CheckpointException or FileNotFoundException)
        {
            throw Bad($"lane {lane.Name}, model", wrong.Message.TrimEnd('.'));
        }
        owned.Add(other);
        return SharedVocabulary.Difference(model, other) is not { } difference ? checkpoints[path] = other
            : throw Bad($"lane {lane.Name}, model", difference);
    }

    private FlowRule Flow(GuardFlow rule, int index, GuardPass? pass)
    {
        string where = $"flow {index}";
        if ((rule.Head is null) == (rule.Refuse is null))
            throw Bad(where, "expected a \"head\" to go on with or a text to \"refuse\" with, and not both");
        if (rule.Pilot is < 0 or > 1024)
            throw Bad(where, $"pilot: found {rule.Pilot} tokens; expected 0 to 1024");
        if (rule.Pilot == 0 && rule.Switch is not null)
            throw Bad(where, "found \"switch\" without \"pilot\"; expected \"when\" alone, or a pilot of some tokens");
        string words = rule.Refuse is not null ? "answered in the model's stead" : $"went on with the head {rule.Head!.Weight ?? rule.Head.Up}";
        return new FlowRule(words, Condition(rule.When, where, pass), rule.Pilot, Condition(rule.Switch, where, pass),
            rule.Head is { } head ? Head(head) : null, rule.Refuse is { } text ? model.Encode(text, addSpecialTokens: false) : null);
    }

    // A decision reads the line of the newest token: registers keep their values from token to token.
    private ConditionOp[] Condition(GuardExpression? expression, string where, GuardPass? pass)
    {
        if (expression is null)
            return [];
        if (!expression.IsCondition)
            throw Bad(where, $"found {expression}, a number; expected a comparison, as in harm > 0.5");
        if (pass is null)
            throw Bad(where, $"found the condition {expression}, but no step reads anything");
        var operations = new List<ConditionOp>();
        Append(expression, 0);
        return [.. operations];

        void Append(GuardExpression node, int depth)
        {
            if (depth >= ConditionOp.DeepestStack - 1)
                throw Bad(where, "found a condition that is nested too deep; expected a simpler one");
            if (node.Left is { } left)
                Append(left, depth);
            if (node.Right is { } right)
                Append(right, depth + 1);
            if (node.Register is not { } register)
            {
                operations.Add(new ConditionOp(node.Code, node.Value));
                return;
            }
            int slot = Enumerable.Range(0, pass.Registers.Count).FirstOrDefault(i => pass.Registers[i] == register, -1);
            if (slot < 0)
                throw Bad(where, $"found the register {register}, which no step writes; expected one of {string.Join(", ", pass.Registers)}");
            operations.Add(new ConditionOp(ConditionCode.Register, 0, slot < pass.Given ? RegisterFrom.Given : RegisterFrom.Current, slot));
        }
    }

    private Adapter Adapter(string folder)
    {
        if (adapters.TryGetValue(folder, out Adapter? known))
            return known;
        try
        {
            Adapter adapter = model.LoadAdapter(folder);
            owned.Add(adapter);
            return adapters[folder] = adapter;
        }
        catch (CheckpointException wrong)
        {
            throw Bad("adapter", wrong.Message.TrimEnd('.'));
        }
    }

    private HeadSwap Head(GuardHead head)
    {
        if (heads.TryGetValue(head, out HeadSwap? known))
            return known;
        if (head.Weight is { } whole)
            return heads[head] = new HeadSwap(Matrix(whole, "weight", model.VocabularySize, model.Width));
        if (head.Down is null || head.Up is null)
            throw Bad("head", "expected \"weight\", or \"down\" and \"up\"");
        int rank = program.Tensors.TryGetValue(head.Down, out GuardTensor? tensor) && tensor.Shape.Length == 2 ? tensor.Shape[0] : 0;
        return heads[head] = new HeadSwap(null, Matrix(head.Down, "down", rank, model.Width), Matrix(head.Up, "up", model.VocabularySize, rank));
    }

    private unsafe Weight Matrix(string name, string role, int rows, int columns)
    {
        string where = $"head {role}";
        if (!program.Tensors.TryGetValue(name, out GuardTensor? tensor))
            throw Bad(where, $"found no tensor {name}");
        if (rows < 1 || !tensor.Shape.SequenceEqual([rows, columns]))
            throw Bad(where, $"found {name} of shape [{string.Join(", ", tensor.Shape)}]; expected [{(rows < 1 ? "rank" : rows)}, {columns}]");
        int bad = Array.FindIndex(tensor.Values, value => !float.IsFinite(value));
        if (bad >= 0)
            throw Bad(where, $"found {tensor.Values[bad]} at element {bad} of {name}; expected finite numbers");
        hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(tensor.Values.AsSpan()));
        DeviceBuffer buffer = model.Device.Upload(tensor.Values);
        owned.Add(buffer);
        fixed (float* data = model.Device.Span(buffer, 0, tensor.Values.Length))
        {
            Weight weight = model.Device.CreateWeight(new WeightSource { Data = (byte*)data, Type = WeightType.F32, Rows = rows, Columns = columns });
            owned.Add(weight);
            return weight;
        }
    }

    private GuardException Bad(string where, string what) => new($"guard {program.Name}, {where}: {what}.");
}
