using Managed.Architectures;
using Managed.Kernels;

namespace Managed.Families;

/// <summary>
/// The frame that families fill. What is not overridden is Llama's: RMS norms before both sublayers, rotary attention in halves,
/// a gated MLP, Llama's names.
/// </summary>
internal abstract class Family : IFamily
{
    public abstract IReadOnlyList<string> ModelTypes { get; }

    public virtual IReadOnlyList<string> GgufArchitectures => [];

    /// <summary>What config.json may leave out.</summary>
    protected abstract ClassDefaults Defaults { get; }

    protected virtual KeyNames Keys => KeyNames.Llama;

    protected virtual NormKind Norm => NormKind.Rms;

    protected virtual RopePairing Pairing => RopePairing.Halves;

    /// <summary>llama.cpp's converter reorders the rows of queries and keys.</summary>
    protected virtual bool GgufPermutes => false;

    public Architecture Describe(FamilySource source)
    {
        Dimensions dimensions = Read(source);
        var plan = new FamilyPlan(source, dimensions, MakeNorm(source, dimensions)) { ReadRope = type => Rope(source, dimensions, type) };
        plan.Sliding = Windows(plan);
        var layers = new LayerSpec[dimensions.Layers];
        for (int layer = 0; layer < layers.Length; layer++)
            layers[layer] = Layer(plan, layer);
        return Complete(plan, new Architecture
        {
            Family = source.Family,
            VocabularySize = dimensions.Vocabulary,
            Width = dimensions.Width,
            ContextLength = dimensions.Context,
            FinalNorm = plan.Norm,
            Layers = layers,
        });
    }

    public ModelTensors Locate(FamilySource source, Architecture architecture) =>
        new Locator(source, architecture, source.IsGguf
            ? Gguf(source, GgufLayout(source))
            : HuggingFace(source, new TensorLayout { Tied = IsTied(source) }, architecture)).Locate();

    protected virtual Dimensions Read(FamilySource source) => Dimensions.Read(source, Defaults, Keys);

    protected virtual NormSpec MakeNorm(FamilySource source, Dimensions dimensions) => new(Norm, dimensions.Epsilon);

    protected virtual RopeSpec Rope(FamilySource source, Dimensions dimensions, string layerType) => Ropes(source, dimensions).Read(layerType);

    protected RopeReader Ropes(FamilySource source, Dimensions dimensions) =>
        new(source, Defaults, dimensions.HeadDimension, dimensions.Context) { Pairing = Pairing };

    /// <summary>Sets the window and says which layers have it; none, unless overridden.</summary>
    protected virtual bool[] Windows(FamilyPlan plan) => new bool[plan.Dimensions.Layers];

    /// <summary>A window under one key, in the layers that layer_types or the rule names; `missing` is the class's default.</summary>
    protected static bool[] WindowsBy(FamilyPlan plan, int? missing, Func<int, bool> rule)
    {
        int? window = plan.Source.CountOrNull(plan.Source.Key("sliding_window", "attention.sliding_window"), plan.IsGguf ? null : missing, 0);
        plan.Window = window ?? 0;
        bool[] sliding = LayerTypes.SlidingOf(plan.Source, plan.Dimensions.Layers, rule);
        return plan.Window == 0 ? new bool[sliding.Length] : sliding;
    }

    /// <summary>The record as a whole, once its layers are there.</summary>
    protected virtual Architecture Complete(FamilyPlan plan, Architecture architecture) => architecture;

    protected virtual LayerSpec Layer(FamilyPlan plan, int layer) => new()
    {
        AttentionNorm = plan.Norm,
        MlpNorm = plan.Norm,
        Attention = Attention(plan, layer),
        Mlp = Mlp(plan, layer),
    };

    protected virtual AttentionSpec Attention(FamilyPlan plan, int layer)
    {
        Dimensions d = plan.Dimensions;
        return new AttentionSpec
        {
            Heads = d.Heads,
            KeyHeads = d.KeyHeads,
            KeyDimension = d.HeadDimension,
            ValueDimension = d.HeadDimension,
            Scale = InverseRoot(d.HeadDimension),
            Window = plan.Sliding[layer] ? plan.Window : 0,
            Rope = HasRope(plan, layer) ? plan.Rope(layer) : null,
        };
    }

    protected virtual bool HasRope(FamilyPlan plan, int layer) => true;

    protected virtual MlpSpec Mlp(FamilyPlan plan, int layer) =>
        new() { Activation = plan.Dimensions.Activation, Gated = true, Width = plan.Dimensions.Inner };

    protected static MlpSpec Plain(FamilyPlan plan) =>
        new() { Activation = plan.Dimensions.Activation, Gated = false, Width = plan.Dimensions.Inner };

    protected static float InverseRoot(double dimension) => (float)(1 / Math.Sqrt(dimension));

    /// <summary>Names in Hugging Face's layout, starting from Llama's.</summary>
    protected virtual TensorLayout HuggingFace(FamilySource source, TensorLayout llama, Architecture architecture) => Prefixed(source, llama);

    /// <summary>Names in GGUF, starting from those that llama.cpp gives to every architecture.</summary>
    protected virtual TensorLayout Gguf(FamilySource source, TensorLayout common) => common;

    protected virtual bool IsTied(FamilySource source) => source.Config.Flag("tie_word_embeddings", Defaults.Tied);

    /// <summary>Llama's names behind the prefix that this file has: none where only the base model was saved.</summary>
    protected static TensorLayout Prefixed(FamilySource source, TensorLayout layout)
    {
        string prefix = source.Prefix("embed_tokens.weight", "model.", "", "language_model.model.", "model.language_model.");
        return layout with
        {
            Embedding = prefix + "embed_tokens",
            FinalNorm = prefix + "norm",
            Layer = prefix + "layers.{0}.",
            Head = source.Prefix("lm_head.weight", "", "language_model.") + "lm_head",
        };
    }

    private TensorLayout GgufLayout(FamilySource source) => GgufNames.Common with
    {
        Tied = !source.HasTensor("output.weight"),
        RotaryPermuted = GgufPermutes,
        QueryKeyValue = source.HasTensor("blk.0.attn_qkv.weight") ? "attn_qkv" : null,
        Experts = GgufNames.ExpertsOf(source),
    };
}
