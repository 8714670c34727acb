using Managed.Architectures;
using Managed.Hooks;
using Managed.Loader;

namespace Managed.Inspection;

/// <summary>What `managed inspect` shows of a model.</summary>
internal sealed record ModelReport
{
    public required string Path { get; init; }

    public required string Family { get; init; }

    public required string Format { get; init; }

    public required long Parameters { get; init; }

    public required int Layers { get; init; }

    public required int Width { get; init; }

    public required int Vocabulary { get; init; }

    public required int Context { get; init; }

    /// <summary>A sentence for each kind of layer: which layers, heads, window, rope, MLP.</summary>
    public required IReadOnlyList<string> LayerKinds { get; init; }

    public required IReadOnlyDictionary<string, TypeShare> Types { get; init; }

    public required MemoryPlan Plan { get; init; }

    public required IReadOnlyList<HookPointLine> HookPoints { get; init; }

    public required IReadOnlyList<TensorLine> Tensors { get; init; }

    /// <param name="model">The model.</param>
    /// <param name="context">Positions to plan for; 0: the trained context.</param>
    /// <param name="batch">Sequences to plan for.</param>
    public static ModelReport Of(LanguageModel model, int context, int batch)
    {
        Architecture architecture = model.Architecture;
        StoredTensor[] tensors = [.. model.Checkpoint.Tensors.Values];
        int positions = context > 0 ? context : architecture.ContextLength;
        long perPosition = model.Transformer.Cache.BytesPerPosition;
        return new ModelReport
        {
            Path = model.Path,
            Family = architecture.Family,
            Format = model.Checkpoint.Format.ToString(),
            Parameters = tensors.Sum(tensor => tensor.ElementCount),
            Layers = architecture.Layers.Length,
            Width = architecture.Width,
            Vocabulary = architecture.VocabularySize,
            Context = architecture.ContextLength,
            LayerKinds = [.. LayerSentences(architecture)],
            Types = tensors.GroupBy(tensor => tensor.Type.ToString()).OrderByDescending(group => group.Sum(tensor => tensor.ByteCount))
                .ToDictionary(group => group.Key, group => new TypeShare(group.Count(), group.Sum(tensor => tensor.ByteCount))),
            Plan = new MemoryPlan(positions, batch, tensors.Sum(tensor => tensor.ByteCount), model.Binder.CopiedBytes,
                perPosition, perPosition * positions * batch),
            HookPoints = [.. model.HookNames.All().Select(address => new HookPointLine(address.ToString(), HookPointTable.Of(address.Point).Axes))],
            Tensors = [.. tensors.Select(tensor => new TensorLine(tensor.Name, tensor.Type.ToString(), tensor.Shape, tensor.ByteCount))],
        };
    }

    // Consecutive layers of the same shape share a sentence.
    private static IEnumerable<string> LayerSentences(Architecture architecture)
    {
        for (int first = 0, end; first < architecture.Layers.Length; first = end)
        {
            string sentence = Sentence(architecture.Layers[first]);
            for (end = first + 1; end < architecture.Layers.Length && Sentence(architecture.Layers[end]) == sentence; end++)
            {
            }
            yield return first + 1 == end ? $"layer {first}: {sentence}" : $"layers {first} to {end - 1}: {sentence}";
        }
    }

    private static string Sentence(LayerSpec layer)
    {
        AttentionSpec attention = layer.Attention;
        MlpSpec mlp = layer.Mlp;
        string window = attention.Window > 0 ? $", window {attention.Window}" : "";
        string rope = attention.Rope is { } r ? $", rope on {r.Dimensions} of {attention.KeyDimension} dimensions" : attention.AlibiSlopes is null ? "" : ", linear position bias";
        string experts = mlp.Router is { } router ? $"{router.Experts} experts of which {router.Chosen} are chosen, width {mlp.Width}" : $"MLP width {mlp.Width}";
        return $"{attention.Heads} heads and {attention.KeyHeads} key heads of {attention.KeyDimension}{window}{rope}; {experts}{(mlp.Gated ? ", gated" : "")} {mlp.Activation}{(layer.Parallel ? "; parallel" : "")}";
    }
}

/// <summary>Tensors and bytes of one storage type.</summary>
internal sealed record TypeShare(int Tensors, long Bytes);

/// <summary>What running the model takes.</summary>
internal sealed record MemoryPlan(int Context, int Batch, long WeightBytes, long CopiedBytes, long CacheBytesPerPosition, long CacheBytes)
{
    public long Total => WeightBytes + CopiedBytes + CacheBytes;
}

/// <summary>A hook point's name and axes.</summary>
internal sealed record HookPointLine(string Name, string Axes);

/// <summary>A stored tensor's name, type, shape and size.</summary>
internal sealed record TensorLine(string Name, string Type, long[] Shape, long Bytes);
