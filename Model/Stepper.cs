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
    private bool warned;

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

    public void Begin(ReadOnlySpan<StepInput> inputs, HookTable? hooks)
    {
        StepPlan plan = pass.Plan;
        pass.Hooks = hooks is { IsEmpty: false } ? hooks : null;
        foreach (StepInput input in inputs)
            Check(input);
        EnsureSequences(inputs.Length);

        plan.SequenceCount = inputs.Length;
        plan.Count = 0;
        pass.HasAdapters = false;
        for (int s = 0; s < inputs.Length; s++)
        {
            Sequence sequence = inputs[s].Sequence;
            ReadOnlySpan<int> tokens = inputs[s].Tokens.Span;
            int kept = sequence.Length;
            sequence.Append(tokens);
            int first = CachedWithOtherRotation(sequence, kept) ? 0 : kept;
            EnsureTokens(plan.Count + sequence.Length - first);
            plan.SequenceStart[s] = plan.Count;
            for (int position = first; position < sequence.Length; position++)
            {
                plan.Tokens[plan.Count] = sequence.Tokens[position];
                plan.Positions[plan.Count] = position;
                plan.SequenceOf[plan.Count++] = s;
            }
            plan.Pages[s] = sequence.Buffers;
            pass.Sequences[s] = sequence;
            pass.HasAdapters |= sequence.Adapter is not null;
            lastTokens[s] = plan.Count - 1;
            for (int rope = 0; rope < ropes.Count; rope++)
                tables[rope][s] = TableFor(rope, sequence.Length);
        }
        plan.SequenceStart[inputs.Length] = plan.Count;
    }

    /// <summary>A token id, if the model has it.</summary>
    /// <exception cref="ArgumentException">It has not.</exception>
    public int CheckToken(int token) => (uint)token < (uint)architecture.VocabularySize ? token
        : throw new ArgumentException($"Token id {token} is outside the model's vocabulary of {architecture.VocabularySize}.");

    // Longrope turns every key by other angles once the text passes the original length: what is cached no longer fits
    // and is computed again, as Hugging Face does. Dynamic scaling keeps old keys as they were turned.
    private bool CachedWithOtherRotation(Sequence sequence, int kept)
    {
        if (kept == 0)
            return false;
        foreach (RopeSpec rope in ropes)
            if (rope.Scaling == RopeScalingKind.LongRope
                && RopeFrequencies.Regime(rope, kept) != RopeFrequencies.Regime(rope, sequence.Length))
            {
                sequence.MakePrivate();
                return true;
            }
        return false;
    }

    private RopeTable TableFor(int rope, int length)
    {
        int regime = RopeFrequencies.Regime(ropes[rope], length);
        if (!known.TryGetValue((rope, regime), out RopeTable? table))
            known[(rope, regime)] = table = RopeFrequencies.Table(ropes[rope], length);
        return table;
    }

    private void Check(StepInput input)
    {
        if (input.Tokens.IsEmpty)
            throw new ArgumentException("A step needs at least one token of each sequence.");
        foreach (int token in input.Tokens.Span)
            CheckToken(token);
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
        pass.Sequences = new Sequence[count];
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
