using FsCheck;
using FsCheck.Fluent;
using Managed.Guards.Sae;

namespace Managed.Tests.SparseAutoencoders;

/// <summary>What must hold of any sparse autoencoder, without files.</summary>
public sealed class SaeFormulaTests
{
    private const int Width = 6, Features = 9;

    [Test]
    public void Of_equal_values_the_lower_features_are_among_the_largest()
    {
        SparseAutoencoder sae = Identity(SaeActivation.TopK, k: 3);
        float[] activations = new float[Width];
        sae.Encode(activations, [2, 5, 5, 2, 2, -1]);
        Assert.That(activations, Is.EqualTo(new float[] { 2, 5, 5, 0, 0, 0 }));
        sae.Encode(activations, [-2, 1, -5, -2, -2, -1]);
        Assert.That(activations, Is.EqualTo(new float[] { 0, 1, 0, 0, 0, 0 }), "a negative value does not fire though it is among the largest");
    }

    [Test]
    public void A_threshold_itself_does_not_fire()
    {
        SparseAutoencoder sae = Identity(SaeActivation.JumpRelu, threshold: 2);
        float[] activations = new float[Width];
        sae.Encode(activations, [2, MathF.BitIncrement(2), 1, 0, -3, 7]);
        Assert.That(activations, Is.EqualTo(new float[] { 0, MathF.BitIncrement(2), 0, 0, 0, 7 }));
    }

    [Test]
    public void What_is_not_a_number_never_looks_like_an_idle_feature([Values] SaeActivation activation, [Values] SaeNormalization normalization)
    {
        SparseAutoencoder sae = Random(1, activation, normalization);
        float[] activations = new float[Features], input = [1, float.NaN, 2, 3, 4, 5];
        sae.Encode(activations, input);
        Assert.That(activations, Is.All.NaN);
        for (int feature = 0; feature < Features; feature++)
            Assert.That(sae.Feature(feature).Activation(input), Is.NaN);
    }

    [Test]
    public void A_row_of_zeros_is_encoded_without_a_division_by_its_norm()
    {
        SparseAutoencoder sae = Random(2, SaeActivation.Relu, SaeNormalization.ConstantNorm);
        float[] activations = new float[Features], output = new float[Width];
        sae.Encode(activations, new float[Width]);
        sae.Decode(output, activations, new float[Width]);
        Assert.That(activations, Has.None.NaN);
        Assert.That(output, Is.All.EqualTo(0f), "its norm is given back: none");
    }

    [Test]
    public void An_edit_changes_the_output_by_the_features_directions_alone() => Prop.ForAll(
        ArbMap.Default.ArbFor<int>(), Gen.Elements(Enum.GetValues<SaeActivation>()).ToArbitrary(), Gen.Elements(Enum.GetValues<SaeNormalization>()).ToArbitrary(),
        (seed, activation, normalization) =>
        {
            SparseAutoencoder sae = Random(seed, activation, normalization);
            var random = new Random(seed);
            float[] input = Numbers(random, Width), before = new float[Features], decoded = new float[Width], changed = new float[Width];
            sae.Encode(before, input);
            float[] after = [.. before];
            after[seed & 7] += 3;
            sae.Decode(decoded, before, input);
            sae.Decode(changed, after, input);
            float[] target = Numbers(random, Width), moved = [.. target];
            sae.AddChange(moved, after, before, input);
            for (int i = 0; i < Width; i++)
                Assert.That(moved[i] - target[i], Is.EqualTo(changed[i] - decoded[i]).Within(1e-4));
            moved = [.. target];
            sae.AddChange(moved, before, before, input);
            Assert.That(moved, Is.EqualTo(target), "no edit, no change");
        }).QuickCheckThrowOnFailure();

    [TestCase("blocks.3.hook_resid_post", 3)]
    [TestCase("blocks.3.hook_mlp_out", 3)]
    [TestCase("blocks.3.hook_resid_pre", 2)]
    public void A_direction_stands_where_it_arrives_in_the_stream(string hook, int layer) =>
        Assert.That(Identity(SaeActivation.Relu, hook: hook).Steering(1).Layers, Is.EqualTo(new[] { layer }));

    [TestCase("blocks.3.attn.hook_z")]
    [TestCase("blocks.3.hook_attn_out")]
    [TestCase("blocks.0.hook_resid_pre")]
    [TestCase("hook_embed")]
    public void A_direction_that_is_not_one_of_the_stream_is_refused(string hook) =>
        Assert.That(() => Identity(SaeActivation.Relu, hook: hook).Steering(1), Throws.TypeOf<GuardException>().With.Message.Contains(hook));

    [Test]
    public void Wrong_widths_and_features_are_refused()
    {
        SparseAutoencoder sae = Random(3, SaeActivation.Relu, SaeNormalization.None);
        Assert.That(() => sae.Encode(new float[Features - 1], new float[Width]), Throws.TypeOf<GuardException>().With.Message.Contains("expected 9"));
        Assert.That(() => sae.Encode(new float[Features], new float[Width + 1]), Throws.TypeOf<GuardException>().With.Message.Contains("expected 6"));
        Assert.That(() => sae.Decode(new float[Width], new float[Features], new float[1]), Throws.TypeOf<GuardException>());
        Assert.That(() => sae.Feature(Features), Throws.TypeOf<GuardException>().With.Message.Contains("0 to 8"));
        Assert.That(() => sae.Direction(-1), Throws.TypeOf<GuardException>());
        Assert.That(() => sae.Feature(0).Activation(new float[2]), Throws.TypeOf<GuardException>());
    }

    private static SparseAutoencoder Identity(SaeActivation activation, int k = 0, float threshold = 0, string hook = "blocks.3.hook_resid_post")
    {
        var matrix = new float[Width * Width];
        for (int i = 0; i < Width; i++)
            matrix[(i * Width) + i] = 1;
        return new SparseAutoencoder(new SaeSettings { HookIn = hook, HookOut = hook, Activation = activation, K = k }, new SaeWeights
        {
            Encoder = matrix,
            EncoderBias = new float[Width],
            Decoder = matrix,
            DecoderBias = new float[Width],
            Threshold = [.. Enumerable.Repeat(threshold, Width)],
        });
    }

    internal static SparseAutoencoder Random(int seed, SaeActivation activation, SaeNormalization normalization)
    {
        var random = new Random(seed);
        var settings = new SaeSettings
        {
            HookIn = "blocks.0.hook_resid_post",
            HookOut = "blocks.0.hook_resid_post",
            Activation = activation,
            K = 4,
            Normalization = normalization,
            SubtractsDecoderBias = (seed & 1) != 0,
            RescalesByDecoderNorm = activation == SaeActivation.TopK && (seed & 2) != 0,
        };
        return new SparseAutoencoder(settings, new SaeWeights
        {
            Encoder = Numbers(random, Features * Width),
            EncoderBias = Numbers(random, Features),
            Decoder = Numbers(random, Features * Width),
            DecoderBias = Numbers(random, Width),
            Threshold = Numbers(random, Features),
            MagnitudeScale = [.. Numbers(random, Features).Select(MathF.Exp)],
            MagnitudeBias = Numbers(random, Features),
        });
    }

    private static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
}
