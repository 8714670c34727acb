using Managed.Architectures;
using Managed.Kernels;
using Managed.Loader;
using Managed.Weights;

namespace Managed.Families;

/// <summary>Reads a rotary embedding from either generation of config.json keys, or from GGUF keys and tensors.</summary>
/// <param name="source">The checkpoint.</param>
/// <param name="defaults">θ and rotated share of the family's configuration class.</param>
/// <param name="headDimension">Dimension of a head.</param>
/// <param name="context">max_position_embeddings.</param>
internal sealed class RopeReader(FamilySource source, ClassDefaults defaults, int headDimension, int context)
{
    private const string Kinds = "default, linear, dynamic, llama3, yarn, longrope or su";

    private static readonly Dictionary<string, RopeScalingKind> s_kinds = new(StringComparer.Ordinal)
    {
        ["default"] = RopeScalingKind.None,
        ["none"] = RopeScalingKind.None,
        ["linear"] = RopeScalingKind.Linear,
        ["dynamic"] = RopeScalingKind.Dynamic,
        ["llama3"] = RopeScalingKind.Llama3,
        ["yarn"] = RopeScalingKind.Yarn,
        ["longrope"] = RopeScalingKind.LongRope,
        ["su"] = RopeScalingKind.LongRope,
    };

    public RopePairing Pairing { get; init; } = RopePairing.Halves;

    /// <summary>Rotated dimensions where the family has a key of its own for them.</summary>
    public int? Dimensions { get; init; }

    /// <summary>First rotated dimension.</summary>
    public int First { get; init; }

    /// <summary>Key of the original context at the top level, beside the one in the scaling section.</summary>
    private const string Original = "original_max_position_embeddings";

    /// <summary>The embedding of layers of one type; types differ only where the checkpoint says so.</summary>
    public RopeSpec Read(string layerType = LayerTypes.Full) => source.IsGguf ? Gguf() : HuggingFace(layerType);

    /// <summary>The plain embedding with another θ (Gemma 3's local layers).</summary>
    public RopeSpec Plain(double theta) => Checked(new RopeSpec
    {
        Pairing = Pairing,
        First = First,
        Dimensions = Rotated(defaults.PartialRotary, "partial_rotary_factor"),
        Theta = theta,
        MaximumContext = context,
        OriginalContext = context,
    });

    /// <summary>Whether rope_parameters has an entry of its own for each layer type.</summary>
    public bool IsPerLayerType => !source.IsGguf && Parameters() is { } all && (IsSection(all, LayerTypes.Full) || IsSection(all, LayerTypes.Sliding));

    private static bool IsSection(ConfigSection section, string key) => section.Has(key) && section.Section(key) is not null;

    private ConfigSection? Parameters() => source.Config.Section("rope_parameters");

    private RopeSpec HuggingFace(string layerType)
    {
        ConfigSection config = source.Config;
        ConfigSection? parameters = Parameters();
        if (IsPerLayerType)
            parameters = parameters!.Section(layerType);
        // The older generation has θ at the top level and the scaling in a section of its own.
        ConfigSection scaling = parameters ?? config.Section("rope_scaling") ?? config;
        string type = ReferenceEquals(scaling, config) ? "default" : scaling.Text("rope_type|type", "default");
        if (!s_kinds.TryGetValue(type, out RopeScalingKind kind))
            throw scaling.Error("rope_type|type", $"the rotary scaling \"{type}\"", Kinds);
        const string ThetaKeys = "rope_theta|rotary_emb_base";
        const string PartialKeys = "partial_rotary_factor|rotary_pct";
        ConfigSection thetaSection = parameters is not null && parameters.Has(ThetaKeys) ? parameters : config;
        ConfigSection partialSection = parameters is not null && parameters.Has(PartialKeys) ? parameters : config;
        double partial = partialSection.Number(PartialKeys, defaults.PartialRotary);
        if (partial is <= 0 or > 1)
            throw partialSection.Error(PartialKeys, $"{partial}", "above 0, at most 1");
        int dimensions = Rotated(partial, "partial_rotary_factor");
        double original = Positive(scaling, Original, scaling.Has(Original) ? null : PositiveAt(config, Original) ?? context);
        var rope = new RopeSpec
        {
            Pairing = Pairing,
            First = First,
            Dimensions = dimensions,
            Theta = Positive(thetaSection, ThetaKeys, defaults.Theta),
            Scaling = kind,
            OriginalContext = original,
            MaximumContext = context,
        };
        if (kind == RopeScalingKind.None)
            return Checked(rope);
        double? factor = scaling.Has("factor") ? Positive(scaling, "factor", null) : null;
        rope = rope with
        {
            Factor = factor ?? (kind is RopeScalingKind.Yarn or RopeScalingKind.LongRope ? context / original : Positive(scaling, "factor", null)),
            LowFrequencyFactor = scaling.Number("low_freq_factor", 1),
            HighFrequencyFactor = scaling.Number("high_freq_factor", 4),
            BetaFast = scaling.Number("beta_fast", 32),
            BetaSlow = scaling.Number("beta_slow", 1),
            Truncate = scaling.Flag("truncate", true),
            AttentionFactor = scaling.Has("attention_factor") ? Positive(scaling, "attention_factor", null) : null,
            MagnitudeScale = scaling.Number("mscale", 0),
            MagnitudeScaleAllDimensions = scaling.Number("mscale_all_dim", 0),
        };
        return Checked(kind == RopeScalingKind.LongRope ? LongRope(rope, scaling, factor) : rope);
    }

    private static RopeSpec LongRope(RopeSpec rope, ConfigSection scaling, double? factor) => rope with
    {
        ShortFactors = Factors(scaling, "short_factor", rope.Dimensions / 2),
        LongFactors = Factors(scaling, "long_factor", rope.Dimensions / 2),
        AttentionFactor = rope.AttentionFactor ?? (factor is not { } f ? null : f <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(f) / Math.Log(rope.OriginalContext)))),
    };

    private static float[] Factors(ConfigSection scaling, string key, int count)
    {
        double[] factors = scaling.Numbers(key) ?? throw scaling.Error(key, "no such key; it is mandatory", $"{count} numbers");
        if (factors.Length != count || factors.Any(factor => factor <= 0))
            throw scaling.Error(key, $"{factors.Length} numbers", $"{count} numbers above 0, one for each rotated pair");
        return Array.ConvertAll(factors, factor => (float)factor);
    }

    private RopeSpec Gguf()
    {
        ConfigSection config = source.Config;
        string type = config.Text("rope.scaling.type", "none");
        if (!s_kinds.TryGetValue(type, out RopeScalingKind kind))
            throw config.Error("rope.scaling.type", $"the rotary scaling \"{type}\"", "none, linear, yarn or longrope");
        float[]? longFactors = Vector("rope_factors_long.weight"), shortFactors = Vector("rope_factors_short.weight");
        if (kind == RopeScalingKind.LongRope || (longFactors is not null && shortFactors is not null))
            kind = longFactors is null || shortFactors is null ? RopeScalingKind.None : RopeScalingKind.LongRope;
        double original = Positive(config, "rope.scaling.original_context_length", context);
        double? given = config.Has("rope.scaling.attn_factor") ? Positive(config, "rope.scaling.attn_factor", null) : null;
        var rope = new RopeSpec
        {
            Pairing = Pairing,
            First = First,
            Dimensions = Rotated(defaults.PartialRotary, "rope.dimension_count"),
            Theta = Positive(config, "rope.freq_base", defaults.Theta),
            Scaling = kind,
            // The converter's default factor is 0: not scaled.
            Factor = config.Number("rope.scaling.factor|rope.scale_linear", 1) is var f && f > 0 ? f : 1,
            OriginalContext = original,
            MaximumContext = context,
            BetaFast = config.Number("rope.scaling.yarn_beta_fast", 32),
            BetaSlow = config.Number("rope.scaling.yarn_beta_slow", 1),
            ShortFactors = kind == RopeScalingKind.LongRope ? shortFactors : null,
            LongFactors = kind == RopeScalingKind.LongRope ? longFactors : null,
            Divisors = Vector("rope_freqs.weight"),
        };
        // In yarn the file's factor multiplies the usual one; in longrope it replaces it.
        double? attention = given is { } g && kind == RopeScalingKind.Yarn ? g * ((0.1 * Math.Log(Math.Max(1, rope.Factor))) + 1) : kind == RopeScalingKind.LongRope ? given : null;
        return Checked(rope with { AttentionFactor = attention });
    }

    private float[]? Vector(string name) => source.Tensors.TryGetValue(name, out StoredTensor? tensor) ? StoredValues.ToSingle(tensor) : null;

    private int Rotated(double partial, string key)
    {
        int dimensions = Dimensions ?? (source.IsGguf
            ? source.Config.Count("rope.dimension_count", (int)(headDimension * partial), 1)
            : (int)(headDimension * partial));
        source.Refuse(key, dimensions % 2 != 0 || dimensions < 2 || First + dimensions > headDimension,
            $"{dimensions} rotated dimensions", $"an even number from 2 to the dimension of a head, {headDimension}");
        return dimensions;
    }

    private RopeSpec Checked(RopeSpec rope)
    {
        foreach ((string name, float[]? values) in new[] { ("rope_freqs.weight", rope.Divisors), ("rope_factors_long.weight", rope.LongFactors), ("rope_factors_short.weight", rope.ShortFactors) })
            if (values is not null && values.Length != rope.Dimensions / 2)
                throw new CheckpointException(source.Config.File, $"tensor {name}", null, $"{values.Length} numbers", $"{rope.Dimensions / 2}, one for each rotated pair");
        return rope;
    }

    private static double? PositiveAt(ConfigSection config, string key) => config.Has(key) ? Positive(config, key, null) : null;

    private static double Positive(ConfigSection section, string key, double? missing)
    {
        double value = section.Number(key, missing);
        return value > 0 ? value : throw section.Error(key, $"{value}", "a number above 0");
    }
}
