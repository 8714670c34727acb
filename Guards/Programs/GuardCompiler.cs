using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Managed.Hooks;
using Managed.Kernels.Edits;

namespace Managed.Guards;

/// <summary>From a guard's steps to the table that a model's kernels read.</summary>
internal sealed class GuardCompiler
{
    private readonly string name;
    private readonly IReadOnlyList<GuardStep> steps;
    private readonly IReadOnlyDictionary<string, GuardTensor> tensors;
    private readonly LanguageModel model;
    private readonly int given;
    private readonly List<Placed> placed = [];
    private readonly List<ConditionOp> conditions = [];
    private readonly VectorPool vectors;
    private readonly List<int> indices = [];
    private readonly List<CustomEdit> customs = [];
    private readonly List<string> registers = [];
    private readonly Dictionary<string, int> writers = []; // register → place of the instruction that writes it
    private readonly List<string> buffers = [];
    private readonly Dictionary<string, int> recorders = [];
    private int bufferWidth;
    private bool splitsAtPromptEnd, splitsEverywhere;

    private GuardCompiler(string name, IReadOnlyList<GuardStep> steps, IReadOnlyDictionary<string, GuardTensor> tensors, LanguageModel model, IReadOnlyList<string> given)
    {
        (this.name, this.steps, this.tensors, this.model, this.given) = (name, steps, tensors, model, given.Count);
        registers.AddRange(given);
        vectors = new VectorPool(tensors);
    }

    /// <summary>Makes a program of steps; null: they do nothing.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="steps">In declared order.</param>
    /// <param name="tensors">What they name.</param>
    /// <param name="model">What it is for.</param>
    /// <param name="given">Registers that are given from outside, and come first.</param>
    /// <param name="hash">Takes in all that the program does.</param>
    /// <exception cref="GuardException">The steps do not fit the model.</exception>
    public static GuardPass? Compile(
        string name, IReadOnlyList<GuardStep> steps, IReadOnlyDictionary<string, GuardTensor> tensors, LanguageModel model, IReadOnlyList<string> given, IncrementalHash hash)
    {
        var compiler = new GuardCompiler(name, steps, tensors, model, given);
        compiler.Place();
        compiler.FindWriters();
        if (compiler.Emit() is not { } edits)
            return null;
        compiler.AddTo(hash, edits);
        return new GuardPass(edits, compiler.Lines(), compiler.registers, given.Count);
    }

    // One step at one hook point, or the gate that keeps a sticky step's condition.
    private sealed record Placed(int Step, GuardStep Source, HookAddress Address, int Width, bool IsGate)
    {
        public int Site => EditSites.Number(Address.Point, Address.Layer);

        public string? Writes => IsGate ? GateName(Step) : Source.Into;
    }

    private static string GateName(int step) => $"step{step}.open";

    private void Place()
    {
        if (steps.Count > GuardProgram.MostSteps)
            throw new GuardException($"guard {name}: found {steps.Count} steps; expected at most {GuardProgram.MostSteps}.");
        for (int i = 0; i < steps.Count; i++)
        {
            GuardStep step = steps[i];
            IReadOnlyList<HookAddress> addresses = Guarded(i, () => model.HookNames.Resolve(step.At));
            Guarded(i, () => StepCheck.Check(step, tensors));
            if (step.Into is not null && addresses.Count > 1)
                throw Bad(i, $"found {addresses.Count} hook points for the register {step.Into}, {addresses[0]} to {addresses[^1]}; expected one, since a register is written once");
            foreach (HookAddress address in addresses)
            {
                if (!EditSites.Allowed.Contains(address.Point))
                    throw Bad(i, $"found the hook point {address}; guards act at {string.Join(", ", EditSites.Allowed.Select(point => HookPointTable.Of(point).Name))}");
                int width = PointWidths.Of(model, address);
                Guarded(i, () => StepCheck.CheckWidths(step, tensors, width, address));
                if (GuardOperations.IsIdentity(step))
                    continue; // strength 0 compiles to nothing
                if (step is { When: not null, Sticky: true } && address == addresses[0])
                    placed.Add(new Placed(i, step, address, width, IsGate: true));
                placed.Add(new Placed(i, step, address, width, IsGate: false));
            }
        }
        List<Placed> ordered = [.. placed.OrderBy(item => item.Site)]; // stable: declared order within a hook point
        placed.Clear();
        placed.AddRange(ordered);
        if (placed.Count > GuardProgram.MostSteps)
            throw new GuardException($"guard {name}: its steps stand at {placed.Count} hook points; expected at most {GuardProgram.MostSteps}.");
    }

    private void FindWriters()
    {
        for (int i = 0; i < placed.Count; i++)
        {
            if (placed[i].Writes is { } register)
            {
                if (registers.IndexOf(register) is >= 0 and var at && at < given)
                    throw Bad(placed[i].Step, $"writes the register {register}, which is given from the pass that decides; expected another name");
                if (!writers.TryAdd(register, i))
                    throw Bad(placed[i].Step, $"writes the register {register}, which step {placed[writers[register]].Step} writes too; expected one writer");
                registers.Add(register);
            }
            if (placed[i].Source is { Do: "record", Buffer: { } buffer })
            {
                if (!recorders.TryAdd(buffer, i))
                    throw Bad(placed[i].Step, $"records {buffer}, which step {placed[recorders[buffer]].Step} records too; expected one");
                buffers.Add(buffer);
                bufferWidth = Math.Max(bufferWidth, placed[i].Width);
            }
        }
        CheckCycles();
    }

    // A register whose condition needs another one whose condition needs the first could never be written.
    private void CheckCycles()
    {
        var done = new HashSet<string>();
        foreach (string register in registers)
            Visit(register, []);

        void Visit(string register, List<string> path)
        {
            if (done.Contains(register) || !writers.TryGetValue(register, out int writer))
                return;
            if (path.Contains(register))
                throw Bad(placed[writer].Step, $"a cycle of conditions: {string.Join(" needs ", path.SkipWhile(name => name != register))} needs {register}");
            path.Add(register);
            GuardStep step = placed[writer].Source;
            IEnumerable<string> needed = placed[writer].IsGate || !step.Sticky ? step.When?.Registers() ?? [] : [GateName(placed[writer].Step)];
            foreach (string next in needed)
                Visit(next, path);
            path.RemoveAt(path.Count - 1);
            done.Add(register);
        }
    }

    private EditProgram? Emit()
    {
        if (placed.Count == 0)
            return null;
        var instructions = new EditInstruction[placed.Count];
        int slot = registers.Count;
        for (int i = 0; i < placed.Count; i++)
        {
            Placed item = placed[i];
            instructions[i] = Guarded(item.Step, () => Instruction(item, i));
            instructions[i].Slot = item.Writes is { } register ? registers.IndexOf(register) : item.Source.Do == "record" ? 0 : slot++;
        }
        var sites = new List<EditSite>();
        for (int i = 0; i < placed.Count; i++)
            if (i > 0 && placed[i].Site == placed[i - 1].Site)
                sites[^1] = sites[^1] with { Count = sites[^1].Count + 1 };
            else
                sites.Add(new EditSite(placed[i].Site, i, 1, placed[i].Width));
        return new EditProgram
        {
            Sites = [.. sites],
            Instructions = instructions,
            Conditions = [.. conditions],
            Vectors = model.Device.Upload(vectors.Values),
            Indices = [.. indices],
            Customs = [.. customs],
            Slots = slot,
            Registers = registers.Count,
            Buffers = buffers.Count,
            BufferWidth = bufferWidth,
            SplitsAtPromptEnd = splitsAtPromptEnd,
            SplitsEverywhere = splitsEverywhere,
        };
    }

    private EditInstruction Instruction(Placed item, int place)
    {
        GuardStep step = item.Source;
        GuardOperation operation = GuardOperations.Of(step.Do);
        var op = new EditInstruction
        {
            Kind = item.IsGate ? EditKind.Gate : operation.Kind,
            Positions = step.On.Rule,
            Sticky = item.IsGate ? 1 : 0,
            Strength = step.Strength,
            Low = step.Low,
            High = step.High,
            Averaged = step.Mean ? 1 : 0,
            Buffer = -1,
            ConditionFirst = conditions.Count,
        };
        GuardExpression? when = step.Sticky && !item.IsGate && step.When is not null
            ? new GuardExpression(ConditionCode.Register, Register: GateName(item.Step))
            : step.When;
        if (when is not null)
        {
            Postfix(when, place, step.On.Rule, 0);
            op.ConditionCount = conditions.Count - op.ConditionFirst;
        }
        if (item.IsGate)
            return op;
        if (step.Times is { } times)
            (op.FactorFrom, op.FactorSlot, op.FactorSign) = (From(times, place, step.On.Rule), registers.IndexOf(times), step.TimesSign ? 1 : 0);
        if (step.Buffer is { } buffer)
            op.Buffer = BufferOf(buffer, place, item);
        if (step.Custom is { } custom)
        {
            op.Custom = customs.Count;
            customs.Add(custom);
        }
        vectors.Bind(ref op, step, item.Width, indices);
        return op;
    }

    private void Postfix(GuardExpression expression, int place, PositionRule reader, int depth)
    {
        if (depth >= ConditionOp.DeepestStack - 1 || conditions.Count > 1 << 20)
            throw new GuardException("found a condition that is nested too deep; expected a simpler one");
        if (expression.Left is { } left)
            Postfix(left, place, reader, depth);
        if (expression.Right is { } right)
            Postfix(right, place, reader, depth + 1);
        conditions.Add(expression.Register is { } register
            ? new ConditionOp(ConditionCode.Register, 0, From(register, place, reader), registers.IndexOf(register))
            : new ConditionOp(expression.Code, expression.Value));
    }

    // A register that is written earlier in the pass is the token's own; one that is written later is the token's before.
    private RegisterFrom From(string register, int place, PositionRule reader)
    {
        if (registers.IndexOf(register) is >= 0 and var at && at < given)
            return RegisterFrom.Given;
        if (!writers.TryGetValue(register, out int writer))
            throw new GuardException($"found the register {register}, which no step writes; expected {(registers.Count == 0 ? "a read that writes it" : "one of " + string.Join(", ", registers))}");
        return writer < place ? RegisterFrom.Current : Later($"the register {register}", writer, reader);
    }

    private RegisterFrom Later(string what, int writer, PositionRule reader)
    {
        PositionRule written = placed[writer].Source.On.Rule;
        if (reader.EndsWithPrompt && written.EndsWithPrompt && written.DependsOnPrompt && written.FirstFromPromptEnd == 1)
            throw new GuardException($"found {what} before step {placed[writer].Step} writes it, at {placed[writer].Address} of the same token; " +
                "expected the read earlier in the pass, or in a pass of its own (\"decide\")");
        if (written == PositionRule.LastPromptToken)
        {
            splitsAtPromptEnd = true;
            return RegisterFrom.PromptEnd;
        }
        splitsEverywhere = true;
        return RegisterFrom.Previous;
    }

    private int BufferOf(string buffer, int place, Placed item)
    {
        if (!recorders.TryGetValue(buffer, out int recorder))
            throw new GuardException($"found {buffer}, which no step records; expected {(buffers.Count == 0 ? "a step that records it" : "one of " + string.Join(", ", buffers))}");
        if (recorder == place)
            return item.Source.On.Rule.IsSingle || (item.Source.Mean && item.Source.On.Rule.EndsWithPrompt) ? buffers.IndexOf(buffer)
                : throw new GuardException($"records {buffer} on {item.Source.On}; expected {(item.Source.Mean ? "positions of the prompt" : "a single position")}");
        if (placed[recorder].Width != item.Width)
            throw new GuardException($"found {buffer} of {placed[recorder].Width} elements; expected {item.Width}, the width of {item.Address}");
        if (recorder > place)
            Later(buffer, recorder, item.Source.On.Rule);
        return buffers.IndexOf(buffer);
    }

    private List<GuardLine> Lines() => [.. placed.Select(item => new GuardLine(item.Step, item.Address.ToString(), item.IsGate ? "keep its condition" : item.Source.Describe(), item.Source.AllowIdle))];

    private void AddTo(IncrementalHash hash, EditProgram edits)
    {
        hash.AppendData(MemoryMarshal.AsBytes(edits.Sites.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(edits.Instructions.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(edits.Conditions.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(edits.Indices.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(vectors.Values));
        foreach (CustomEdit custom in edits.Customs) // two objects of user's code are never taken for the same
            hash.AppendData(Encoding.UTF8.GetBytes($"{custom} {System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(custom)}"));
    }

    private GuardException Bad(int step, string what) => new($"guard {name}, step {step} ({steps[step].Do} at {steps[step].At}): {what}.");

    private void Guarded(int step, Action action) => Guarded(step, () =>
    {
        action();
        return 0;
    });

    // What is wrong with a step, with the step's number.
    private T Guarded<T>(int step, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception wrong) when (wrong is GuardException or HookPointException)
        {
            throw new GuardException($"guard {name}, step {step} ({steps[step].Do} at {steps[step].At}): {wrong.Message.TrimEnd('.')}.", wrong);
        }
    }
}
