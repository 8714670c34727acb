using System.Text.Json.Nodes;
using Managed.Guards.Interchange;
using Managed.Guards.Sae;
using Managed.Loader;

namespace Managed.Tests.SparseAutoencoders;

/// <summary>Layouts of sparse autoencoders that are written here: older and other spellings, and everything that is refused.</summary>
public sealed class SaeFileTests
{
    private const int Inputs = 4, Features = 3;

    [Test]
    public void Files_from_before_version_6_mean_the_same()
    {
        using var scratch = new Loader.Scratch();
        JsonObject old = new()
        {
            ["d_in"] = Inputs,
            ["d_sae"] = Features,
            ["hook_point"] = "blocks.2.hook_resid_pre",
            ["hook_point_head_index"] = null,
            ["activation_fn_str"] = "topk",
            ["activation_fn_kwargs"] = new JsonObject { ["k"] = 2 },
            ["normalize_activations"] = true,
        };
        SparseAutoencoder sae = SaeLens(scratch, old, [.. Standard(), ("scaling_factor", [Features], [1, 1, 1])]);
        Assert.That(sae.Settings.HookIn, Is.EqualTo("blocks.2.hook_resid_pre"));
        Assert.That(sae.Settings.HookOut, Is.EqualTo("blocks.2.hook_resid_pre"));
        Assert.That((sae.Settings.Activation, sae.Settings.K), Is.EqualTo((SaeActivation.TopK, 2)));
        Assert.That(sae.Settings.SubtractsDecoderBias, Is.True, "the default");
        Assert.That((sae.InputWidth, sae.OutputWidth, sae.FeatureCount), Is.EqualTo((Inputs, Inputs, Features)));
        Assert.That(sae.Direction(1), Is.EqualTo(new float[] { 4, 5, 6, 7 }));
        Assert.That(sae.Steering(1).Layers, Is.EqualTo(new[] { 1 }));
    }

    [Test]
    public void A_multiplier_of_fine_tuning_multiplies_activations()
    {
        using var scratch = new Loader.Scratch();
        float[] plain = new float[Features], scaled = new float[Features], input = [1, 2, 3, 4];
        SaeLens(scratch, Config(), Standard()).Encode(plain, input);
        SparseAutoencoder sae = SaeLens(scratch, Config(), [.. Standard(), ("scaling_factor", [Features], [1, 2, 0.5f])]);
        sae.Encode(scaled, input);
        Assert.That(scaled, Is.EqualTo(new[] { plain[0], plain[1] * 2, plain[2] / 2 }));
        Assert.That(plain, Has.None.Zero);
        Assert.That(sae.Feature(1).Activation(input), Is.EqualTo(scaled[1]));
        Assert.That(sae.Feature(1).AsProbe(), Is.Null);
    }

    [TestCase("batchtopk", "topk_threshold")]
    [TestCase("matryoshka_batchtopk", "threshold")]
    public void A_batch_top_k_autoencoder_has_one_threshold_for_all_features(string architecture, string name)
    {
        using var scratch = new Loader.Scratch();
        SparseAutoencoder sae = SaeLens(scratch, Config(("architecture", architecture), ("k", 2)), [.. Standard(), (name, [], [14])]);
        float[] activations = new float[Features];
        sae.Encode(activations, [1, 1, 1, 1]); // products 18, 22, 26 less the bias's 0
        Assert.That(sae.Settings.Activation, Is.EqualTo(SaeActivation.JumpRelu));
        Assert.That(activations, Is.EqualTo(new float[] { 18, 22, 26 }));
        sae.Encode(activations, [0.7f, 0.7f, 0.7f, 0.7f]);
        Assert.That(activations[0], Is.Zero, "12.6 is not above 14");
        Assert.That(activations[1], Is.GreaterThan(14));
    }

    [TestCase("gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71", "blocks.20.hook_resid_post", "blocks.20.hook_resid_post")]
    [TestCase("gemma-scope-9b-it-att/layer_0/width_16k/average_l0_71", "blocks.0.attn.hook_z", "blocks.0.attn.hook_z")]
    [TestCase("gemma-scope-2b-pt-mlp/layer_3/width_16k/average_l0_71", "blocks.3.hook_mlp_out", "blocks.3.hook_mlp_out")]
    [TestCase("models--google--gemma-scope-2b-pt-transcoders/snapshots/abc/layer_3/width_16k/average_l0_71", "blocks.3.ln2.hook_normalized", "blocks.3.hook_mlp_out")]
    public void Gemma_Scope_s_places_are_in_its_paths(string folder, string hookIn, string hookOut)
    {
        using var scratch = new Loader.Scratch();
        SparseAutoencoder sae = GemmaScope(scratch, folder);
        Assert.That((sae.Settings.HookIn, sae.Settings.HookOut, sae.Settings.IsTranscoder), Is.EqualTo((hookIn, hookOut, hookIn != hookOut)));
        Assert.That((sae.Settings.Activation, sae.Settings.SubtractsDecoderBias), Is.EqualTo((SaeActivation.JumpRelu, false)));
        Assert.That(SparseAutoencoder.Load(Path.Combine(scratch.Folder, folder), "blocks.1.hook_resid_mid").Settings.HookOut, Is.EqualTo("blocks.1.hook_resid_mid"));
    }

    [Test]
    public void Without_a_layer_in_the_path_the_hook_point_must_be_given()
    {
        using var scratch = new Loader.Scratch();
        Assert.That(() => GemmaScope(scratch, "somewhere"), Throws.TypeOf<CheckpointException>().With.Message.Contains("layer_N"));
    }

    [TestCase("architecture", "\"crosscoder\"", "one of standard")]
    [TestCase("architecture", "5", "a string")]
    [TestCase("d_in", "0", "an integer from 1")]
    [TestCase("d_in", "-4", "an integer from 1")]
    [TestCase("d_sae", "1e18", "an integer from 1")]
    [TestCase("d_sae", "null", "mandatory")]
    [TestCase("d_in", "5", "shape [4, 3]")]
    [TestCase("normalize_activations", "\"twice\"", "one of none")]
    [TestCase("reshape_activations", "\"hook_q\"", "none or hook_z")]
    [TestCase("hook_name", "null", "hook_name")]
    [TestCase("hook_head_index", "3", "all heads")]
    [TestCase("apply_b_dec_to_input", "\"yes\"", "true or false")]
    [TestCase("activation_fn", "\"tanh-relu\"", "relu or topk")]
    public void A_setting_that_means_nothing_here_is_refused(string key, string value, string expected)
    {
        using var scratch = new Loader.Scratch();
        JsonObject config = Config();
        config[key] = JsonNode.Parse(value);
        Assert.That(() => SaeLens(scratch, config, Standard()), Throws.TypeOf<CheckpointException>().With.Message.Contains(expected).And.Message.StartsWith(scratch.Folder));
    }

    [TestCase("topk", "{}", "k")]
    [TestCase("topk", "{\"k\": 4}", "from 1 to 3")]
    [TestCase("topk", "{\"k\": 0}", "from 1 to 3")]
    [TestCase("jumprelu", "{}", "tensor threshold")]
    [TestCase("gated", "{}", "tensor b_gate")]
    [TestCase("transcoder", "{}", "hook_name_out")]
    [TestCase("skip_transcoder", "{\"hook_name_out\": \"blocks.0.hook_mlp_out\"}", "tensor W_skip")]
    public void What_an_architecture_needs_is_missed(string architecture, string more, string missing)
    {
        using var scratch = new Loader.Scratch();
        JsonObject config = Config(("architecture", architecture));
        foreach (var (key, value) in JsonNode.Parse(more)!.AsObject())
            config[key] = value?.DeepClone();
        Assert.That(() => SaeLens(scratch, config, Standard()), Throws.TypeOf<CheckpointException>().With.Message.Contains(missing));
    }

    [Test]
    public void Tensors_are_checked_one_by_one()
    {
        using var scratch = new Loader.Scratch();
        void Refused(string expected, params (string Name, long[] Shape, float[] Values)[] tensors) =>
            Assert.That(() => SaeLens(scratch, Config(), tensors), Throws.TypeOf<CheckpointException>().With.Message.Contains(expected), expected);

        Refused("tensor W_dec: found no such tensor", [.. Standard().Where(tensor => tensor.Name != "W_dec")]);
        Refused("shape [3]; expected shape [4]", [.. Standard().Where(tensor => tensor.Name != "b_dec"), ("b_dec", [3], [1, 2, 3])]);
        Refused("tensor W_enc", [.. Standard().Where(tensor => tensor.Name != "W_enc"), ("W_enc", [3, 4], new float[12])]);
        Refused("NaN at element 2", [.. Standard().Where(tensor => tensor.Name != "b_enc"), ("b_enc", [3], [1, 2, float.NaN])]);
        Refused("tensor threshold", [.. Standard(), ("threshold", [3], [1, 2, 3])]);
    }

    [Test]
    public void Pickles_are_never_opened()
    {
        using var scratch = new Loader.Scratch();
        scratch.Write("ae.pt", "PK");
        Assert.That(() => SparseAutoencoder.Load(scratch.Folder), Throws.TypeOf<CheckpointException>().With.Message.Contains("ae.pt, a pickle"));
        Assert.That(() => SparseAutoencoder.Load(scratch.File("ae.pt")), Throws.TypeOf<CheckpointException>().With.Message.Contains("a file"));
        Assert.That(() => SparseAutoencoder.Load(scratch.File("nowhere")), Throws.TypeOf<CheckpointException>().With.Message.Contains("no such file or folder"));
    }

    [TestCase("layers.3", "{\"activation\": \"groupmax\"}", "topk")]
    [TestCase("layers.3", "{\"signed\": true}", "either sign")]
    [TestCase("layers.3", "{\"k\": 4}", "from 1 to 3")]
    [TestCase("layers.3", "{\"transcode\": true}", "layers.N.mlp")]
    [TestCase("layers.x", "{}", "layers.N")]
    [TestCase("layers.3", "{\"num_latents\": 0, \"expansion_factor\": 2}", "shape [3, 4]; expected shape [8, 4]")]
    [TestCase("layers.3", "{\"skip_connection\": true}", "tensor W_skip")]
    public void Sparsify_folders_that_mean_something_else_are_refused(string name, string more, string expected)
    {
        using var scratch = new Loader.Scratch();
        JsonObject config = new() { ["d_in"] = Inputs, ["num_latents"] = Features, ["k"] = 2 };
        foreach (var (key, value) in JsonNode.Parse(more)!.AsObject())
            config[key] = value?.DeepClone();
        Assert.That(() => Sparsify(scratch, name, config), Throws.TypeOf<CheckpointException>().With.Message.Contains(expected));
    }

    [TestCase("layers.3", false, "blocks.3.hook_resid_post", "blocks.3.hook_resid_post")]
    [TestCase("layers.3.mlp", false, "blocks.3.mlp.hook_out", "blocks.3.mlp.hook_out")]
    [TestCase("layers.3.mlp", true, "blocks.3.mlp.hook_in", "blocks.3.mlp.hook_out")]
    [TestCase("h.0", false, "blocks.0.hook_resid_post", "blocks.0.hook_resid_post")]
    public void Sparsify_s_places_are_the_names_of_its_folders(string name, bool transcode, string hookIn, string hookOut)
    {
        using var scratch = new Loader.Scratch();
        SparseAutoencoder sae = Sparsify(scratch, name, new() { ["d_in"] = Inputs, ["num_latents"] = Features, ["k"] = 2, ["transcode"] = transcode });
        Assert.That((sae.Settings.HookIn, sae.Settings.HookOut), Is.EqualTo((hookIn, hookOut)));
        Assert.That(sae.Settings.SubtractsDecoderBias, Is.EqualTo(!transcode));
    }

    [Test]
    public void A_splice_that_does_not_fit_the_model_is_refused()
    {
        using LanguageModel model = LanguageModel.Load(SharedFolder.Fixture("arch/gpt2"));
        SparseAutoencoder sae = SaeFormulaTests.Random(1, SaeActivation.Relu, SaeNormalization.None);
        using (sae.Splice(model))
            Assert.That(() => model.Run([1, 2]), Throws.TypeOf<GuardException>().With.Message.Contains("blocks.0.hook_resid_post").And.Message.Contains("expected 6"));
        Assert.That(() => model.Run([1, 2]), Throws.Nothing, "taken out again");
        using var scratch = new Loader.Scratch();
        SparseAutoencoder elsewhere = SaeLens(scratch, Config(("hook_name", "blocks.99.hook_resid_post")), Standard());
        Assert.That(() => elsewhere.Splice(model), Throws.TypeOf<HookPointException>());
    }

    private static (string Name, long[] Shape, float[] Values)[] Standard() =>
    [
        ("W_enc", [Inputs, Features], [.. Enumerable.Range(0, Inputs * Features).Select(i => (float)i)]),
        ("b_enc", [Features], new float[Features]),
        ("W_dec", [Features, Inputs], [.. Enumerable.Range(0, Inputs * Features).Select(i => (float)i)]),
        ("b_dec", [Inputs], new float[Inputs]),
    ];

    private static JsonObject Config(params (string Key, JsonNode Value)[] more)
    {
        JsonObject config = new() { ["d_in"] = Inputs, ["d_sae"] = Features, ["hook_name"] = "blocks.0.hook_resid_post" };
        foreach (var (key, value) in more)
            config[key] = value;
        return config;
    }

    private static SparseAutoencoder SaeLens(Loader.Scratch scratch, JsonObject config, (string Name, long[] Shape, float[] Values)[] tensors)
    {
        scratch.Write("cfg.json", config.ToJsonString());
        Write(scratch.File("sae_weights.safetensors"), tensors);
        return SparseAutoencoder.Load(scratch.Folder);
    }

    private static SparseAutoencoder Sparsify(Loader.Scratch scratch, string name, JsonObject config)
    {
        string folder = Directory.CreateDirectory(scratch.File(name)).FullName;
        File.WriteAllText(Path.Combine(folder, "cfg.json"), config.ToJsonString());
        Write(Path.Combine(folder, "sae.safetensors"),
            [("encoder.weight", [Features, Inputs], new float[12]), ("encoder.bias", [Features], new float[3]), ("W_dec", [Features, Inputs], new float[12]), ("b_dec", [Inputs], new float[4])]);
        return SparseAutoencoder.Load(folder);
    }

    private static SparseAutoencoder GemmaScope(Loader.Scratch scratch, string folder)
    {
        string path = Directory.CreateDirectory(scratch.File(folder)).FullName;
        NpzFile.Write(Path.Combine(path, "params.npz"),
        [
            ("W_enc", NpyArray.From([Inputs, Features], new float[12])), ("W_dec", NpyArray.From([Features, Inputs], new float[12])),
            ("b_enc", NpyArray.From([Features], new float[3])), ("b_dec", NpyArray.From([Inputs], new float[4])), ("threshold", NpyArray.From([Features], new float[3])),
        ]);
        return SparseAutoencoder.Load(path);
    }

    private static void Write(string file, (string Name, long[] Shape, float[] Values)[] tensors) =>
        SafetensorsWriter.Write(file, [.. tensors.Select(tensor => TensorToWrite.From(tensor.Name, tensor.Shape, tensor.Values))]);
}
