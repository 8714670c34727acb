using Managed.Architectures;
using Managed.Cache;
using Managed.Families;
using Managed.Hooks;
using Managed.Kernels;
using Managed.Kernels.Gpu;
using Managed.Loader;
using Managed.Loader.Tokenizers;
using Managed.Weights;

namespace Managed;

/// <summary>A loaded model: text in, text out, and everything between readable and editable.</summary>
/// <remarks>One thread at a time; results of one call do not change when another follows.</remarks>
public sealed partial class LanguageModel : IDisposable
{
    private readonly Checkpoint checkpoint;
    private readonly IDevice device;
    private readonly WeightBinder binder;
    private readonly HookTable hooks;
    private readonly LoadOptions options;
    private readonly List<IDisposable> merged = [];
    private Tokenizer? tokenizer;
    private RunBuilder? builder;
    private int weightsVersion;

    private LanguageModel(Checkpoint checkpoint, IDevice device, LoadOptions options)
    {
        this.checkpoint = checkpoint;
        this.device = device;
        this.options = options;
        (Architecture, ModelTensors tensors) = FamilyRegistry.Describe(checkpoint);
        configuredEndTokens = [.. EndTokenSources.Configured(checkpoint, Architecture.VocabularySize)];
        binder = new WeightBinder(device, checkpoint.Path, checkpoint.Tensors);
        try
        {
            Weights = binder.Bind(Architecture, tensors);
        }
        catch
        {
            binder.Dispose();
            throw;
        }
        foreach (string note in binder.Notes)
            options.Warn?.Invoke(note);
        HookNames = new HookNames(Architecture);
        HasTokenizer = checkpoint.Gguf is { } gguf
            ? gguf.Metadata.ContainsKey("tokenizer.ggml.tokens")
            : new[] { "tokenizer.json", "tokenizer.model" }.Any(name => File.Exists(System.IO.Path.Combine(checkpoint.Path, name)));
        hooks = new HookTable(Architecture.Layers.Length);
        Transformer = new Transformer(device, Architecture, Weights) { Warn = options.Warn };
        if (options.Context > 0)
            Transformer.Capacity = options.Context;
    }

    internal Architecture Architecture { get; }

    internal ModelWeights Weights { get; }

    internal Transformer Transformer { get; }

    internal HookNames HookNames { get; }

    internal Checkpoint Checkpoint => checkpoint;

    internal WeightBinder Binder => binder;

    internal IDevice Device => device;

    /// <summary>Hooks that were registered with <see cref="Hook"/>; they act in every run.</summary>
    internal HookTable Hooks => hooks;

    /// <summary>What a sequence's keys and values are shaped by if they are computed now.</summary>
    internal CacheOrigin OriginOf(Adapter? adapter, Precision precision) => new(adapter, precision, hooks.Version, weightsVersion);

    /// <summary>The checkpoint's path.</summary>
    public string Path => checkpoint.Path;

    /// <summary>The family's name as the checkpoint gives it.</summary>
    public string Family => Architecture.Family;

    /// <summary>Number of blocks.</summary>
    public int LayerCount => Architecture.Layers.Length;

    /// <summary>Width of the residual stream.</summary>
    public int Width => Architecture.Width;

    /// <summary>Number of token ids.</summary>
    public int VocabularySize => Architecture.VocabularySize;

    /// <summary>Positions the model was trained for.</summary>
    public int ContextLength => Architecture.ContextLength;

    /// <summary>Full names of all hook points of this model, in forward order.</summary>
    public IEnumerable<string> HookPoints => HookNames.All().Select(address => address.ToString());

    /// <summary>From text to tokens and back.</summary>
    /// <exception cref="CheckpointException">The checkpoint has no tokenizer, or a damaged one.</exception>
    internal Tokenizer Tokenizer => tokenizer ??= checkpoint.Gguf is { } gguf ? Tokenizer.Open(gguf) : Tokenizer.Open(checkpoint.Path);

    /// <summary>Loads a checkpoint directory in Hugging Face layout, a GGUF file, or a hub id that is in the cache.</summary>
    /// <param name="path">Directory, file, or `owner/name[@revision]`.</param>
    /// <param name="options">How; null: defaults.</param>
    /// <exception cref="CheckpointException">The files are damaged, or of a family that is not known.</exception>
    /// <exception cref="FileNotFoundException">There is nothing of that name.</exception>
    /// <exception cref="DeviceException">There is no such device.</exception>
    public static LanguageModel Load(string path, LoadOptions? options = null)
    {
        options ??= new LoadOptions();
        return Load(path, DeviceCatalog.Open(options.Device, options.Threads), options);
    }

    /// <summary>Loads another checkpoint as this one was loaded: on a device of the same kind, with as many threads and as much context.</summary>
    internal LanguageModel LoadBeside(string path) => Load(path, options);

    /// <summary>Loads onto a device, which belongs to the model from then on.</summary>
    internal static LanguageModel Load(string path, IDevice device, LoadOptions options)
    {
        Checkpoint checkpoint;
        try
        {
            checkpoint = Checkpoint.Open(ModelPath.Resolve(path));
        }
        catch
        {
            device.Dispose();
            throw;
        }
        return Load(checkpoint, device, options);
    }

    /// <summary>Loads a checkpoint onto a device; both belong to the model from then on.</summary>
    internal static LanguageModel Load(Checkpoint checkpoint, IDevice device, LoadOptions options)
    {
        try
        {
            device.Prepare(StoredMatrix.TypesOf(checkpoint.Tensors.Values), options.Precision ?? Precision.Fast);
            device.KeepsBits = options.Deterministic;
            var model = new LanguageModel(checkpoint, device, options);
            if (device is not CpuDevice)
                options.Tell?.Invoke($"the forward pass runs on {device.Name}; code in hooks, and sampling that needs all logits, on the processor");
            return model;
        }
        catch
        {
            device.Dispose();
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Token ids of a text, with the special tokens that the tokenizer adds.</summary>
    /// <exception cref="CheckpointException">The tokenizer is damaged, or gives an id for which the model has no embedding.</exception>
    public int[] Encode(string text, bool addSpecialTokens = true)
    {
        int[] ids = Tokenizer.Encode(text, addSpecialTokens).Ids;
        int outside = Array.FindIndex(ids, id => id >= VocabularySize);
        return outside < 0 ? ids : throw new CheckpointException(Path, $"tokenizer, token \"{Utf8Text.Show(Tokenizer.IdToToken(ids[outside]) ?? "")}\"", null,
            $"the id {ids[outside]}", $"ids below {VocabularySize}, the rows of the model's embedding");
    }

    /// <summary>The text of token ids.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true) => Tokenizer.Decode(ids, skipSpecialTokens);

    /// <summary>Runs the model on a text and reads hook points on the way.</summary>
    /// <param name="text">The text; the tokenizer's special tokens are added.</param>
    /// <param name="names">Hook points: full names, aliases, shorthands, globs. A name without a layer means every layer.</param>
    /// <returns>Logits [tokens, vocabulary], and what was read.</returns>
    /// <exception cref="HookPointException">The model has no such hook point.</exception>
    public (Activation Logits, ActivationCache Cache) RunWithCache(string text, params string[] names) => RunWithCache(Encode(text), names);

    /// <inheritdoc cref="RunWithCache(string, string[])"/>
    public (Activation Logits, ActivationCache Cache) RunWithCache(ReadOnlySpan<int> ids, params string[] names)
    {
        RunResult result = Run(ids, new RunOptions { Names = names });
        return (result.Output, result.Cache);
    }

    /// <summary>Runs the model, or part of it, on token ids.</summary>
    /// <exception cref="HookPointException">The model has no such hook point.</exception>
    /// <exception cref="ArgumentException">No tokens, an id outside the vocabulary, layers out of range.</exception>
    public RunResult Run(ReadOnlySpan<int> ids, RunOptions? run = null)
    {
        run ??= new RunOptions();
        int last = run.StopAtLayer is { } stop ? Layer(stop) : LayerCount;
        int first = run.StartAtLayer is { } start ? Layer(start) : 0;
        if (first > last)
            throw new ArgumentException($"The run would start at layer {first} and stop before layer {last}.");
        if (first > 0 && run.StartStream is null)
            throw new ArgumentException($"A run that starts at layer {first} needs the residual stream before it (StartStream).");
        var cache = new ActivationCache(HookNames);
        var table = new HookTable(LayerCount);
        table.AddAll(hooks);
        new ActivationReader(cache, run.Positions, ids.Length).Attach(table, run.Names.SelectMany(name => HookNames.Resolve(name)));

        using Sequence sequence = Transformer.Cache.Create();
        (sequence.Adapter, sequence.Edits, sequence.Head) = (run.Adapter ?? run.Guard?.Adapter, run.Guard?.CreateState(ids.Length), run.Guard?.Head);
        Precision before = Transformer.Precision;
        Transformer.Precision = run.Precision ?? options.Precision ?? Precision.Exact;
        try
        {
            Rows rows = Transformer.ForwardPart([new StepInput(sequence, ids.ToArray())], first, run.StartStream, last, LogitsWanted.All, table);
            if (run.Guard is { Pass: { } pass } guard
                && (ReceiptWriter.Failure(guard.Name, pass, sequence.Edits) ?? ReceiptWriter.Idle(guard.Name, pass, sequence, ids.Length)) is { } failure)
                throw failure;
            LastReceipt = run.Guard is { } acted ? ReceiptWriter.Write(acted, sequence, [], null) : null;
            string name = last < LayerCount ? HookPointTable.FullName(HookPoint.ResidualPre, last) : "logits";
            return new RunResult(new Activation(name, [rows.Count, rows.Width], Transformer.View(rows).ToArray()), cache, Transformer.Precision) { Receipt = LastReceipt };
        }
        finally
        {
            Transformer.Precision = before;
        }

        int Layer(int index) => index < 0 ? index + LayerCount : index <= LayerCount ? index
            : throw new ArgumentException($"Layer {index} was asked for; this model has layers 0 to {LayerCount - 1}.");
    }

    /// <summary>Registers a managed hook; it acts in every run until the returned object is disposed.</summary>
    /// <param name="name">Hook point: full name, alias, shorthand or glob.</param>
    /// <param name="action">Reads or edits the values in place.</param>
    /// <exception cref="HookPointException">The model has no such hook point.</exception>
    public IDisposable Hook(string name, HookAction action)
    {
        HookAction own = new(action.Invoke); // two registrations of one delegate stay apart
        foreach (HookAddress address in HookNames.Resolve(name))
            hooks.Add(address, own);
        return new Registration(() => hooks.Remove(own));
    }

    /// <summary>Keeps what passes hook points, in every run and generation until the returned object is stopped or disposed.</summary>
    /// <param name="names">Hook points: full names, aliases, shorthands, globs. A name without a layer means every layer.</param>
    /// <exception cref="HookPointException">The model has no such hook point, or its rows differ in length: scores and patterns of attention.</exception>
    public ActivationCapture Capture(params string[] names) => new(HookNames, hooks, names);

    /// <summary>Loads a low-rank adapter in PEFT's layout for this model, to be used by single generations and runs.</summary>
    /// <param name="folder">Folder with adapter_config.json and adapter_model.safetensors.</param>
    /// <exception cref="CheckpointException">The files are damaged, or do not fit this model.</exception>
    public Adapter LoadAdapter(string folder) => AdapterBinder.Bind(device, Weights, folder);

    /// <summary>Adds an adapter to the weights for good; the layers that it changes become float32.</summary>
    public void Merge(Adapter adapter)
    {
        merged.AddRange(AdapterMerger.Merge(device, adapter));
        weightsVersion++; // what caches hold was computed without it
    }

    /// <summary>Unmaps the checkpoint's files and frees the device's memory.</summary>
    public void Dispose()
    {
        builder?.Settle();
        merged.ForEach(item => item.Dispose());
        Transformer.Dispose();
        binder.Dispose();
        device.Dispose();
        checkpoint.Dispose();
    }

    private sealed class Registration(Action end) : IDisposable
    {
        private Action? end = end;

        public void Dispose()
        {
            end?.Invoke();
            end = null;
        }
    }
}

/// <summary>What a run is asked for.</summary>
public sealed record RunOptions
{
    /// <summary>Hook points to read: full names, aliases, shorthands, globs.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Positions to read there.</summary>
    public PositionFilter Positions { get; init; } = PositionFilter.All;

    /// <summary>First layer that is not computed; the output is then the residual stream before it. Negative: from the end.</summary>
    public int? StopAtLayer { get; init; }

    /// <summary>First layer that is computed, from <see cref="StartStream"/>. Negative: from the end.</summary>
    public int? StartAtLayer { get; init; }

    /// <summary>The residual stream before <see cref="StartAtLayer"/>, packed [tokens, width].</summary>
    public float[]? StartStream { get; init; }

    /// <summary>How quantised weights meet activations; null: as the model was loaded, else exact.</summary>
    public Precision? Precision { get; init; }

    /// <summary>A low-rank adapter for this run; null: none.</summary>
    public Adapter? Adapter { get; init; }

    /// <summary>A guard, compiled for the model; all of the tokens are its prompt. Null: none.</summary>
    public CompiledGuard? Guard { get; init; }
}

/// <summary>What a run gave.</summary>
/// <param name="Output">Logits [tokens, vocabulary], or the residual stream where the run stopped early.</param>
/// <param name="Cache">What was read.</param>
/// <param name="Precision">The precision it was computed in.</param>
public sealed record RunResult(Activation Output, ActivationCache Cache, Precision Precision)
{
    /// <summary>What the guard did; null: there was none.</summary>
    public GuardReceipt? Receipt { get; init; }
}
