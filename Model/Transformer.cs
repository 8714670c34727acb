using Managed.Architectures;
using Managed.Cache;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Weights;

namespace Managed;

/// <summary>Which logits a step is asked for.</summary>
internal enum LogitsWanted
{
    None,

    /// <summary>Those of each sequence's last token.</summary>
    Last,

    /// <summary>Those of every token.</summary>
    All,
}

/// <summary>Further tokens of one sequence.</summary>
internal readonly record struct StepInput(Sequence Sequence, ReadOnlyMemory<int> Tokens);

/// <summary>
/// The forward computation of a decoder-only transformer. Read it from top to bottom: embed, blocks, unembed;
/// each block adds attention and an MLP to the residual stream. What differs between families is in <see cref="Architecture"/>.
/// </summary>
internal sealed class Transformer : IDisposable
{
    private readonly Architecture architecture;
    private readonly ModelWeights weights;
    private readonly IDevice device;
    private readonly Workspace workspace;
    private readonly ForwardPass pass;
    private readonly Stepper stepper;
    private readonly AttentionBlock attention;
    private readonly MlpBlock mlp;
    private readonly OutputHeads heads;
    private readonly Func<Rows> whole;
    private readonly bool routes; // to experts that the host chooses
    private LogitsWanted wanted;

    public Transformer(IDevice device, Architecture architecture, ModelWeights weights)
    {
        this.architecture = architecture;
        this.weights = weights;
        this.device = device;
        workspace = new Workspace(device);
        pass = new ForwardPass(device, workspace, architecture.Layers.Length);
        Cache = new KeyValueCache(device, architecture);
        stepper = new Stepper(pass, architecture);
        attention = new AttentionBlock(pass, Cache, stepper);
        mlp = new MlpBlock(pass);
        heads = new OutputHeads(pass, weights.Head);
        whole = Whole;
        routes = Array.Exists(weights.Layers, layer => layer is { Experts: not null, Stacks: null });
    }

    /// <summary>Keys and values of all sequences of this model.</summary>
    public KeyValueCache Cache { get; }

    /// <summary>Takes a warning, once, when a text grows beyond the trained context.</summary>
    public Action<string>? Warn
    {
        get => stepper.Warn;
        set => stepper.Warn = value;
    }

    /// <summary>Positions a sequence may have.</summary>
    public int Capacity
    {
        get => stepper.Capacity;
        set => stepper.Capacity = value;
    }

    /// <summary>Longest text that the cache and the model's learned positions allow.</summary>
    public int LongestText => stepper.LongestText;

    /// <inheritdoc cref="Stepper.Rotation"/>
    public int Rotation(int length) => stepper.Rotation(length);

    /// <summary>How quantised weights meet activations.</summary>
    public Precision Precision
    {
        get => pass.Precision;
        set => pass.Precision = device.Effective(value);
    }

    /// <summary>Appends tokens to their sequences and computes the model's answer.</summary>
    /// <param name="inputs">The sequences, each with at least one token; no sequence twice.</param>
    /// <param name="logits">Which logits to compute.</param>
    /// <param name="hooks">What to read and edit on the way; null: nothing.</param>
    /// <returns>Logits [wanted tokens, vocabulary], in order of the step; valid until the next step.</returns>
    public Rows Forward(ReadOnlySpan<StepInput> inputs, LogitsWanted logits, HookTable? hooks = null)
    {
        stepper.Begin(inputs, hooks, Cache);
        bool completed = false;
        try
        {
            wanted = logits;
            Rows answer = device.Step(pass.Plan, Cache.Layouts[0], Key(), whole);
            pass.Settle();
            completed = true;
            return answer;
        }
        finally
        {
            stepper.End(completed);
        }
    }

    private Rows Whole()
    {
        Rows stream = Embed(); // [tokens, width]
        for (int layer = 0; layer < architecture.Layers.Length; layer++)
            Block(layer, stream);
        return Unembed(stream, wanted);
    }

    // Steps of one token each, in which the host has no part, are all alike.
    private StepKey? Key()
    {
        StepPlan plan = pass.Plan;
        if (plan.Count != plan.SequenceCount || pass.Hooks is not null || pass.HasAdapters || routes || stepper.Turns is not { } turns)
            return null;
        for (int s = 0; s < plan.SequenceCount; s++)
            if (pass.Sequences[s].Head is not null)
                return null;
        return new StepKey(plan.SequenceCount, (int)wanted, pass.Precision, turns);
    }

    /// <summary>Where the logits of one of the last step's inputs stand among all of its tokens' logits, and how many they are.</summary>
    public (int First, int Count) RowsOf(int input) => (pass.Plan.SequenceStart[input], pass.Plan.SequenceStart[input + 1] - pass.Plan.SequenceStart[input]);

    /// <summary>
    /// Part of the forward computation: blocks [first, last), from a given residual stream where first is above 0.
    /// </summary>
    /// <param name="inputs">The sequences, as in <see cref="Forward"/>.</param>
    /// <param name="first">First block; its hook_resid_pre is `start`. 0 with an empty `start`: begin with the embedding.</param>
    /// <param name="start">The stream before block `first`, packed [tokens, width].</param>
    /// <param name="last">First block that is not computed. With all blocks computed, logits follow.</param>
    /// <param name="logits">Which logits to compute when all blocks are.</param>
    /// <param name="hooks">What to read and edit on the way.</param>
    /// <returns>The stream [tokens, width] when blocks were left out at the end, else logits as wanted.</returns>
    public Rows ForwardPart(
        ReadOnlySpan<StepInput> inputs, int first, ReadOnlySpan<float> start, int last, LogitsWanted logits, HookTable? hooks)
    {
        stepper.Begin(inputs, hooks, Cache);
        bool completed = false;
        try
        {
            Rows stream = start.IsEmpty ? Embed() : Given(start);
            for (int layer = first; layer < last; layer++)
                Block(layer, stream);
            Rows answer = last < architecture.Layers.Length ? stream : Unembed(stream, logits);
            pass.Settle();
            completed = true;
            return answer;
        }
        finally
        {
            stepper.End(completed);
        }
    }

    private Rows Given(ReadOnlySpan<float> start)
    {
        Rows stream = pass.Rows(Scratch.Stream, architecture.Width);
        pass.View(stream).CopyFrom(start);
        return stream;
    }

    private Rows Embed()
    {
        VisitTokens();
        Rows stream = pass.Rows(Scratch.Stream, architecture.Width);
        device.Embed(stream, pass.Plan, weights.Embedding, architecture.EmbeddingScale);
        if (weights.EmbeddingNorm is { } norm)
            device.Norm(stream, stream, norm);
        pass.Visit(HookPoint.Embed, -1, stream);
        if (architecture.LearnedPositionOffset is { } offset)
        {
            Rows positions = pass.Rows(Scratch.Normed, architecture.Width);
            device.EmbedPositions(positions, pass.Plan, weights.PositionEmbedding!, offset);
            pass.Visit(HookPoint.PositionEmbed, -1, positions);
            device.Add(stream, stream, positions);
        }
        return stream;
    }

    private void VisitTokens()
    {
        if (!pass.Wants(HookPoint.Tokens, -1))
            return;
        Rows ids = pass.Rows(Scratch.NormScale, 1);
        Span2D view = pass.View(ids);
        for (int t = 0; t < pass.Count; t++)
            view[t, 0] = pass.Plan.Tokens[t];
        pass.Visit(HookPoint.Tokens, -1, ids);
        view = pass.View(ids);
        for (int t = 0; t < pass.Count; t++)
            pass.Plan.Tokens[t] = stepper.CheckToken((int)MathF.Round(view[t, 0]));
    }

    // stream += attention(norm(stream)); stream += mlp(norm(stream)); in parallel blocks both read the same stream.
    private void Block(int layer, Rows stream)
    {
        LayerSpec spec = architecture.Layers[layer];
        LayerWeights block = weights.Layers[layer];
        pass.Visit(HookPoint.ResidualPre, layer, stream);

        Rows? attended = attention.Forward(layer, spec, block, stream, out Rows normed); // [tokens, width]
        if (spec.Parallel)
        {
            Rows? passed = mlp.Forward(layer, spec, block, stream, normed);
            Add(stream, attended);
            Add(stream, passed);
        }
        else
        {
            Add(stream, attended);
            pass.Visit(HookPoint.ResidualMid, layer, stream);
            Add(stream, mlp.Forward(layer, spec, block, stream, stream));
        }
        pass.Visit(HookPoint.ResidualPost, layer, stream);
    }

    private void Add(Rows stream, Rows? contribution)
    {
        if (contribution is { } rows)
            device.Add(stream, stream, rows);
    }

    private Rows Unembed(Rows stream, LogitsWanted wanted)
    {
        bool everywhere = wanted == LogitsWanted.All || pass.Hooks is { WantsFinal: true };
        bool guarded = pass.EditSites.Contains(HookPoint.UnembedIn, -1);
        if (wanted == LogitsWanted.None && !everywhere && !guarded)
            return default;
        Rows input = everywhere || guarded ? stream : Last(Scratch.FinalRows, stream);
        Rows normed = pass.Rows(Scratch.FinalNormed, input.Count, architecture.Width);
        pass.Norm(normed, input, weights.FinalNorm, -1, HookPoint.FinalNormScale, HookPoint.FinalNormNormalized);
        pass.Visit(HookPoint.UnembedIn, -1, normed);
        if (wanted == LogitsWanted.None && !pass.Wants(HookPoint.UnembedOut, -1) && !pass.Wants(HookPoint.Logits, -1))
            return default; // hooks wanted the final norm alone
        if (guarded && !everywhere)
            normed = Last(Scratch.FinalRows, normed);

        Rows logits = pass.Rows(Scratch.Logits, normed.Count, architecture.VocabularySize);
        heads.Apply(logits, normed, everywhere);
        pass.Visit(HookPoint.UnembedOut, -1, logits);
        if (architecture.LogitScale != 1f)
            device.Scale(logits, logits, architecture.LogitScale);
        if (architecture.LogitSoftCap != 0f)
            device.SoftCap(logits, architecture.LogitSoftCap);
        pass.Visit(HookPoint.Logits, -1, logits);
        device.Synchronize();
        return everywhere && wanted == LogitsWanted.Last ? Last(Scratch.LogitRows, logits) : logits;
    }

    // Each sequence's last row.
    private Rows Last(Scratch name, Rows rows)
    {
        StepPlan plan = pass.Plan;
        if (plan.SequenceCount == plan.Count)
            return rows;
        Rows last = pass.Rows(name, plan.SequenceCount, rows.Width);
        device.Gather(last, rows, stepper.LastTokens);
        return last;
    }

    /// <summary>Logits or streams that <see cref="Forward"/> returned, in host memory.</summary>
    public Span2D View(Rows rows) => pass.Read(rows);

    public void Dispose()
    {
        Cache.Dispose();
        workspace.Dispose();
    }
}
