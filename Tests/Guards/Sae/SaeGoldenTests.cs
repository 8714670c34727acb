using Managed.Guards;
using Managed.Guards.Sae;
using Managed.Loader;
using Managed.Tests.Models;
using Managed.Tests.RealModels;
using Managed.Weights;

namespace Managed.Tests.SparseAutoencoders;

/// <summary>Every layout of fixtures/interp/5-saes against what the tools' own classes gave in float64.</summary>
public sealed class SaeGoldenTests
{
    private const string Root = "5-saes";
    private const double Tolerance = 1e-5; // what the fixtures' README asks for
    private const double SplicedTolerance = 2e-5;

    public static readonly string[] Folders =
    [
        "standard", "standard-average", "standard-hookz", "standard-keep-bias", "standard-layernorm", "standard-rescale",
        "gated", "gated-layernorm", "topk", "topk-hookz-norm", "topk-rescaled", "jumprelu", "jumprelu-rescale",
        "transcoder", "transcoder-rescale", "skip_transcoder", "skip_transcoder-layernorm", "jumprelu_transcoder",
        "sparsify/layers.3", "gemmascope/layer_3/width_96/average_l0_30",
    ];

    [Test]
    public void No_directory_of_goldens_is_left_out()
    {
        string root = SharedFolder.Require($"fixtures/interp/{Root}");
        string[] there = [.. Directory.GetFiles(root, "expected.safetensors", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(root, Path.GetDirectoryName(file)!))];
        Assert.That(there, Is.EquivalentTo(Folders));
    }

    [TestCaseSource(nameof(Folders))]
    public void Activations_and_reconstructions_are_the_goldens(string folder)
    {
        using var goldens = new InterpGoldens($"5-saes/{folder}/expected");
        SparseAutoencoder sae = Load(folder);
        Assert.That(sae.Settings.HookIn, Is.EqualTo(goldens.Metadata("hook_in")));
        Assert.That(sae.Settings.HookOut, Is.EqualTo(goldens.Metadata("hook_out")));
        Computed found = Compute(sae, goldens.Singles("input"));
        float[] active = goldens.Singles("acts_post");
        for (int i = 0; i < active.Length; i++)
            Assert.That(found.After[i] != 0, Is.EqualTo(active[i] != 0), $"feature {i % sae.FeatureCount} of token {i / sae.FeatureCount} is on in one and off in the other");
        goldens.Check("acts_pre", found.Before, Tolerance);
        goldens.Check("acts_post", found.After, Tolerance);
        goldens.Check("recons", found.Reconstruction, Tolerance);
        goldens.Check("output", found.Output, Tolerance);
    }

    [TestCaseSource(nameof(Folders))]
    public void One_feature_alone_has_the_bits_that_it_has_among_all(string folder)
    {
        using var goldens = new InterpGoldens($"5-saes/{folder}/expected");
        SparseAutoencoder sae = Load(folder);
        float[] input = goldens.Singles("input"), activations = new float[sae.FeatureCount];
        int probes = 0;
        for (int at = 0; at < input.Length; at += sae.InputWidth)
        {
            ReadOnlySpan<float> token = input.AsSpan(at, sae.InputWidth);
            sae.Encode(activations, token);
            for (int feature = 0; feature < sae.FeatureCount; feature++)
            {
                Assert.That(sae.Feature(feature).Activation(token), Is.EqualTo(activations[feature]), $"feature {feature}");
                if (sae.Feature(feature).AsProbe() is not { } probe)
                    continue;
                probes++;
                float sum = probe.Bias;
                for (int i = 0; i < token.Length; i++)
                    sum += probe.Weights[i] * token[i];
                Assert.That(sum > probe.Threshold ? sum : 0, Is.EqualTo(activations[feature]).Within(Tolerance * 10), $"feature {feature} as a probe");
            }
        }
        bool linear = sae.Settings is { Activation: SaeActivation.Relu or SaeActivation.JumpRelu, Normalization: SaeNormalization.None };
        Assert.That(probes > 0, Is.EqualTo(linear));
    }

    [TestCaseSource(nameof(Folders))]
    public void Spliced_into_hearth_it_gives_the_goldens_logits(string folder)
    {
        using var goldens = new InterpGoldens($"5-saes/{folder}/expected");
        SparseAutoencoder sae = Load(folder);
        LanguageModel model = TestModels.Hearth;
        int[] ids = goldens.Integers("input_ids");
        (Activation clean, ActivationCache read) = model.RunWithCache(ids, sae.Settings.HookIn, sae.Settings.HookOut);
        goldens.Check("input", read[sae.Settings.HookIn].Values, Tolerance);
        float[] target = read[sae.Settings.HookOut].Values.ToArray(), output = Compute(sae, read[sae.Settings.HookIn].Values.ToArray()).Output;
        goldens.Check("error", [.. target.Zip(output, (whole, part) => whole - part)], SplicedTolerance);

        using (sae.Splice(model, keepError: false))
            goldens.Check("logits_spliced", model.Run(ids).Output.Values, SplicedTolerance);
        using (sae.Splice(model))
            Assert.That(model.Run(ids).Output.Values.SequenceEqual(clean.Values), "with its error and without an edit every bit stays");
        if (folder.Contains('/'))
            return; // these goldens end here
        goldens.Check("logits_with_error_last", clean[^1], SplicedTolerance);
        int off = int.Parse(goldens.Metadata("feature_off"));
        using (sae.Splice(model, edit: (activations, _) => activations[off] = 0))
            goldens.Check("logits_feature_off_with_error_last", model.Run(ids).Output[^1], SplicedTolerance);
        Assert.That(model.Run(ids).Output.Values.SequenceEqual(clean.Values), "taken out again, nothing is left of it");
    }

    [Test]
    public void A_scale_of_training_is_folded_into_the_weights()
    {
        using var goldens = new InterpGoldens("5-saes/standard-average/expected");
        SparseAutoencoder folded = Load("standard-average").Folded(goldens.Singles("folding_factor")[0]);
        Computed found = Compute(folded, goldens.Singles("input"));
        goldens.Check("folded_acts_post", found.After, Tolerance);
        goldens.Check("folded_output", found.Output, Tolerance);
        Assert.That(() => folded.Folded(float.NaN), Throws.TypeOf<GuardException>());
        Assert.That(() => folded.Folded(0), Throws.TypeOf<GuardException>());
    }

    // Text that is generated token by token is edited like the prompt: a feature held at a value is the same as adding its direction.
    [TestCase("gated")]
    [TestCase("jumprelu_transcoder")]
    public void Holding_a_feature_up_is_adding_its_direction_at_every_token(string folder)
    {
        SparseAutoencoder sae = Load(folder);
        LanguageModel model = TestModels.Hearth;
        using var goldens = new InterpGoldens($"5-saes/{folder}/expected");
        int[] prompt = goldens.Integers("input_ids");
        var settings = new GenerationOptions { MaxTokens = 12, IgnoreEndTokens = true, Precision = Kernels.Precision.Exact };
        SteeringVectors steering = sae.Steering(7);
        Assert.That(steering.Layers, Is.EqualTo(new[] { 3 }));
        float amount = 1000 / (float)Math.Sqrt(steering[3].Sum(value => (double)value * value));
        int[] plain = model.Generate(prompt, settings).Ids, held, steered;
        using (sae.Splice(model, edit: (activations, _) => activations[7] += amount))
            held = model.Generate(prompt, settings).Ids;
        using (model.Hook("blocks.3.hook_resid_post", (stream, _) =>
        {
            for (int row = 0; row < stream.Rows; row++)
                stream.Row(row).AddScaled(amount, steering[3]);
        }))
            steered = model.Generate(prompt, settings).Ids;
        Assert.That(held, Is.EqualTo(steered));
        Assert.That(held, Is.Not.EqualTo(plain), "it moves the text");
    }

    internal static SparseAutoencoder Load(string folder) => SparseAutoencoder.Load(InterpGoldens.Find($"{Root}/{folder}"));

    private static Computed Compute(SparseAutoencoder sae, float[] input)
    {
        int tokens = input.Length / sae.InputWidth;
        var found = new Computed(new float[tokens * sae.FeatureCount], new float[tokens * sae.FeatureCount], new float[tokens * sae.OutputWidth], new float[tokens * sae.OutputWidth]);
        for (int token = 0; token < tokens; token++)
        {
            ReadOnlySpan<float> row = input.AsSpan(token * sae.InputWidth, sae.InputWidth);
            Span<float> after = found.After.AsSpan(token * sae.FeatureCount, sae.FeatureCount);
            sae.Encode(after, found.Before.AsSpan(token * sae.FeatureCount, sae.FeatureCount), row);
            sae.Reconstruct(found.Reconstruction.AsSpan(token * sae.OutputWidth, sae.OutputWidth), after);
            sae.Decode(found.Output.AsSpan(token * sae.OutputWidth, sae.OutputWidth), after, row);
        }
        return found;
    }

    private sealed record Computed(float[] Before, float[] After, float[] Reconstruction, float[] Output);
}
