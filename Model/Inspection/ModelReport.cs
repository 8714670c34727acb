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

    /// <summary>A sentence each on what stands around the layers: embedding, norm, unembedding.</summary>
    public required IReadOnlyList<string> Ends { get; init; }

    /// <summary>Whether text can be turned into tokens.</summary>
    public required bool HasTokenizer { get; init; }

    /// <summary>Whether there is a template for conversations.</summary>
    public required bool HasChatTemplate { get; init; }

    /// <summary>Ids that end a text.</summary>
    public required IReadOnlyList<int> EndTokens { get; init; }

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
            Ends = [.. EndSentences(model)],
            HasTokenizer = model.HasTokenizer,
            HasChatTemplate = model.HasTokenizer && HasTemplate(model),
            EndTokens = model.EndTokens,
            Types = tensors.GroupBy(tensor => tensor.Type.ToString()).OrderByDescending(group => group.Sum(tensor => tensor.ByteCount))
                .ToDictionary(group => group.Key, group => new TypeShare(group.Count(), group.Sum(tensor => tensor.ByteCount))),
            Plan = new MemoryPlan(positions, batch, tensors.Sum(tensor => tensor.ByteCount), model.Binder.CopiedBytes,
                perPosition, perPosition * positions * batch),
            HookPoints = [.. model.HookNames.All().Select(address => new HookPointLine(address.ToString(), HookPointTable.Of(address.Point).Axes))],
            Tensors = [.. tensors.Select(tensor => new TensorLine(tensor.Name, tensor.Type.ToString(), tensor.Shape, tensor.ByteCount))],
        };
    }

    // Layers of the same shape share a sentence: "layers 0, 2, 4 to 6: ...".
    private static IEnumerable<string> LayerSentences(Architecture architecture) =>
        architecture.Layers.Select((layer, index) => (Sentence: Sentence(layer), Index: index)).GroupBy(layer => layer.Sentence)
            .Select(group => $"{(group.Count() == 1 ? "layer" : "layers")} {Ranges([.. group.Select(layer => layer.Index)])}: {group.Key}");

    private static string Ranges(int[] indices)
    {
        var parts = new List<string>();
        for (int i = 0, end; i < indices.Length; i = end)
        {
            for (end = i + 1; end < indices.Length && indices[end] == indices[end - 1] + 1; end++)
            {
            }
            parts.Add(end - i == 1 ? $"{indices[i]}" : $"{indices[i]} to {indices[end - 1]}");
        }
        return string.Join(", ", parts);
    }

    private static IEnumerable<string> EndSentences(LanguageModel model)
    {
        Architecture architecture = model.Architecture;
        string positions = architecture.LearnedPositionOffset is null ? "" : $", {architecture.LearnedPositions} learned positions";
        string scale = architecture.EmbeddingScale == 1f ? "" : Invariant($", multiplied by {architecture.EmbeddingScale:0.###}");
        yield return $"embedding{positions}{scale}{(architecture.EmbeddingNorm is null ? "" : ", normalised")}";
        string tied = ReferenceEquals(model.Weights.Head.Matrix, model.Weights.Embedding) ? "the embedding's weights" : "weights of its own";
        string multiplied = architecture.LogitScale == 1f ? "" : Invariant($", logits multiplied by {architecture.LogitScale:0.#####}");
        string cap = architecture.LogitSoftCap == 0f ? "" : Invariant($", logits soft-capped at {architecture.LogitSoftCap}");
        yield return $"unembedding: {Norm(architecture.FinalNorm)} norm, {tied}{multiplied}{cap}";
    }

    private static string Norm(NormSpec norm) => Invariant($"{norm.Kind} (ε {norm.Epsilon:0.#e-0})");

    private static bool HasTemplate(LanguageModel model)
    {
        try
        {
            model.EncodeChat([new("user", "?")]);
            return true;
        }
        catch (CheckpointException)
        {
            return false; // there is none
        }
        catch (Loader.Templates.TemplateException)
        {
            return true; // it wants another conversation
        }
    }

    private static string Sentence(LayerSpec layer)
    {
        AttentionSpec attention = layer.Attention;
        MlpSpec mlp = layer.Mlp;
        string window = attention.Window > 0 ? $", window {attention.Window}" : "";
        string rope = attention.Rope is { } r ? $", {Rope(r, attention.KeyDimension)}" : attention.AlibiSlopes is null ? "" : ", linear position bias";
        string cap = attention.SoftCap == 0f ? "" : Invariant($", scores soft-capped at {attention.SoftCap}");
        string norms = string.Join(" and ", new[] { (layer.AttentionNorm, "before"), (layer.AttentionPostNorm, "after") }
            .Where(place => place.Item1 is not null).Select(place => place.Item2));
        string experts = mlp.Router is { } router ? $"{router.Experts} experts of which {router.Chosen} are chosen, width {mlp.Width}" : $"MLP width {mlp.Width}";
        return $"{attention.Heads} heads and {attention.KeyHeads} key heads of {attention.KeyDimension}{window}{rope}{cap}; {experts}{(mlp.Gated ? ", gated" : "")} {mlp.Activation}{(layer.Parallel ? "; parallel" : "")}{(norms.Length > 0 ? $"; {Norm((layer.AttentionNorm ?? layer.AttentionPostNorm)!)} norms {norms} attention" : "")}";
    }

    private static string Rope(RopeSpec rope, int headDimension)
    {
        string scaling = rope.Scaling == RopeScalingKind.None ? "" : Invariant($", {rope.Scaling.ToString().ToLowerInvariant()} scaling by {rope.Factor:0.###}");
        return Invariant($"rope on {rope.Dimensions} of {headDimension} dimensions (base {rope.Theta:0.###}{scaling})");
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
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
