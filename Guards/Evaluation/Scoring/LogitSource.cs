using Managed.Cache;
using Managed.Hooks;
using Managed.Kernels;

namespace Managed.Guards.Evaluation;

/// <summary>A model as it scores given text: its weights, an adapter, and hooks that act in these runs alone.</summary>
/// <param name="model">The model.</param>
public sealed class LogitSource(LanguageModel model)
{
    private readonly HookTable own = new(model.LayerCount);

    /// <summary>The model.</summary>
    public LanguageModel Model { get; } = model;

    /// <summary>A low-rank adapter; null: none.</summary>
    public Adapter? Adapter { get; init; }

    /// <summary>
    /// A guard whose edits, adapter and head act; null: none. Without <see cref="PromptLength"/> the whole text counts as prompt.
    /// </summary>
    /// <exception cref="GuardException">The guard has lanes, logit stages or decisions, which need an answer that is being written.</exception>
    public CompiledGuard? Guard
    {
        get;
        init => field = value is { Lanes: [], Stages: [], Flow: [], Decide: null } or null ? value
            : throw new GuardException($"guard {value.Name}: found lanes, logit stages or decisions; expected edits, an adapter or a head, since nothing else acts on a text that is given.");
    }

    /// <summary>A row of a guard, whose edits, adapter and head act in place of <see cref="Guard"/>'s; null: none.</summary>
    internal GuardLane? Lane { get; init; }

    /// <summary>Tokens of the text that are the prompt, for the guard's positions; 0: all.</summary>
    public int PromptLength { get; init; }

    /// <summary>How quantised weights meet activations.</summary>
    public Precision Precision { get; init; } = Precision.Exact;

    /// <summary>Adds a hook that acts in this source's runs, behind those that the model has.</summary>
    /// <param name="name">Hook point: full name, alias, shorthand or glob.</param>
    /// <param name="action">Reads or edits the values in place.</param>
    /// <exception cref="HookPointException">The model has no such hook point.</exception>
    public void Hook(string name, HookAction action)
    {
        foreach (HookAddress address in Model.HookNames.Resolve(name))
            own.Add(address, action);
    }

    /// <summary>Begins a text.</summary>
    /// <param name="length">Its tokens.</param>
    internal LogitRun Begin(int length)
    {
        Sequence sequence = Model.Transformer.Cache.Create();
        GuardLane row = Lane ?? new GuardLane("", Guard?.Pass, Guard?.Adapter ?? Adapter, Guard?.Head, null);
        sequence.Adapter = row.Adapter;
        sequence.Edits = row.Pass?.CreateState(Model, PromptLength > 0 ? PromptLength : length);
        sequence.Head = row.Head;
        var hooks = new HookTable(Model.LayerCount);
        hooks.AddAll(Model.Hooks);
        hooks.AddAll(own);
        return new LogitRun(this, sequence, hooks);
    }
}

/// <summary>A text that is being scored.</summary>
internal sealed class LogitRun(LogitSource source, Sequence sequence, HookTable hooks) : IDisposable
{
    /// <summary>Tokens that go through the model in one step.</summary>
    public const int Chunk = 64;

    /// <summary>A second text with the same past.</summary>
    public LogitRun Fork() => new(source, sequence.Fork(), hooks);

    /// <summary>Goes over tokens whose logits nobody wants.</summary>
    public void Skip(ReadOnlySpan<int> ids)
    {
        for (int count; ids.Length > 0; ids = ids[count..])
            Step(ids[..(count = sequence.LongestStep(Math.Min(Chunk, ids.Length)))], LogitsWanted.None);
    }

    /// <summary>The logits behind each token, [tokens, vocabulary]; valid until the model's next step.</summary>
    /// <param name="ids">At most <see cref="Chunk"/> tokens.</param>
    public Span2D Next(ReadOnlySpan<int> ids)
    {
        Transformer transformer = source.Model.Transformer;
        if (sequence.LongestStep(ids.Length) == ids.Length)
            return transformer.View(Step(ids, LogitsWanted.All));
        // a guard that must see a token's end before the next begins
        int vocabulary = source.Model.VocabularySize;
        var gathered = new float[ids.Length * vocabulary];
        for (int done = 0, count; done < ids.Length; done += count)
        {
            count = sequence.LongestStep(ids.Length - done);
            Span2D rows = transformer.View(Step(ids.Slice(done, count), LogitsWanted.All));
            for (int i = 0; i < count; i++)
                rows.Row(i).CopyTo(gathered.AsSpan((done + i) * vocabulary));
        }
        return new Span2D(gathered, ids.Length, vocabulary, vocabulary);
    }

    public void Dispose() => sequence.Dispose();

    private Rows Step(ReadOnlySpan<int> ids, LogitsWanted wanted)
    {
        Transformer transformer = source.Model.Transformer;
        Precision before = transformer.Precision;
        transformer.Precision = source.Precision;
        try
        {
            return transformer.Forward([new StepInput(sequence, ids.ToArray())], wanted, hooks);
        }
        finally
        {
            transformer.Precision = before;
        }
    }
}
