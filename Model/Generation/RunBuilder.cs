using Managed.Cache;
using Managed.Constraints;
using Managed.Kernels;
using Managed.Loader;
using Managed.Loader.Templates;
using Managed.Loader.Tokenizers;
using Managed.Sampling;

namespace Managed;

/// <summary>Puts together what a request needs: sampler, stop condition, constraint, decoder, sequences. One for each model.</summary>
internal sealed class RunBuilder
{
    /// <summary>Tokens of a prompt that its continuation's decoder is shown: enough for any unfinished character.</summary>
    private const int DecodedBefore = 64;

    private readonly LanguageModel model;
    private readonly int[] configuredEndTokens;
    private readonly LoadOptions load;
    private readonly Candidates candidates;
    private readonly TokenTexts texts;
    private readonly string[] stopStrings;
    private readonly Task<int?> replyEnd; // found while the prompt goes through the model
    private int[]? endTokens;
    private TokenMasker? masker;
    private ChatFormat? chat;

    public RunBuilder(LanguageModel model, int[] configuredEndTokens, LoadOptions load)
    {
        this.model = model;
        this.configuredEndTokens = configuredEndTokens;
        this.load = load;
        candidates = new Candidates(model.VocabularySize);
        texts = new TokenTexts(model.VocabularySize);
        stopStrings = EndTokenSources.StopStrings(model.Checkpoint);
        Tokenizer? tokenizer = model.HasTokenizer ? model.Tokenizer : null;
        replyEnd = tokenizer is null ? Task.FromResult<int?>(null) : Task.Run(ReplyEnd);
    }

    /// <summary>Waits for what is done beside the caller's work, before the checkpoint's files are unmapped.</summary>
    public void Settle() => ((IAsyncResult)replyEnd).AsyncWaitHandle.WaitOne();

    /// <summary>Token ids that end a text.</summary>
    public IReadOnlyList<int> EndTokens =>
        endTokens ??= EndTokenSources.Union(configuredEndTokens, model.HasTokenizer ? model.Tokenizer : null, replyEnd.GetAwaiter().GetResult(), model.VocabularySize);

    /// <exception cref="CheckpointException">The checkpoint has no chat template.</exception>
    public ChatFormat Chat => Found ?? throw new CheckpointException(model.Path, "chat template", null, "none",
        "chat_template.jinja, tokenizer_config.json's chat_template or GGUF's tokenizer.chat_template; without one, run without --chat");

    /// <summary>A run of a request, in the manner that its options ask for.</summary>
    /// <param name="ids">The prompt.</param>
    /// <param name="options">How it is continued.</param>
    /// <param name="listener">Takes each token as it comes; null: nobody.</param>
    /// <param name="kept">Sequences that outlive the run and may hold a part of the prompt; null: the run has its own.</param>
    /// <param name="row">The number that hooks are told.</param>
    /// <exception cref="ArgumentException">Options out of range, or a prompt longer than the cache.</exception>
    public GenerationRun Create(
        ReadOnlySpan<int> ids, GenerationOptions options, Action<GeneratedToken>? listener, ConversationCache? kept = null, int row = 0)
    {
        options.Validate();
        Check(ids);
        int[] negative = options.NegativePrompt is { } away ? [.. away] : [ids[^1]];
        Check(negative);
        if (options.Guard is { } compiled && compiled.Model != model)
            throw new ArgumentException($"{nameof(options.Guard)}: found {compiled.Name}, compiled for {compiled.Model.Path}; expected one compiled for this model.");
        if (options.Guard?.Adapter is { } guardAdapter)
            options = options with { Adapter = options.Adapter is { } own ? Adapter.Together(own, guardAdapter) : guardAdapter };
        if (options.Draft is not null)
            SharedVocabulary.CheckDraft(model, options.Draft);
        if (options.Guard?.Late is not null)
            SharedVocabulary.CheckSteps(model, options.Guard.Name);
        options = options with { StopStrings = [.. options.StopStrings.Union(stopStrings)] };
        var stop = new StopCondition(options.MaxTokens, options.StopStrings, options.IgnoreEndTokens ? [] : Ends(), options.StopIds);
        var sampler = new Sampler(options.Sampling, candidates, Ends(), options.Sampling.Sample);
        RowConstraint? constraint = options.Constraint is null ? null : new RowConstraint(options.Constraint, Masker, EndTokens, options.IgnoreEndTokens);
        var parts = new RowParts(options, stop, sampler, constraint, CreateText(ids, options), texts);
        var text = new GenerationRow(ids, parts, listener);

        Precision precision = model.Device.Effective(options.Precision ?? load.Precision ?? Precision.Fast);
        bool owned = kept is null;
        kept ??= new ConversationCache();
        Sequence sequence = kept.Prepare(model, ids, options.Adapter, precision, row, guard: options.Guard);
        int cached = sequence.Length;
        sequence.Reserve(Math.Min(ids.Length + Math.Min(options.MaxTokens, 4096), model.Transformer.LongestText));
        if (options.Beams > 1)
            return new BeamRun(text, precision, cached, model, sequence, owned, stop.EndTokens);
        if (options.Draft is { } draft)
            return new DraftedRun(text, precision, cached, model, sequence, kept.Prepare(draft, ids, null, precision, row, drafts: true), owned);
        var lanes = new List<RowLane> { new(text, sequence, ids.ToArray(), owned) };
        if (options.Guard is { } guard)
            AddLanes(lanes, guard, text, precision, row);
        if (options.Guard?.Late is not null)
            return new LateLanesRun(text, precision, cached, model, [.. lanes]);
        if (options.Sampling.GuidanceScale != 1)
            lanes.Add(new RowLane(text, new ConversationCache().Prepare(model, negative, options.Adapter, precision, row), negative, owned: true));
        return new PlainRun(text, precision, cached, [.. lanes]);
    }

    // A guard's lanes: the same tokens, mostly the same weights too, with what the guard gives them.
    private void AddLanes(List<RowLane> lanes, CompiledGuard guard, GenerationRow text, Precision precision, int row)
    {
        for (int i = 0; i < guard.Lanes.Count; i++)
        {
            GuardLane lane = guard.Lanes[i];
            LanguageModel weights = lane.Model ?? model;
            int[] prompt = text.Options.LanePrompts?.GetValueOrDefault(lane.Name)?.ToArray() ?? (lane.System is null ? lanes[0].Prompt
                : throw new ArgumentException($"{nameof(GenerationOptions.LanePrompts)}: found none for the lane {lane.Name} of the guard {guard.Name}, which has a system message of its own; expected its prompt's tokens."));
            Check(prompt);
            Sequence sequence = new ConversationCache().Prepare(weights, prompt, lane.Adapter, precision, row);
            (sequence.Edits, sequence.Head) = (lane.Pass?.CreateState(weights, prompt.Length), lane.Head);
            lanes.Add(new RowLane(text, sequence, prompt, owned: true, lane.Until) { Other = lane.Model });
        }
    }

    /// <summary>Text of tokens that continue a prompt.</summary>
    public AnswerText CreateText(ReadOnlySpan<int> prompt, GenerationOptions options)
    {
        var filter = new StopStringFilter(options.StopStrings);
        return options.Constraint is not null
            ? new AnswerText(Masker, filter, options.MaxTokens)
            : new AnswerText(model.HasTokenizer ? model.Tokenizer : null, prompt[^Math.Min(prompt.Length, DecodedBefore)..], filter, options.MaxTokens);
    }

    private TokenMasker Masker =>
        masker ??= new TokenMasker([.. Enumerable.Range(0, model.VocabularySize).Select(model.Tokenizer.TokenBytes)], EndTokens);

    private void Check(ReadOnlySpan<int> ids)
    {
        if (ids.IsEmpty)
            throw new ArgumentException("There is nothing to continue: the prompt has no tokens.");
        foreach (int id in ids)
            if ((uint)id >= (uint)model.VocabularySize)
                throw new ArgumentException($"Token id {id} is outside the model's vocabulary of {model.VocabularySize}.");
        if (ids.Length > model.Transformer.LongestText)
            throw new ArgumentException($"The prompt is {ids.Length} tokens long; {Limit()}.");
    }

    private string Limit() => model.Transformer.LongestText is var longest && longest < model.Transformer.Capacity
        ? $"this model has {longest} learned positions and no more"
        : $"the cache holds {longest}: load the model with a larger context (--context)";

    private int? ReplyEnd()
    {
        try
        {
            return Found?.ReplyEnd();
        }
        catch (Exception refusal) when (refusal is TemplateException or CheckpointException)
        {
            load.Warn?.Invoke($"what ends a reply cannot be read off the chat template ({refusal.Message}); only the end tokens of the other files count");
            return null;
        }
    }

    private ChatFormat? Found
    {
        get
        {
            lock (texts)
                return chat ??= FindChat();
        }
    }

    // The end tokens, waited for when they are first looked at.
    private IEnumerable<int> Ends()
    {
        foreach (int id in EndTokens)
            yield return id;
    }

    private ChatFormat? FindChat()
    {
        Checkpoint checkpoint = model.Checkpoint;
        ChatTemplates templates = checkpoint.Gguf is { } gguf
            ? ChatTemplates.Find(key => gguf.Metadata.ContainsKey(key) ? checkpoint.Config.Text(key) : null)
            : ChatTemplates.Find(checkpoint.Path);
        return templates.TryParse() is { } template ? new ChatFormat(template, model.Tokenizer) : null;
    }
}
