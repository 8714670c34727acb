using System.Buffers;
using System.Numerics.Tensors;
using Managed.Loader;

namespace Managed.Guards.Sae;

/// <summary>
/// A sparse autoencoder or transcoder: activations of features from a hook point's values, and values from activations.
/// Input → normalise → subtract the decoder's bias → encode → activate → decode → undo the normalisation (+ skip).
/// </summary>
public sealed class SparseAutoencoder
{
    private readonly SaeWeights weights;
    private readonly float[]? decoderNorms; // [features], where activations are rescaled by them

    internal SparseAutoencoder(SaeSettings settings, SaeWeights weights)
    {
        Settings = settings;
        this.weights = weights;
        FeatureCount = weights.EncoderBias.Length;
        InputWidth = weights.Encoder.Length / FeatureCount;
        OutputWidth = weights.DecoderBias.Length;
        if (settings.RescalesByDecoderNorm)
        {
            decoderNorms = new float[FeatureCount];
            for (int feature = 0; feature < FeatureCount; feature++)
                decoderNorms[feature] = TensorPrimitives.Norm(DecoderRow(feature));
        }
    }

    /// <summary>What it reads, writes and computes.</summary>
    public SaeSettings Settings { get; }

    /// <summary>Elements of a token's input; all heads side by side where it reads heads.</summary>
    public int InputWidth { get; }

    /// <summary>Elements of a token's output.</summary>
    public int OutputWidth { get; }

    /// <summary>Number of features.</summary>
    public int FeatureCount { get; }

    internal SaeWeights Weights => weights;

    internal ReadOnlySpan<float> DecoderNorms => decoderNorms;

    /// <summary>
    /// Loads a folder of SAELens or sparsify, or a `params.npz` of Gemma Scope (or its folder); told apart by what is there.
    /// </summary>
    /// <param name="path">Folder or file.</param>
    /// <param name="hookPoint">The hook point that it reads, where the files don't say or another is meant; null: as they say.</param>
    /// <exception cref="CheckpointException">Files are missing or damaged, or of a kind that is not known.</exception>
    public static SparseAutoencoder Load(string path, string? hookPoint = null) => SaeFiles.Load(path, hookPoint);

    /// <summary>The activations of all features for one token.</summary>
    /// <param name="activations">[FeatureCount], overwritten. Not a number where the input gives none.</param>
    /// <param name="input">[InputWidth], the hook point's values.</param>
    /// <exception cref="GuardException">The widths differ.</exception>
    public void Encode(Span<float> activations, ReadOnlySpan<float> input) => Encode(activations, default, input);

    /// <summary>Also gives the values before the activation function (of a gated one: the magnitudes), unless that span is empty.</summary>
    internal void Encode(Span<float> activations, Span<float> before, ReadOnlySpan<float> input)
    {
        Check("activations", activations.Length, FeatureCount);
        Check("the input", input.Length, InputWidth);
        float[] prepared = ArrayPool<float>.Shared.Rent(InputWidth);
        Prepare(prepared.AsSpan(0, InputWidth), input);
        for (int feature = 0; feature < FeatureCount; feature++)
            activations[feature] = TensorPrimitives.Dot(prepared.AsSpan(0, InputWidth), EncoderRow(feature));
        ArrayPool<float>.Shared.Return(prepared);
        SaeActivations.Apply(activations, before, this);
    }

    /// <summary>The values that activations stand for.</summary>
    /// <param name="output">[OutputWidth], overwritten: what would stand at the hook point that is written.</param>
    /// <param name="activations">[FeatureCount].</param>
    /// <param name="input">[InputWidth], the token's input: it holds the scale that is undone, and what a skip passes on.</param>
    /// <exception cref="GuardException">The widths differ.</exception>
    public void Decode(Span<float> output, ReadOnlySpan<float> activations, ReadOnlySpan<float> input)
    {
        Check("the input", input.Length, InputWidth);
        Reconstruct(output, activations);
        if (!Settings.IsTranscoder && Settings.Normalization != SaeNormalization.None)
        {
            SaeRow row = SaeRow.Of(Settings.Normalization, input);
            TensorPrimitives.Multiply(output, row.Out, output);
            TensorPrimitives.Add(output, row.Mean, output);
        }
        if (weights.Skip is { } skip)
            for (int i = 0; i < OutputWidth; i++)
                output[i] += TensorPrimitives.Dot(skip.AsSpan(i * InputWidth, InputWidth), input);
    }

    /// <summary>Decodes in the normalised space: before the normalisation is undone, before a skip.</summary>
    internal void Reconstruct(Span<float> output, ReadOnlySpan<float> activations)
    {
        Check("activations", activations.Length, FeatureCount);
        Check("the output", output.Length, OutputWidth);
        weights.DecoderBias.CopyTo(output);
        for (int feature = 0; feature < FeatureCount; feature++)
            if (activations[feature] != 0)
                AddFeature(output, feature, activations[feature]);
    }

    /// <summary>
    /// Adds what a change of activations does to the output. Where nothing changed every bit stays, so what the autoencoder
    /// does not explain, its error, is kept exactly.
    /// </summary>
    internal void AddChange(Span<float> target, ReadOnlySpan<float> edited, ReadOnlySpan<float> activations, ReadOnlySpan<float> input)
    {
        float scale = Settings.IsTranscoder ? 1 : SaeRow.Of(Settings.Normalization, input).Out;
        for (int feature = 0; feature < FeatureCount; feature++)
            if (edited[feature] != activations[feature])
                AddFeature(target, feature, (edited[feature] - activations[feature]) * scale);
    }

    /// <summary>What one unit of a feature's activation adds to the output, in the normalised space: its decoder row.</summary>
    /// <exception cref="GuardException">There is no such feature.</exception>
    public float[] Direction(int feature)
    {
        CheckFeature(feature);
        var direction = new float[OutputWidth];
        AddFeature(direction, feature, 1);
        return direction;
    }

    /// <summary>
    /// A feature's direction as a vector to add to the residual stream. What is added at `hook_resid_pre` stands at the output of the
    /// block before; what is added to `hook_mlp_out` arrives unchanged at the output of its own block.
    /// </summary>
    /// <exception cref="GuardException">There is no such feature, or its output is not part of the stream at a block's output.</exception>
    public SteeringVectors Steering(int feature)
    {
        var vectors = new SteeringVectors(OutputWidth) { [SaeHooks.ResidualLayer(Settings.HookOut)] = Direction(feature) };
        vectors.Notes["method"] = "sae_feature";
        vectors.Notes["feature"] = feature.ToString(System.Globalization.CultureInfo.InvariantCulture);
        vectors.Notes["hook"] = Settings.HookOut;
        vectors.Notes["convention"] = $"decoder row {feature} of {Settings.HookOut}: what one unit of activation adds there";
        return vectors;
    }

    /// <summary>One feature, to be read for a fraction of the cost of all.</summary>
    /// <exception cref="GuardException">There is no such feature.</exception>
    public SaeFeature Feature(int feature)
    {
        CheckFeature(feature);
        return new SaeFeature(this, feature);
    }

    /// <summary>
    /// For weights that were trained on inputs times an average scale (`expected_average_only_in`): the same autoencoder for inputs as
    /// they are. Encoder × factor, decoder and its bias ÷ factor.
    /// </summary>
    /// <param name="factor">√width over the average norm of the inputs; finite, above 0.</param>
    /// <exception cref="GuardException">The factor is not finite or not above 0.</exception>
    public SparseAutoencoder Folded(float factor)
    {
        if (!float.IsFinite(factor) || factor <= 0)
            throw new GuardException($"found the scale {factor}; expected a finite number above 0.");
        return new SparseAutoencoder(Settings, weights with
        {
            Encoder = Array.ConvertAll(weights.Encoder, value => value * factor),
            Decoder = Array.ConvertAll(weights.Decoder, value => value / factor),
            DecoderBias = Array.ConvertAll(weights.DecoderBias, value => value / factor),
        });
    }

    /// <summary>Puts the autoencoder into every run of a model, until the returned object is disposed.</summary>
    /// <param name="model">The model.</param>
    /// <param name="keepError">Whether what it does not explain is kept, so that only edits of activations change anything.</param>
    /// <param name="edit">Edits the activations of each token; null: none.</param>
    /// <exception cref="HookPointException">The model has no such hook point.</exception>
    public IDisposable Splice(LanguageModel model, bool keepError = true, SaeEdit? edit = null) => new SaeSplice(model, this, keepError, edit);

    /// <summary>Normalises an input and subtracts the decoder's bias.</summary>
    internal void Prepare(Span<float> prepared, ReadOnlySpan<float> input)
    {
        SaeRow row = SaeRow.Of(Settings.Normalization, input);
        TensorPrimitives.Subtract(input, row.Mean, prepared);
        TensorPrimitives.Multiply(prepared, row.In, prepared);
        if (Settings.SubtractsDecoderBias)
            TensorPrimitives.Subtract(prepared, weights.DecoderBias, prepared);
    }

    internal ReadOnlySpan<float> EncoderRow(int feature) => weights.Encoder.AsSpan(feature * InputWidth, InputWidth);

    internal ReadOnlySpan<float> DecoderRow(int feature) => weights.Decoder.AsSpan(feature * OutputWidth, OutputWidth);

    internal static void Check(string what, int found, int expected)
    {
        if (found != expected)
            throw new GuardException($"sparse autoencoder: found {what} of {found} elements; expected {expected}.");
    }

    private void AddFeature(Span<float> output, int feature, float amount) =>
        TensorPrimitives.MultiplyAdd(DecoderRow(feature), decoderNorms is null ? amount : amount / decoderNorms[feature], output, output);

    private void CheckFeature(int feature)
    {
        if ((uint)feature >= (uint)FeatureCount)
            throw new GuardException($"sparse autoencoder: found feature {feature}; expected 0 to {FeatureCount - 1}.");
    }
}
