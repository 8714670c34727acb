using Managed.Kernels;

namespace Managed.Families;

/// <summary>The sizes that all families have, read and checked against each other.</summary>
internal sealed record Dimensions
{
    /// <summary>Bound of any size that is not bounded by the tensors.</summary>
    private const int Most = 1 << 20;

    public required int Vocabulary { get; init; }

    public required int Width { get; init; }

    /// <summary>Inner width of the MLP.</summary>
    public required int Inner { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    public required int KeyHeads { get; init; }

    public required int HeadDimension { get; init; }

    public required int Context { get; init; }

    public required float Epsilon { get; init; }

    public required ActivationKind Activation { get; init; }

    public static Dimensions Read(FamilySource source, ClassDefaults defaults, KeyNames keys)
    {
        int width = Size(source, keys.Width, "embedding_length", defaults.Width);
        int heads = Same(source, source.Key(keys.Heads, "attention.head_count"), source.IsGguf ? null : defaults.Heads, 1 << 16);
        int keyHeads = KeyHeadsOf(source, defaults, keys, heads);
        return new Dimensions
        {
            Vocabulary = VocabularyOf(source, defaults),
            Width = width,
            Inner = InnerOf(source, defaults, keys, width),
            Layers = LayersOf(source, defaults, keys),
            Heads = heads,
            KeyHeads = keyHeads,
            HeadDimension = HeadDimensionOf(source, defaults, keys, width, heads),
            Context = Size(source, keys.Context, "context_length", defaults.Context, int.MaxValue),
            Epsilon = EpsilonOf(source, defaults, keys),
            Activation = source.IsGguf ? Activations.Of(source, "hidden_act", defaults.Activation) : Activations.Of(source, keys.Activation, defaults.Activation),
        };
    }

    private static int Size(FamilySource source, string huggingFace, string gguf, int missing, int most = Most) =>
        source.Config.Count(source.Key(huggingFace, gguf), source.IsGguf ? null : missing, 1, most);

    // A number of layers that the tensors cannot fill is refused before anything of that length is built.
    private static int LayersOf(FamilySource source, ClassDefaults defaults, KeyNames keys) =>
        source.Config.Count(source.Key(keys.Layers, "block_count"), source.IsGguf ? null : Math.Min(defaults.Layers, Math.Max(1, source.Tensors.Count)), 1, Math.Max(1, source.Tensors.Count));

    private static int VocabularyOf(FamilySource source, ClassDefaults defaults)
    {
        int rows = (int)Math.Min(source.Rows("token_embd.weight"), int.MaxValue);
        return source.Config.Count("vocab_size", source.IsGguf ? rows == 0 ? null : rows : defaults.Vocabulary, 1, 1 << 26);
    }

    private static int KeyHeadsOf(FamilySource source, ClassDefaults defaults, KeyNames keys, int heads)
    {
        string key = source.Key(keys.KeyHeads, "attention.head_count_kv");
        int keyHeads = source.Config.IsNull(key) ? heads : Same(source, key, source.IsGguf ? heads : defaults.KeyHeads ?? heads, 1 << 16);
        source.Refuse(key, heads % keyHeads != 0, $"{keyHeads}", $"a divisor of the number of query heads, {heads}");
        return keyHeads;
    }

    private static int HeadDimensionOf(FamilySource source, ClassDefaults defaults, KeyNames keys, int width, int heads)
    {
        string key = source.Key("head_dim", "attention.key_length");
        int? given = source.CountOrNull(key, source.IsGguf ? null : defaults.HeadDimension);
        source.Refuse(source.Key(keys.Heads, "attention.head_count"), given is null && width % heads != 0, $"{heads}", $"a divisor of the width, {width}, or a {key}");
        int dimension = given ?? (width / heads);
        source.Refuse(key, dimension > 1 << 14, $"{dimension}", $"at most {1 << 14}");
        return dimension;
    }

    private static int InnerOf(FamilySource source, ClassDefaults defaults, KeyNames keys, int width)
    {
        string key = source.Key(keys.Inner, "feed_forward_length");
        int missing = defaults.Inner == 0 ? 4 * width : defaults.Inner;
        return source.Config.Has(key) ? Same(source, key, null, 1 << 24) : missing;
    }

    private static float EpsilonOf(FamilySource source, ClassDefaults defaults, KeyNames keys)
    {
        string key = source.Key(keys.Epsilon, "attention.layer_norm_rms_epsilon|attention.layer_norm_epsilon");
        double epsilon = source.Config.Number(key, defaults.Epsilon);
        source.Refuse(key, epsilon is < 0 or >= 1, $"{epsilon}", "at least 0 and below 1");
        return (float)epsilon;
    }

    /// <summary>A count that GGUF may give as a list with one number per layer, which must all be the same.</summary>
    private static int Same(FamilySource source, string key, int? missing, int most)
    {
        long[]? all = source.Config.Integers(key);
        if (all is null or [_])
            return all is null ? source.Config.Count(key, missing, 1, most) : Checked(source, key, all[0], most);
        source.Refuse(key, all.Length == 0 || all.Any(count => count != all[0]), $"a list of {all.Length} different counts", "the same count in every layer");
        return Checked(source, key, all[0], most);
    }

    private static int Checked(FamilySource source, string key, long count, int most)
    {
        source.Refuse(key, count < 1 || count > most, $"{count}", $"an integer from 1 to {most}");
        return (int)count;
    }
}
