using Managed.Architectures;
using Managed.Cache;
using Managed.Hooks;
using Managed.Kernels;

namespace Managed;

/// <summary>Prepares a step: appends tokens to their sequences, fills the plan, chooses rotary tables.</summary>
internal sealed class Stepper
{
    private readonly ForwardPass pass;
    private readonly Architecture architecture;
    private readonly List<RopeSpec> ropes = [];
    private readonly int[] ropeOfLayer; // [layers], −1: none
    private readonly Dictionary<(int Rope, int Regime), RopeTable> known = [];
    private readonly RopeTable[][] tables; // [ropes][sequences]
    private int[] lastTokens = [];
    private int[] intact = []; // [sequences]: how much of each is still good if the step fails
    private int begun; // sequences that this step has appended to
    private long step;
    private int running;
    private bool warned;
    private RopeTable[] lastTables = []; // [ropes]: of the step before

    public Stepper(ForwardPass pass, Architecture architecture)
    {
        this.pass = pass;
        this.architecture = architecture;
        ropeOfLayer = new int[architecture.Layers.Length];
        for (int layer = 0; layer < ropeOfLayer.Length; layer++)
        {
            RopeSpec? rope = architecture.Layers[layer].Attention.Rope;
            if (rope is not null && !ropes.Contains(rope))
                ropes.Add(rope);
            ropeOfLayer[layer] = rope is null ? -1 : ropes.IndexOf(rope);
        }
        tables = new RopeTable[ropes.Count][];
    }

    /// <summary>Index in the step of each sequence's last token.</summary>
    public ReadOnlySpan<int> LastTokens => lastTokens.AsSpan(0, pass.Plan.SequenceCount);

    /// <summary>Called once with a sentence when a text grows beyond what the model was trained for.</summary>
    public Action<string>? Warn { get; set; }

    /// <summary>Positions a sequence may have.</summary>
    public int Capacity { get; set; } = 1 << 20;

    /// <summary>This step's rotary tables of a layer, one per sequence.</summary>
    public ReadOnlySpan<RopeTable> Tables(int layer) => tables[ropeOfLayer[layer]].AsSpan(0, pass.Plan.SequenceCount);

    /// <summary>A number for the rotary tables that all sequences of this step share, as those of the step before did; null: they differ.</summary>
    public int? Turns { get; private set; }

    private int turns;

    /// <summary>Longest text that the cache and the model's positions allow.</summary>
    public int LongestText => architecture.LearnedPositions > 0 ? Math.Min(Capacity, architecture.LearnedPositions) : Capacity;

    /// <summary>Begins a step, which <see cref="End"/> must end.</summary>
    /// <exception cref="ArgumentException">No tokens, an unknown token, a text that grows too long, a sequence of another model or twice in the step.</exception>
    /// <exception cref="InvalidOperationException">Another step has not ended: a second thread, or a hook that runs the model.</exception>
    public void Begin(ReadOnlySpan<StepInput> inputs, HookTable? hooks, KeyValueCache cache)
    {
        if (Interlocked.Exchange(ref running, 1) != 0)
            throw new InvalidOperationException("The model is in the middle of a step. It computes for one thread at a time, and not from inside a hook.");
        begun = 0;
        step++;
        try
        {
            foreach (StepInput input in inputs)
                Check(input, cache);
            EnsureSequences(inputs.Length);
            Plan(inputs);
            pass.Hooks = hooks is { IsEmpty: false } ? hooks : null;
        }
        catch
        {
            End(completed: false);
            throw;
        }
    }

    /// <summary>Ends a step. Of one that failed nothing stays in its sequences.</summary>
    public void End(bool completed)
    {
        for (int s = 0; !completed && s < begun; s++)
            pass.Sequences[s].Truncate(intact[s]);
        Volatile.Write(ref running, 0);
    }

    private void Plan(ReadOnlySpan<StepInput> inputs)
    {
        StepPlan plan = pass.Plan;
        plan.SequenceCount = inputs.Length;
        plan.Precision = pass.Precision;
        plan.Count = 0;
        pass.EditSites.Clear();
        for (int s = 0; s < inputs.Length; s++)
        {
            Sequence sequence = inputs[s].Sequence;
            int kept = sequence.Length, length = kept + inputs[s].Tokens.Length, rotation = Rotation(length);
            int first = kept > 0 && rotation != sequence.Rotation ? 0 : kept;
            (pass.Sequences[s], intact[s]) = (sequence, first);
            begun++;
            sequence.Append(inputs[s].Tokens.Span);
            if (first < kept)
                sequence.MakePrivate();
            sequence.Rotation = rotation;
            EnsureTokens(plan.Count + length - first);
            plan.SequenceStart[s] = plan.Count;
            for (int position = first; position < length; position++)
            {
                plan.Tokens[plan.Count] = sequence.Tokens[position];
                plan.Positions[plan.Count] = position;
                plan.SequenceOf[plan.Count++] = s;
            }
            plan.Pages[s] = sequence.Buffers;
            plan.Edits[s] = sequence.Edits;
            if (sequence.Edits is { } edits)
                pass.EditSites.Mark(edits.Program);
            lastTokens[s] = plan.Count - 1;
            for (int rope = 0; rope < ropes.Count; rope++)
                tables[rope][s] = TableFor(rope, length);
        }
        plan.SequenceStart[inputs.Length] = plan.Count;
        pass.Adapters.Begin(pass.Sequences.AsSpan(0, inputs.Length));
        CompareTables(inputs.Length);
    }

    private void CompareTables(int count)
    {
        bool isUniform = true, isKnown = true;
        if (lastTables.Length != ropes.Count)
            lastTables = new RopeTable[ropes.Count];
        for (int rope = 0; rope < ropes.Count; rope++)
        {
            RopeTable first = tables[rope][0];
            isUniform &= !tables[rope].AsSpan(0, count).ContainsAnyExcept(first);
            isKnown &= ReferenceEquals(lastTables[rope], first);
            lastTables[rope] = first;
        }
        if (!isKnown)
            turns++;
        Turns = isUniform && isKnown ? turns : null;
    }

    /// <summary>A token id, if the model has it.</summary>
    /// <exception cref="ArgumentException">It has not.</exception>
    public int CheckToken(int token) => (uint)token < (uint)architecture.VocabularySize ? token
        : throw new ArgumentException($"Token id {token} is outside the model's vocabulary of {architecture.VocabularySize}.");

    /// <summary>Texts of lengths with equal numbers turn their keys by the same tables.</summary>
    public int Rotation(int length)
    {
        // Longrope turns every key by other angles once the text passes the original length: what is cached no longer fits
        // and is computed again, as Hugging Face does, and again after a way back. Dynamic scaling keeps old keys as they were turned.
        int rotation = 0;
        for (int rope = 0; rope < ropes.Count; rope++)
            if (ropes[rope].Scaling == RopeScalingKind.LongRope)
                rotation |= RopeFrequencies.Regime(ropes[rope], length) << rope;
        return rotation;
    }

    private RopeTable TableFor(int rope, int length)
    {
        int regime = RopeFrequencies.Regime(ropes[rope], length);
        if (!known.TryGetValue((rope, regime), out RopeTable? table))
            known[(rope, regime)] = table = RopeFrequencies.Table(ropes[rope], length);
        return table;
    }

    private void Check(StepInput input, KeyValueCache cache)
    {
        if (!ReferenceEquals(input.Sequence.Cache, cache))
            throw new ArgumentException("The sequence belongs to another model's cache.");
        if (input.Sequence.Step == step)
            throw new ArgumentException("A sequence stands twice in one step.");
        input.Sequence.Step = step;
        if (input.Tokens.IsEmpty)
            throw new ArgumentException("A step needs at least one token of each sequence.");
        foreach (int token in input.Tokens.Span)
            CheckToken(token);
        if (input.Sequence.LongestStep(input.Tokens.Length) is var longest && longest < input.Tokens.Length)
            throw new ArgumentException(
                $"A step of {input.Tokens.Length} tokens was asked for; the sequence's guard reads at the end of a token what the next begins with, and allows {longest}.");
        int length = input.Sequence.Length + input.Tokens.Length;
        if (architecture.LearnedPositions > 0 && length > architecture.LearnedPositions)
            throw new ArgumentException(
                $"The text would be {length} tokens long; this model has {architecture.LearnedPositions} learned positions and no more.");
        if (length > Capacity)
            throw new ArgumentException($"The text would be {length} tokens long; the cache holds {Capacity}. Load the model with a larger context.");
        if (length > architecture.ContextLength && !warned)
        {
            warned = true;
            Warn?.Invoke($"the text is {length} tokens long; the model was trained for {architecture.ContextLength}, answers may get worse");
        }
    }

    private void EnsureSequences(int count)
    {
        if (lastTokens.Length >= count && pass.Plan.SequenceStart.Length > count)
            return;
        Array.Resize(ref lastTokens, count);
        pass.Plan.SequenceStart = new int[count + 1];
        pass.Plan.Pages = new DeviceBuffer[count][];
        pass.Plan.Edits = new Kernels.Edits.EditState?[count];
        pass.Sequences = new Sequence[count];
        intact = new int[count];
        for (int rope = 0; rope < tables.Length; rope++)
            tables[rope] = new RopeTable[count];
    }

    private void EnsureTokens(int count)
    {
        StepPlan plan = pass.Plan;
        if (plan.Tokens.Length >= count)
            return;
        int size = Math.Max(count, plan.Tokens.Length * 2);
        Array.Resize(ref plan.Tokens, size);
        Array.Resize(ref plan.Positions, size);
        Array.Resize(ref plan.SequenceOf, size);
    }
}
