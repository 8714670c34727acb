using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Managed.Cache;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Sampling;

namespace Managed.Guards.Published;

/// <summary>A text on its way: its place in the cache, the logits for its next token, and what is left of its budget.</summary>
internal sealed class SampledText(Sequence sequence) : IDisposable
{
    public Sequence Sequence { get; } = sequence;

    /// <summary>Prompt and answer.</summary>
    public List<int> Ids { get; init; } = [];

    /// <summary>For the token that comes next; forks share them. // [vocabulary]</summary>
    public float[] Logits { get; set; } = [];

    /// <summary>Whether its newest token has not gone through the model yet, so that its logits are the ones before.</summary>
    public bool IsBehind { get; set; }

    /// <summary>Its place in the newest step.</summary>
    public int Place { get; set; }

    /// <summary>The final norm's output at the newest token. // [width], empty where nobody asks</summary>
    public float[] State { get; init; } = [];

    public SafetyBudget Budget { get; set; }

    public double Reward { get; set; }

    public bool IsFinished { get; set; }

    /// <summary>E at the end of its newest block.</summary>
    public double Cost { get; set; }

    public SampledText Fork() => new(Sequence.Fork())
    {
        Ids = [.. Ids],
        Logits = Logits,
        IsBehind = IsBehind,
        State = [.. State],
        Budget = Budget,
        Reward = Reward,
    };

    public void Dispose() => Sequence.Dispose();
}

/// <summary>
/// Draws blocks of tokens for many texts at a time: one pass through the model for each place of the block but the last, whose tokens wait for
/// <see cref="CatchUp"/> because few of them go on, and the draws on all of the device's threads.
/// </summary>
internal sealed unsafe class BlockSampler : IParallelWork
{
    private const int Parts = 4; // that the texts are drawn in, each with scratch space of its own

    private readonly LanguageModel model;
    private readonly Precision precision;
    private readonly SamplingOptions sampling;
    private readonly HashSet<int> endTokens;
    private readonly Candidates?[] scratch = new Candidates?[Parts];
    private readonly float[]?[] penalised = new float[]?[Parts];
    private readonly HookTable hooks;
    private readonly List<float[]> states = [];
    private readonly bool wantsStates;
    private IReadOnlyList<SampledText> texts = [];
    private Sampler[] samplers = [];
    private int[] chosen = [];
    private int[][] newest = [];
    private TriedTokens? away;
    private double penalty;
    private int promptLength, offset;
    private ExceptionDispatchInfo? failure;
    private float* stepLogits; // of the newest step, [running texts, stride]; null: each text has its own
    private long stride;

    public BlockSampler(LanguageModel model, InferenceGuardOptions options, bool wantsStates)
    {
        this.model = model;
        this.wantsStates = wantsStates;
        precision = options.Precision ?? Precision.Fast;
        sampling = options.Sampling;
        endTokens = [.. model.EndTokens];
        hooks = new HookTable(model.LayerCount);
        hooks.AddAll(model.Hooks);
        if (wantsStates)
            hooks.Add(new HookAddress(HookPoint.UnembedIn, -1), (values, at) => values.Row(^1).CopyTo(states[at.Sequence]));
    }

    /// <summary>Tokens drawn so far.</summary>
    public int Drawn { get; private set; }

    /// <summary>The prompt's text, ready for its first token.</summary>
    public SampledText Begin(ReadOnlyMemory<int> prompt)
    {
        var text = new SampledText(model.Transformer.Cache.Create())
        {
            Ids = [.. prompt.Span],
            State = new float[wantsStates ? model.Width : 0],
        };
        for (int done = 0; done < prompt.Length; done += GenerationBatch.PromptChunk)
        {
            ReadOnlyMemory<int> chunk = prompt.Slice(done, Math.Min(GenerationBatch.PromptChunk, prompt.Length - done));
            Span2D logits = Forward([text], [new StepInput(text.Sequence, chunk)]);
            if (done + chunk.Length == prompt.Length)
                Keep([text], logits);
        }
        return text;
    }

    /// <summary>Makes texts ready for the token that comes next, before they are forked: their newest tokens go through the model once and not once for each fork.</summary>
    public void CatchUp(IEnumerable<SampledText> texts)
    {
        List<SampledText> behind = [.. texts.Where(text => text.IsBehind)];
        if (behind.Count == 0)
            return;
        Keep(behind, Forward(behind, [.. behind.Select(text => new StepInput(text.Sequence, new[] { text.Ids[^1] }))]));
        behind.ForEach(text => text.IsBehind = false);
    }

    /// <summary>Continues each text by a block, or to its end.</summary>
    /// <param name="texts">The texts; each has its own random numbers, by its place here.</param>
    /// <param name="tokens">Tokens of the block.</param>
    /// <param name="promptLength">Tokens of the prompt.</param>
    /// <param name="firstRow">Number of the first text's random numbers.</param>
    /// <param name="away">Tokens to be led away from; null: none.</param>
    /// <param name="penalty">How much their logits lose.</param>
    /// <param name="isLast">Nobody asks for the states behind the block.</param>
    public void Continue(IReadOnlyList<SampledText> texts, int tokens, int promptLength, int firstRow, TriedTokens? away, double penalty, bool isLast)
    {
        this.texts = texts;
        this.promptLength = promptLength;
        this.away = away;
        this.penalty = penalty;
        samplers = [.. texts.Select((_, place) => new Sampler(sampling, scratch[place % Parts] ??= new Candidates(model.VocabularySize), endTokens, firstRow + place))];
        offset = 0;
        chosen = new int[texts.Count];
        newest = new int[texts.Count][];
        for (int place = 0; place < texts.Count; place++)
            newest[place] = new int[1];
        Draw();
        for (offset = 1; ; offset++)
        {
            var running = new List<SampledText>();
            var inputs = new List<StepInput>();
            for (int place = 0; place < texts.Count; place++)
            {
                SampledText text = texts[place];
                if (text.IsFinished)
                    continue;
                int id = newest[place][0] = chosen[place];
                text.Ids.Add(id);
                Drawn++;
                text.IsFinished = endTokens.Contains(id) || text.Ids.Count >= model.Transformer.LongestText;
                if (text.IsFinished)
                    continue;
                text.Place = running.Count;
                running.Add(text);
                inputs.Add(new StepInput(text.Sequence, newest[place]));
            }
            if (running.Count == 0)
                return;
            if (offset == tokens && (isLast || !wantsStates))
            {
                running.ForEach(text => text.IsBehind = true);
                return;
            }
            Span2D logits = Forward(running, [.. inputs]);
            if (offset == tokens)
            {
                Keep(running, logits);
                return;
            }
            fixed (float* first = logits.Row(0), last = logits.Row(^1))
            {
                stepLogits = first;
                stride = running.Count > 1 ? (last - first) / (running.Count - 1) : 0;
                Draw();
            }
        }
    }

    // From the newest step's logits where they lie; the block's first token from those that the texts have kept.
    private void Draw()
    {
        try
        {
            model.Device.Run(this, Math.Min(Parts, texts.Count));
        }
        finally
        {
            stepLogits = null;
        }
        Interlocked.Exchange(ref failure, null)?.Throw();
    }

    /// <summary>Draws the next token of every text of a part.</summary>
    public void Run(int index, int count)
    {
        for (int place = index; place < texts.Count; place += count)
            if (!texts[place].IsFinished)
                try
                {
                    chosen[place] = samplers[place].Choose(Logits(texts[place], index), CollectionsMarshal.AsSpan(texts[place].Ids), promptLength);
                }
                catch (GenerationException unusable)
                {
                    failure = ExceptionDispatchInfo.Capture(unusable);
                }
    }

    private ReadOnlySpan<float> Logits(SampledText text, int part)
    {
        ReadOnlySpan<float> own = stepLogits == null ? text.Logits : new ReadOnlySpan<float>(stepLogits + (text.Place * stride), model.VocabularySize);
        if (away is null)
            return own;
        float[] logits = penalised[part] ??= new float[model.VocabularySize];
        own.CopyTo(logits);
        away.Penalise(logits, offset, penalty);
        return logits;
    }

    // Logits of the texts' newest tokens; valid until the next step.
    private Span2D Forward(List<SampledText> texts, StepInput[] inputs)
    {
        states.Clear();
        states.AddRange(texts.Select(text => text.State));
        model.Transformer.Precision = precision;
        return model.Transformer.View(model.Transformer.Forward(inputs, LogitsWanted.Last, hooks));
    }

    // For the next block, which begins with forks of the texts.
    private static void Keep(List<SampledText> texts, Span2D logits)
    {
        for (int place = 0; place < texts.Count; place++)
            texts[place].Logits = logits.Row(place).ToArray();
    }
}
